"""Errors that reach a user: what is wrong, why, and how to mend it. Misuse is raised; problems in data are Findings."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 30


class ArtificerError(Exception):
    """Something the user can mend: bad input or usage (exit code 2)."""

    exit_code = 2


class BriefError(ArtificerError):
    """The brief is not one, or asks for what it cannot have."""


class ContractError(ArtificerError):
    """A contract's file is not one, or a rule of it cannot be followed."""


class DataError(ArtificerError):
    """The data cannot be read, or lacks what the brief names."""


class NoRowsError(DataError):
    """The data is a table without rows: nothing came in."""


class NotBuiltError(ArtificerError):
    """A part of the vocabulary or a command whose stage does not exist yet."""


class WorkspaceError(ArtificerError):
    """The workspace cannot be written, is in use, or is damaged."""


class DamagedError(WorkspaceError):
    """What the workspace holds is damaged."""


class UnreadError(WorkspaceError):
    """Persons were forgotten under a secret that is not here: nobody can be recognised."""


class FitError(ArtificerError):
    """A learner could not be trained on these rows; the others go on."""


class FaultError(ArtificerError):
    """Our own fault: an invariant did not hold (exit code 70)."""

    exit_code = 70


def reason(error: BaseException) -> str:
    """What an error of another library says, in one line.

    >>> reason(ValueError("no digit\\nbacktrace: …")), reason(OSError())
    ('no digit', 'OSError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def there_are(name: str, names: Iterable[str]) -> str:
    """Say which names there are, the one that a wrong one resembles first, to end an error message with.

    >>> there_are("depositt", ["deposit", "age"])
    "; closest name here: 'deposit'; there are deposit, age"
    """
    there = list(names)
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    return f"{closest(name, there)}; there {'are ' + ', '.join(there[:MOST_NAMED]) + more if there else 'is none'}"


def closest(name: str, names: Iterable[str], label: str = "closest name here") -> str:
    """Say which known name a wrong one resembles, to end an error message with; "" where none does.

    >>> closest("depositt", ["deposit", "age"])
    "; closest name here: 'deposit'"
    """
    known = list(names)
    lowered = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f"; {label}: '{lowered[found[0]]}'" if found else ""
