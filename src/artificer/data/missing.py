"""Missing values: the spellings by which a text or a number says that there is none, and what is left without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer_runtime.values import MISSING, missing_numbers

FEW_CELLS = (
    1_000  # of no more, looking at all costs less than telling which may be one: of a thousand columns, a second
)


def spellings(missing: Sequence[str]) -> list[str]:
    """All spellings of a missing value, in lower case."""
    return sorted(MISSING | {text.strip().lower() for text in missing})


def without_missing(column: pl.Series, missing: Sequence[str]) -> pl.Series:
    """A column of texts, stripped, with null where a spelling says that the value is missing."""
    text, spelt = column.cast(pl.String).str.strip_chars(), spellings(missing)
    short = text
    if len(text) > FEW_CELLS:
        # Few cells are as long as a spelling, and of those few differ. Beyond ASCII small letters may be more than those they
        # stand for, never fewer.
        n, n_bytes = text.str.len_chars(), text.str.len_bytes()
        short = text.filter(n_bytes.is_in({*map(len, spelt)}) | ((n_bytes > n) & (n <= max(map(len, spelt))))).unique()
        if not len(short):
            return text
    found = short.filter(short.str.to_lowercase().is_in(spelt))
    return text.set(text.is_in(found.implode()).fill_null(False), None) if len(found) else text


def without_missing_numbers(numbers: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Numbers as Float64, null where not a number, or one by which a spelling such as "-1" says that it is missing."""
    numbers = numbers.cast(pl.Float64)
    if np.isnan(numbers.to_numpy()).any():  # of a thousand columns, asking costs less than filling
        numbers = numbers.fill_nan(None)
    named = missing_numbers(missing)
    return numbers.set(numbers.is_in(named).fill_null(False), None) if named else numbers
