"""One raw column as training saw it, and what is said of values that it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from artificer_runtime.errors import RowsError

Kind = Literal["number", "category", "boolean", "time", "text", "identifier", "constant"]

NAMED = {"str": "text", "dict": "record"}  # types, as messages call them


@dataclass(frozen=True, slots=True)
class Column:
    """One raw column.

    Attributes
    ----------
    levels : tuple of str
        Of a category or boolean; code = 1 + index.
    low, high : float or None
        Range in training: of a number, or of a moment in seconds since 1970 (UTC).
    dtype : str
        As read in training, for messages.
    form : str
        Of a moment that comes as text: its `strptime` format, beside which ISO 8601 is read. Of a number: a key of
        `artificer_runtime.values.SIGNED`, by which signs around it are allowed. "" for neither.
    spellings : tuple of (str, str)
        Of a category: what is written, and the level that is meant.
    gaps : tuple of float
        Of a number: values that mean that it is missing.
    within : (float, float) or None
        Of a number: what lies beyond is read as the nearer end; `low` and `high` are still those of training.
    stray : bool
        Of a number or moment: training held words among them. Such words are read as missing then and now, and flagged.
    zone : str
        Of a moment: the time zone that training named, or a common offset. A row whose moment names none is refused: it
        would be hours off. "" where training named none, or UTC, as which such moments are read.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    dtype: str = ""
    form: str = ""
    spellings: tuple[tuple[str, str], ...] = ()
    gaps: tuple[float, ...] = ()
    within: tuple[float, float] | None = None
    stray: bool = False
    zone: str = ""

    @property
    def is_mended(self) -> bool:
        """Whether some of its values are read as others."""
        return bool(self.spellings or self.gaps or self.within)


def unreadable(column: Column, row: int, value: Any) -> RowsError:
    """What is wrong with a value that is no number, or no moment."""
    wanted = "a number" if column.kind == "number" else "a date or time"
    form = f" (texts: ISO 8601 or '{column.form}')" if column.form and column.kind == "time" else ""
    read_as = f" ({column.dtype} in training)" if column.dtype else ""
    named = NAMED.get(type(value).__name__, type(value).__name__)
    article = "an" if named[0] in "aeio" else "a"
    return RowsError(
        f"column '{column.name}' must hold {wanted}{form}{read_as}; row ",
        row,
        f" holds {article} {named} that cannot be read as one; correct it, or leave it empty where it is not known",
        column=column.name,
    )


def zoneless(column: Column) -> RowsError:
    """What is wrong with a moment that names no time zone, where training's did."""
    return RowsError(
        f"column '{column.name}' must hold moments that name their time zone, as training's did ({column.zone}): one without "
        "may be hours off; write 2024-01-31T08:00:00+01:00 in texts, or name it by dt.tz_localize in pandas and "
        "dt.replace_time_zone in polars",
        column=column.name,
    )
