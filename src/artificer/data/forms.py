"""Forms in which texts are moments, and texts read by one of them: among many a text means what it means in a row alone.

A year has as many digits as its form says: four (`%Y`) or two (`%y`). polars alone reads "24" as the year 24 too.
"""

from __future__ import annotations

import polars as pl

ISO = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)
WRITTEN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")
SHORT_WRITTEN = tuple(form.replace("%Y", "%y") for form in WRITTEN[:3])
TIMES = ("", " %H:%M", " %H:%M:%S")
# Day first and month first; of years of two digits the year may be first as well.
AMBIGUOUS = tuple((f"%d{s}%m{s}%Y{t}", f"%m{s}%d{s}%Y{t}") for s in "/-" for t in TIMES)
SHORT_AMBIGUOUS = tuple((f"%d{s}%m{s}%y{t}", f"%m{s}%d{s}%y{t}", f"%y{s}%m{s}%d{t}") for s in "/-" for t in TIMES)
LOOKS_LIKE_A_DATE = r"\d\s*[-./]\s*\d+\s*[-./]\s*[+-]?\d"  # as all forms here do
FULL_YEAR = r"^(?:\d\d?\D\d\d?\D)?(\d{4})(?:\D|$)"
SHORT_YEAR, SHORT_YEAR_FIRST = r"^\d\d?[./-]\d\d?[./-]\d\d( |$)", r"^\d\d[./-]\d\d?[./-]\d\d?( |$)"
YEAR_1000, YEAR_10000, YEAR_2069 = -30_610_224_000_000_000, 253_402_300_800_000_000, 3_124_224_000_000_000


def parsed(text: pl.Series, form: str) -> pl.Series:
    """Texts read by one form: Datetime in microseconds and UTC, null where one is not of it.

    Parameters
    ----------
    form : str
        As `strptime` has it, or one of `ISO`.
    """
    if "%y" not in form:
        return _of_four_digits(_read(text, form), text)
    of_two = text.str.contains(SHORT_YEAR_FIRST if form.startswith("%y") else SHORT_YEAR).fill_null(False)
    found = _read(text.set(~of_two, None), form)
    # 69 is 1969 to POSIX and Python, and 2069 to polars; from 70 on they agree.
    return found.zip_with((found.cast(pl.Int64) < YEAR_2069).fill_null(True), found.dt.offset_by("-100y"))


def are_short(text: pl.Series) -> bool:
    """Whether half of some texts or more look like dates whose year has two digits."""
    return 2 * int(text.str.contains(f"{SHORT_YEAR}|{SHORT_YEAR_FIRST}").sum()) >= len(text)


def _read(text: pl.Series, form: str) -> pl.Series:
    if form.endswith("z"):
        return text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    if "%H" not in form:
        dates = text.str.to_date(form, strict=False)
        return dates.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return text.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone("UTC")


def _of_four_digits(found: pl.Series, text: pl.Series) -> pl.Series:
    """Null where the year has not four digits, or is 0: only moments before 1000 can be such."""
    at = found.cast(pl.Int64)
    first, last = at.min(), at.max()
    if first is None or (first >= YEAR_1000 and last < YEAR_10000):  # type: ignore[operator]
        return found
    year = text.str.extract(FULL_YEAR).cast(pl.Int32)
    kept = at.is_between(YEAR_1000, YEAR_10000, closed="left") | (year > 0).fill_null(False)
    return found.set(~kept.fill_null(False), None)
