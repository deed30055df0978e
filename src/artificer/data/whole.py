"""Whole numbers beyond 2^53, of which float64 holds only some: names such as account numbers, told apart by every digit."""

from __future__ import annotations

import numpy as np
import polars as pl

EXACT = 1 << 53
FEWEST_DIGITS = 16  # of such a number
WHOLE = r"^[+-]?\d{16,}$"


def rounded(column: pl.Series) -> pl.Series:
    """Which values float64 would round: truth values (n_rows,), false where missing.

    Parameters
    ----------
    column : Series of integers, or of String
        Of texts, stripped, only plain whole numbers count.
    """
    if column.dtype != pl.String:
        found = rests(column)
        return pl.Series(column.name, np.zeros(len(column), bool) if found is None else found != 0)
    longest = column.str.len_bytes().max()
    if longest is None or longest < FEWEST_DIGITS:  # type: ignore[operator]
        return pl.Series(column.name, np.zeros(len(column), bool))
    whole = column.str.contains(WHOLE).fill_null(False)
    exact = column.set(~whole, None).cast(pl.Int128, strict=False)
    return whole & ~_rest(exact).eq_missing(0)


def rests(column: pl.Series) -> np.ndarray | None:
    """What float64 leaves out of each integer: int64 (n_rows,), 0 where missing; None where it leaves out nothing."""
    low, high = column.min(), column.max()
    if low is None or (low >= -EXACT and high <= EXACT):  # type: ignore[operator]
        return None
    return _rest(column.cast(pl.Int128)).cast(pl.Int64, strict=False).fill_null(0).to_numpy()


def _rest(whole: pl.Series) -> pl.Series:
    return whole - whole.cast(pl.Float64).cast(pl.Int128, strict=False)
