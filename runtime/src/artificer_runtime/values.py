"""One value at a time: what counts as missing, and how a value is spelled as a level, a number or a moment.

Every function is a slow path; `schema` first tries whole columns at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})
CURRENCIES = "$€£¥₹₩₽₺₪฿"
_DIGITS = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
# How numbers are written in texts, by the form that a column of them bears. The share that "5%" means is read as 5.
SIGNED = {
    "1,234.5": rf"^[+-]?[{CURRENCIES}]? ?[+-]?{_DIGITS} ?[{CURRENCIES}]?$",
    "1,234.5%": rf"^[+-]?{_DIGITS} ?%?$",
}
SIGNS = rf"[{CURRENCIES}%, ]"
ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|$)"  # a moment that begins so is of no other form that training learns
UNPADDED = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[T ]|$)"  # as 2024-1-5, which columns of texts are read from too
ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})\s*$"  # at the end of a moment as text
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_missing(value: Any, spellings: Collection[str] = MISSING) -> bool:
    """Whether a value stands for nothing: None, NaN, NaT, pandas' NA, or a spelling (lower case, stripped)."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().lower() in spellings
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | np.datetime64 | np.timedelta64 | Decimal) and bool(value != value)


def missing_numbers(spellings: Collection[str]) -> list[float]:
    """Numbers among spellings of a missing value, smallest first.

    >>> missing_numbers(("unknown", "9999", "-1"))
    [-1.0, 9999.0]
    """
    found = set()
    for text in spellings:
        try:
            found.add(float(text))
        except ValueError:
            continue
    return sorted(number for number in found if number == number)


def canonical_text(value: Any) -> str:
    """Spell a value as a level, the same from whatever library it comes.

    >>> canonical_text(True), canonical_text(3.0), canonical_text(" a ")
    ('true', '3', 'a')
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating | Decimal) and abs(float(value)) < 1e15 and float(value).is_integer():
        return str(int(value))
    if isinstance(value, Decimal | np.floating):  # of more than 64 bits, item() gives no number of Python's
        return str(float(value))
    if isinstance(value, np.clongdouble):
        return str(complex(value))
    if isinstance(value, np.generic):
        return canonical_text(value.item())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value).strip()


def number_of(value: Any, spellings: Collection[str] = MISSING, form: str = "") -> float:
    """Read one number; NaN where missing. A duration counts in seconds.

    Parameters
    ----------
    form : str
        How texts are written beside plain numbers: a key of `SIGNED`, or "".

    Raises
    ------
    ValueError
        When it is no number.
    """
    if is_missing(value, spellings):
        return float("nan")
    if isinstance(value, date | np.datetime64 | list | tuple | dict):
        raise ValueError(type(value).__name__)
    if isinstance(value, timedelta | np.timedelta64):
        span = value.to_timedelta64() if hasattr(value, "to_timedelta64") else np.timedelta64(value)
        return float(spans_in_seconds(np.array([span]))[0])
    try:
        return float(bare(value, form) if form and isinstance(value, str) else value)
    except OverflowError:  # a whole number beyond double precision
        return float("-inf") if str(value).startswith("-") else float("inf")
    except TypeError as error:
        raise ValueError(type(value).__name__) from error


def bare(text: str, form: str) -> str:
    """A number without the signs that its form allows; as it is where it is not of that form.

    >>> bare("$ 1,234.50", "1,234.5"), bare("5 %", "1,234.5%"), bare("1,23", "1,234.5")
    ('1234.50', '5', '1,23')
    """
    text = text.strip()
    return re.sub(SIGNS, "", text) if form in SIGNED and re.fullmatch(SIGNED[form], text) else text


def spans_in_seconds(spans: np.ndarray) -> np.ndarray:
    """Durations as float64 seconds, NaN where missing; what is finer than a microsecond is cut off.

    >>> spans_in_seconds(np.array([90_000_000_500, -1_500], "timedelta64[ns]")).tolist()
    [90.0, -1e-06]
    """
    whole = spans.astype("timedelta64[us]")
    whole = np.where((spans < np.timedelta64(0, "us")) & (whole != spans), whole + 1, whole)
    return np.where(np.isnat(spans), np.nan, whole.astype(np.int64) / 1e6)


def lacks_zone(value: Any) -> bool:
    """Whether a moment names no time zone; numpy's, which never do, are in UTC.

    >>> lacks_zone("2024-01-31T08:00"), lacks_zone("2024-01-31T08:00+01:00"), lacks_zone(date(2024, 1, 31))
    (True, False, True)
    """
    if isinstance(value, str):
        return not re.search(ZONE, value)
    return isinstance(value, date) and getattr(value, "tzinfo", None) is None


def seconds_of(value: Any, form: str = "", spellings: Collection[str] = MISSING) -> float:
    """Read one moment as seconds since 1970 in UTC; NaN where missing. What carries no zone is taken as UTC.

    Parameters
    ----------
    form : str
        A `strptime` format for texts, beside which ISO 8601 is read; "" for ISO 8601 alone.

    Raises
    ------
    ValueError
        When it is no moment.
    """
    if is_missing(value, spellings):
        return float("nan")
    if isinstance(value, np.datetime64):
        return float(value.astype("datetime64[us]").astype(np.int64)) / 1e6
    if type(value).__name__ == "Period":  # of pandas, which is not imported: its first moment
        value = value.to_timestamp()
    if isinstance(value, str):
        value = _moment(value.strip(), form)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(microseconds=1) / 1e6  # pandas keeps nanoseconds, columns do not
    if isinstance(value, date):
        return (datetime(value.year, value.month, value.day, tzinfo=UTC) - _EPOCH).total_seconds()
    raise ValueError(type(value).__name__)


def _moment(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form) if form and not re.match(ISO, text) else datetime.fromisoformat(text)
    except ValueError:
        if not re.match(UNPADDED, text):
            raise
    return datetime.fromisoformat(re.sub(r"(?<=[-T :])([0-9])(?![0-9])", r"0\1", text))
