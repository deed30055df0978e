"""Columns that are moments: how they are written, their zone, and their reading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer.data.epochs import in_seconds
from artificer.data.forms import (
    AMBIGUOUS,
    ISO,
    LOOKS_LIKE_A_DATE,
    SHORT_AMBIGUOUS,
    SHORT_WRITTEN,
    WRITTEN,
    are_short,
    parsed,
)
from artificer.data.missing import without_missing
from artificer.data.numbers import as_numbers
from artificer.data.strays import nearly_all
from artificer_runtime.values import ZONE

UTC_NAMES = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "+00:00", "+0000", "-00:00", "-0000")


def as_moments(column: pl.Series, form: str = "") -> pl.Series:
    """A column read as moments: Datetime in microseconds and UTC, null where a value cannot be.

    Parameters
    ----------
    form : str
        Format of texts, as found by `time_form`, beside which ISO 8601 is read.
    """
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(column.dtype, pl.Datetime):
        zoned = column.dt.convert_time_zone("UTC") if column.dtype.time_zone else column.dt.replace_time_zone("UTC")
        return zoned.cast(pl.Datetime("us", "UTC"))
    text = column.cast(pl.String).str.strip_chars()
    found = pl.Series(column.name, [None] * len(text), dtype=pl.Datetime("us", "UTC"))
    for one in (form, *ISO) if form else ISO:
        found = found.zip_with(found.is_not_null(), parsed(text, one))
        if found.null_count() == text.null_count():
            break
    return found


def as_time(column: pl.Series, form: str = "") -> np.ndarray:
    """Moments as float64 seconds since 1970 (UTC), NaN where missing; a numeric column, such as a step, as it is.

    Numbers too large for seconds are taken for milli-, micro- or nanoseconds.

    Parameters
    ----------
    form : str
        Format of texts where it is known already; else it is told from them.
    """
    if column.dtype.is_numeric():
        return in_seconds(column.cast(pl.Float64).fill_null(np.nan).to_numpy())
    if column.dtype == pl.String and not form:
        text = without_missing(column, ())
        told = time_form(text)
        if told is None and not (numbers := as_numbers(text)).is_null().any():  # of a step that counts the rows
            return in_seconds(numbers.to_numpy())
        form = told or ""
    moments = as_moments(column, form)
    return (moments.cast(pl.Int64).cast(pl.Float64) / 1e6).fill_null(np.nan).to_numpy()


def time_form(text: pl.Series) -> str | None:
    """The format in which texts are moments: "" for ISO 8601, None when they are none.

    None too when day and month could be either, or, of years of two digits, day and year.
    """
    known = text.drop_nulls()
    head = known[:100]  # most columns of texts are no moments, and these say so, before any form is tried
    if not len(head) or 2 * head.str.contains(LOOKS_LIKE_A_DATE).sum() < len(head):
        return None
    iso = as_moments(head)
    short = are_short(head)
    for form in ("", *WRITTEN, *(SHORT_WRITTEN if short else ())):
        if _fits(form, known, iso):
            return form
    for orders in (*AMBIGUOUS, *(SHORT_AMBIGUOUS if short else ())):
        found = _told_apart(orders, known, iso)
        if found is not None:
            return found
    return None


def _told_apart(orders: Sequence[str], known: pl.Series, iso: pl.Series) -> str | None:
    """The form by which more texts are moments with the day first, or the month; None where as many are, or none.

    Where they are moments with the year first too, the years tell: of all days of a month they are few.
    """
    day_first, month_first, *year_first = orders
    day, month = _n_read(day_first, known, iso), _n_read(month_first, known, iso)
    found = None if day == month else day_first if day > month else month_first
    for form in year_first if found or not day else ():
        if _fits(form, known, iso):
            years = _n_years(form, known) - (_n_years(found, known) if found else 0)
            found = form if not found or years < 0 else found if years else None
    return found


def _n_years(form: str, known: pl.Series) -> int:
    """How many different years texts name."""
    return as_moments(known, form).dt.year().n_unique()


def _n_read(form: str, known: pl.Series, iso: pl.Series) -> int:
    """How many texts are moments of a form that fits; of one that does not, 0."""
    return as_moments(known, form).count() if _fits(form, known, iso) else 0


def _fits(form: str, known: pl.Series, iso: pl.Series) -> bool:
    """Whether nearly all texts are moments, of a form or of ISO 8601, as which the first were read already."""
    head = iso.fill_null(parsed(known[: len(iso)], form)) if form else iso
    return 2 * head.null_count() <= len(head) and nearly_all(as_moments(known, form), known)


def zone_of(column: pl.Series, form: str) -> str:
    """The time zone that all moments name, or an offset that many of them have; "" where some name none, or all UTC."""
    if isinstance(column.dtype, pl.Datetime):
        named = column.dtype.time_zone or ""
        return "" if named in UTC_NAMES else named
    if column.dtype != pl.String or form:
        return ""
    offsets = column.filter(as_moments(column).is_not_null()).str.extract(ZONE)
    if not len(offsets) or offsets.null_count() or offsets.is_in(UTC_NAMES).all():
        return ""
    return str(offsets.filter(~offsets.is_in(UTC_NAMES)).mode().sort()[0])


def zoneless(column: pl.Series) -> bool:
    """Whether some moments name no time zone."""
    if column.dtype == pl.String:
        moments = as_moments(column).is_not_null()
        return bool((moments & ~column.str.contains(ZONE).fill_null(True)).any())
    naive = column.dtype == pl.Date or (isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None)
    return naive and column.count() > 0
