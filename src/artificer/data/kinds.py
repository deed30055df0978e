"""What kind of thing each column holds, learned from training rows.

A number, category, boolean, time, text, identifier or constant; see `artificer_runtime.schema.Kind`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer.data.columns import each
from artificer.data.missing import without_missing, without_missing_numbers
from artificer.data.moments import as_moments, time_form, zone_of
from artificer.data.numbers import are_long_names, are_unread_numbers, as_numbers, number_form
from artificer_runtime.schema import Column, Kind, Schema

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


def _column(column: pl.Series, missing: Sequence[str], fewest: int) -> Column:
    name, dtype = column.name, str(column.dtype)
    if column.dtype == pl.Boolean:
        varies = column.n_unique() > 1
        return Column(name, "boolean" if varies else "constant", ("false", "true"), dtype=dtype)
    if column.dtype.is_integer() and are_long_names(column.drop_nulls()):
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
    known = numbers.drop_nulls() if numbers.null_count() else numbers
    values = known.to_numpy()
    low, high = _ends(values[np.isfinite(values)], fewest)
    if known.min() == known.max() and known.len() in (0, len(numbers)):
        return Column(column.name, "constant", dtype=dtype)
    stray = n_known is not None and len(known) < n_known
    named = known if stray else column  # the other rows are named whatever words stand among them
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


def _ends(values: np.ndarray, fewest: int) -> tuple[float | None, float | None]:
    """The range that `fewest` values reach at each end; of too few values none."""
    if len(values) < fewest:
        return None, None
    return float(np.partition(values, fewest - 1)[fewest - 1]), float(np.partition(values, -fewest)[-fewest])


def _time(column: pl.Series, form: str, dtype: str, fewest: int) -> Column:
    moments = as_moments(column, form).drop_nulls().cast(pl.Int64)
    if moments.min() == moments.max() and len(moments) in (0, len(column)):
        return Column(column.name, "constant", dtype=dtype)
    low, high = (end / 1e6 if end is not None else None for end in _ends(moments.to_numpy(), fewest))
    stray, zone = column.dtype == pl.String and len(moments) < column.count(), zone_of(column, form)
    return Column(column.name, "time", low=low, high=high, dtype=dtype, form=form, stray=stray, zone=zone)
