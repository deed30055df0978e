"""Errors that a user of a package meets: each names the thing, the reason and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class RuntimeInputError(Exception):
    """Something the user can mend."""


class RowsError(RuntimeInputError):
    """The rows to predict are not what the model was fitted with.

    Parameters
    ----------
    *says : str or int
        The sentence in parts; the number among them is the place of the row that it is about, from 0.
    column : str
        The column that it is about; "" for none, or more than one.
    """

    def __init__(self, *says: str | int, column: str = "") -> None:
        super().__init__("".join(map(str, says)))
        self._says, self.column = says, column
        self.row = next((one for one in says if isinstance(one, int)), None)

    def at(self, row: int) -> RowsError:
        """The same about a row that stands elsewhere: where rows are read part by part, those before it count."""
        return RowsError(*(row if isinstance(one, int) else one for one in self._says), column=self.column)


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
