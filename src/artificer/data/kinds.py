"""What kind of thing each column holds, learned from training rows.

A number, category, boolean, time, text, identifier or constant; see `artificer_runtime.schema.Kind`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer.data.columns import each
from artificer.data.epochs import in_seconds
from artificer.data.forms import AMBIGUOUS, ISO, SHORT_AMBIGUOUS, SHORT_WRITTEN, WRITTEN, are_short, parsed
from artificer.data.whole import rounded
from artificer_runtime.schema import Column, Kind, Schema
from artificer_runtime.values import CURRENCIES, MISSING, SIGNED, SIGNS, ZONE, missing_numbers

# A column of texts is one of numbers (or moments) when all but this share of its values, and of its different values, can be
# read so; the rest are reported as mixed types and read as missing. Of few different values a word is as likely a level as
# a slip: there the share of the values alone must be lower.
STRAY = 0.05
STRAY_AMONG_FEW, FEWEST_FOR_STRAY = 0.005, 200
MOST_LEVELS = 1_000
SPELLINGS_OF_TWO = 10  # true, True, TRUE, tRUE …
TEXT_WORDS = 4.0
TEXT_DISTINCT = 0.3
# Short texts that mostly differ, such as names, tickets and places on a ship, are read by their words and letters; so are
# names of several words, such as those of products, where levels are more than are kept and each has few rows (after Cerda
# and Varoquaux 2020, arXiv 1907.01860).
MOSTLY_DISTINCT, FEWEST_TEXTS = 0.5, 50
NAME_WORDS, MANY_NAMES = 2.0, 0.05
IDENTIFIER_DISTINCT = 0.98
# "74 bhp", "1,248 CC", "$9.50": a number with one of few things around it. Their levels are read as numbers too.
MEASURED = r"^[^\w\s]?\s*[+-]?\d[\d.,]*\s*[^\d\s]{0,8}$"
MOST_UNITS, MOSTLY_MEASURED = 10, 0.9
FEWEST_FOR_IDENTIFIER = 50
ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|rownum|row_number)$|^id([_\W]|$))|(?<=[a-z])(Id|ID)$")
LEADING_ZERO = r"^0\d+$"
SIGN = rf"[,%{CURRENCIES}]"
# "1.005,5", "12,5": such numbers stay texts, since "1.005" alone would be read as another number in every other file.
DECIMAL_COMMA = rf"^[+-]?[{CURRENCIES}]? ?[+-]?([1-9]\d{{0,2}}(\.\d{{3}})+|\d+)(,\d+)? ?[%{CURRENCIES}]?$"

UTC_NAMES = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "+00:00", "+0000", "-00:00", "-0000")


def infer_schema(frame: pl.DataFrame, *, missing: Sequence[str] = (), fewest_rows: int = 1) -> Schema:
    """Tell the kinds of a table's columns.

    Parameters
    ----------
    frame : DataFrame
        Training rows, as read.
    missing : sequence of str
        Spellings of a missing value, beside the usual ones.
    fewest_rows : int
        A level is one that so many rows hold, and a range ends where so many lie at its end or beyond.
    """
    columns = each(lambda name: _column(frame[name], missing, fewest_rows), frame.columns, frame.height)
    return Schema(tuple(columns), tuple(missing))


def spellings(missing: Sequence[str]) -> list[str]:
    """All spellings of a missing value, in lower case."""
    return sorted(MISSING | {text.strip().lower() for text in missing})


def without_missing(column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """A column of texts, stripped, with null where a spelling says that the value is missing."""
    text, spelt = column.cast(pl.String).str.strip_chars(), spellings(missing)
    # Few cells are as long as a spelling, and of those few differ. Beyond ASCII small letters may be more than those they
    # stand for, never fewer.
    n, n_bytes = text.str.len_chars(), text.str.len_bytes()
    short = text.filter(n_bytes.is_in({*map(len, spelt)}) | ((n_bytes > n) & (n <= max(map(len, spelt))))).unique()
    found = short.filter(short.str.to_lowercase().is_in(spelt))
    return text.set(text.is_in(found.implode()).fill_null(False), None) if len(found) else text


def as_numbers(text: pl.Series, form: str = "") -> pl.Series:
    """Texts read as numbers: Float64, null where one cannot be.

    Parameters
    ----------
    form : str
        How they are written beside plain numbers: a key of `artificer_runtime.values.SIGNED`, or "".
    """
    if form in SIGNED:
        text = text.str.replace_all(SIGNS, "").zip_with(text.str.contains(SIGNED[form]).fill_null(False), text)
    return text.cast(pl.Float64, strict=False)


def without_missing_numbers(numbers: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Numbers as Float64, null where not a number, or one by which a spelling such as "-1" says that it is missing."""
    numbers = numbers.cast(pl.Float64)
    if np.isnan(numbers.to_numpy()).any():  # of a thousand columns, asking costs less than filling
        numbers = numbers.fill_nan(None)
    named = missing_numbers(missing)
    return numbers.set(numbers.is_in(named).fill_null(False), None) if named else numbers


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
    if not len(known) or not known[:50].str.contains(r"\d").all():
        return None
    iso = as_moments(known[:100])  # most columns of texts are no moments, and these say so
    short = are_short(known[:100])
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


def nearly_all(found: pl.Series, known: pl.Series) -> bool:
    """Whether so many texts were read that the others count as strays.

    Parameters
    ----------
    found : Series
        What each text was read as; null where it could not be.
    known : Series of String
        Without gaps.
    """
    n_stray = found.null_count()
    if n_stray == 0 or (len(known) >= FEWEST_FOR_STRAY and n_stray <= STRAY_AMONG_FEW * len(known)):
        return True
    if n_stray > STRAY * len(known):
        return False
    return known.filter(found.is_null()).n_unique() <= STRAY * known.n_unique()


def _column(column: pl.Series, missing: Sequence[str], fewest: int) -> Column:
    name, dtype = column.name, str(column.dtype)
    if column.dtype == pl.Boolean:
        varies = column.n_unique() > 1
        return Column(name, "boolean" if varies else "constant", ("false", "true"), dtype=dtype)
    if column.dtype.is_integer() and _are_long_names(column.drop_nulls()):
        known = without_missing(column, missing).drop_nulls()
        if known.n_unique() > 1:
            return _words(name, known, dtype, fewest)
    if column.dtype.is_numeric():
        return _number(column, without_missing_numbers(column, missing), dtype, fewest)
    if column.dtype in (pl.Date, pl.Datetime):
        return _time(column, "", dtype, fewest)
    return _text(column, without_missing(column, missing), dtype, fewest)


def _text(column: pl.Series, text: pl.Series, dtype: str, fewest: int) -> Column:
    name, known = column.name, text.drop_nulls()
    n_distinct = known.n_unique()
    if n_distinct == 0 or (n_distinct == 1 and len(known) == len(text)):
        return Column(name, "constant", dtype=dtype)
    if n_distinct <= SPELLINGS_OF_TWO and set(known.unique().str.to_lowercase()) <= {"true", "false"}:
        return Column(name, "boolean", ("false", "true"), dtype=dtype)
    form = number_form(known)
    if form is not None:
        return _number(column, as_numbers(text, form), dtype, fewest, form, n_known=len(known))
    form = time_form(known)
    if form is not None:
        return _time(text, form, dtype, fewest)
    return _words(name, known, dtype, fewest)


def _words(name: str, known: pl.Series, dtype: str, fewest: int) -> Column:
    kind = "category" if are_unread_numbers(known) else _kind_of_words(name, known, known.n_unique())
    levels = _levels(known, fewest) if kind == "category" else ()
    return Column(name, kind if levels or kind != "category" else _without_levels(known), levels, dtype=dtype)


def _without_levels(known: pl.Series) -> Kind:
    """The kind of a category of which no level has rows enough to be named."""
    return "text" if are_unread_numbers(known) else "identifier"


def number_form(known: pl.Series) -> str | None:
    """The form in which texts are numbers, "" for plain ones; None when they are none, or codes such as "007".

    None too for whole numbers that float64 would round, such as those of accounts: they are names.

    Parameters
    ----------
    known : Series of String
        Stripped, without gaps.
    """
    read = {form: n for form in ("", *SIGNED) if (n := _n_numbers(form, known))}
    if not read or known.str.contains(LEADING_ZERO).any() or _are_long_names(known):
        return None
    return max(read, key=lambda form: read[form])  # of forms that read as many, the plainest


def _n_numbers(form: str, known: pl.Series) -> int:
    """How many texts are numbers of a form that nearly all have; of one that they have not, 0."""
    head = known[:100]  # most columns of texts hold no numbers, and these say so
    if 2 * as_numbers(head, form).null_count() > len(head):
        return 0
    found = as_numbers(known, form)
    if form.endswith("%") and not nearly_all(found.set(~known.str.ends_with("%"), None), known):
        return 0  # a share of 5 among those of 5% would be read as a twentieth of what it is, or as a hundredfold
    return found.count() if nearly_all(found, known) else 0


def _are_long_names(known: pl.Series) -> bool:
    """Whether float64 would round more whole numbers than can be strays: of 16 digits and more, each counts."""
    lost = rounded(known)
    return bool(lost.any()) and not nearly_all(known.set(lost, None), known)


def are_unread_numbers(known: pl.Series) -> bool:
    """Whether nearly all texts are numbers with signs that `number_form` does not read: decimal commas, or 5% among 0.05."""
    if not known[:100].str.contains(SIGN).any() or known.str.contains(LEADING_ZERO).any():
        return False
    return nearly_all(known.set(~known.str.contains("|".join([DECIMAL_COMMA, *SIGNED.values()])), None), known)


def _kind_of_words(name: str, known: pl.Series, n_distinct: int) -> Kind:
    distinct = n_distinct / len(known)
    beyond = n_distinct > MOST_LEVELS and distinct > MANY_NAMES
    # Where texts repeat, their words decide nothing.
    counted = distinct > TEXT_DISTINCT or beyond
    words = float(known.str.count_matches(r"\S+").mean() or 0) if counted else 0.0  # type: ignore[arg-type]
    if words >= TEXT_WORDS and distinct > TEXT_DISTINCT:
        return "text"
    if _measured(known):
        return "category"
    alone = distinct > IDENTIFIER_DISTINCT and len(known) >= FEWEST_FOR_IDENTIFIER
    if alone:
        return "text" if words >= 2 and not ID_NAME.search(name) else "identifier"
    told_by_words = beyond and words >= NAME_WORDS
    mostly_differ = distinct > MOSTLY_DISTINCT and n_distinct >= FEWEST_TEXTS
    if (told_by_words or mostly_differ) and not ID_NAME.search(name):
        return "text"
    return "category"


def _measured(known: pl.Series) -> bool:
    if not known[:100].str.contains(MEASURED).mean() >= MOSTLY_MEASURED:  # type: ignore[operator]
        return False
    if (_units(known[:100]) == "").any():  # most are bare numbers, and these say so
        return False
    units = _units(known)
    return len(units) >= MOSTLY_MEASURED * len(known) and units.n_unique() <= MOST_UNITS and bool((units != "").all())


def _units(known: pl.Series) -> pl.Series:
    """What stands around the numbers of texts that are such."""
    return known.filter(known.str.contains(MEASURED)).str.replace_all(r"[\d.,\s+-]", "")


def _levels(known: pl.Series, fewest: int) -> tuple[str, ...]:
    counts = known.alias("level").value_counts().sort(["count", "level"], descending=[True, False])
    counts = counts.filter(pl.col("count") >= fewest)
    return tuple(counts["level"].head(MOST_LEVELS).to_list())


def _number(
    column: pl.Series, numbers: pl.Series, dtype: str, fewest: int, form: str = "", n_known: int | None = None
) -> Column:
    known = numbers.drop_nulls()
    low, high = _ends(known.filter(known.is_finite()), fewest)
    if known.min() == known.max() and known.len() in (0, len(numbers)):
        return Column(column.name, "constant", dtype=dtype)
    stray = n_known is not None and len(known) < n_known
    named = numbers.drop_nulls() if stray else column  # the other rows are named whatever words stand among them
    kind: Kind = "identifier" if _identifies(named, stray=stray) else "number"
    return Column(column.name, kind, low=low, high=high, dtype=dtype, form=form, stray=stray and kind == "number")


def _identifies(column: pl.Series, *, stray: bool = False) -> bool:
    """Whole numbers, each once: by name an identifier, or, where no words stand among them, rows counted in their order."""
    n = len(column)
    whole = column.dtype.is_integer() or (stray and bool((column.is_finite() & (column == column.floor())).all()))
    if not whole or n < FEWEST_FOR_IDENTIFIER or column.null_count():
        return False
    reach = int(column.max()) - int(column.min()) + 1  # type: ignore[arg-type]
    counted = not stray and n >= 0.5 * reach and bool(column.is_sorted())
    return (counted or bool(ID_NAME.search(column.name))) and column.n_unique() == n


def _ends(known: pl.Series, fewest: int) -> tuple[float | None, float | None]:
    """The range that `fewest` values reach at each end; of too few values none."""
    if len(known) < fewest:
        return None, None
    values = known.to_numpy()
    return float(np.partition(values, fewest - 1)[fewest - 1]), float(np.partition(values, -fewest)[-fewest])


def _time(column: pl.Series, form: str, dtype: str, fewest: int) -> Column:
    moments = as_moments(column, form).drop_nulls().cast(pl.Int64)
    if moments.min() == moments.max() and len(moments) in (0, len(column)):
        return Column(column.name, "constant", dtype=dtype)
    low, high = (end / 1e6 if end is not None else None for end in _ends(moments, fewest))
    stray, zone = column.dtype == pl.String and len(moments) < column.count(), _zone(column, form)
    return Column(column.name, "time", low=low, high=high, dtype=dtype, form=form, stray=stray, zone=zone)


def _zone(column: pl.Series, form: str) -> str:
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
