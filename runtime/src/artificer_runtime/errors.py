"""Errors that a user of a package meets: each names the thing, the reason and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class RuntimeInputError(Exception):
    """Something the user can mend."""


class RowsError(RuntimeInputError):
    """The rows to predict are not what the model was fitted with."""


class PackageError(RuntimeInputError):
    """The package is absent, damaged, or of a newer version."""


def closest(name: str, names: Iterable[str]) -> str:
    """Say which name a wrong one resembles, to end an error message with; "" where none does.

    >>> closest("agee", ["age", "job"])
    "; closest name here: 'age'"
    """
    lowered = {str(other).lower(): str(other) for other in names}
    found = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f"; closest name here: '{lowered[found[0]]}'" if found else ""
