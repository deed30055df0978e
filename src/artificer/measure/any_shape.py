"""Relations of any shape: a number may tell another column by a curve that no rank correlation sees.

A U-shape has a rank correlation of zero. So the number is also cut into bins of equally many rows, as levels, and what
these tell is measured too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from artificer.measure.associate import Association, categories, category_and_number, numbers

MOST_BINS = 12
ROWS_A_BIN = 20


def of_any_shape(x: np.ndarray, other: np.ndarray, *, level: float = 0.95, worth: float = 1.0) -> Association:
    """Strength with which a number tells another column, 0 to 1.

    Parameters
    ----------
    x : array of float64, (n_rows,)
        NaN for missing.
    other : array, (n_rows,)
        Numbers (float) with NaN for missing, or codes (integer).
    worth : float
        As for `artificer.measure.associate`.

    Returns
    -------
    Association
        That of ranks (see `numbers` and `category_and_number`), unless bins of `x` tell clearly more: the whole interval
        of theirs lies above. The p-value is twice the lesser of both, as two were looked at (Bonferroni).
    """
    is_number = other.dtype.kind == "f"
    how = {"level": level, "worth": worth}
    straight = numbers(x, other, **how) if is_number else category_and_number(other, x, **how)
    known = ~np.isnan(x)
    levels = equal_bins(x[known], most=min(MOST_BINS, int(known.sum()) // ROWS_A_BIN))
    n_bins = int(levels.max(initial=0)) + 1
    if n_bins < 3:  # two levels have no shape
        return straight
    curved = (category_and_number if is_number else categories)(levels, other[known], **how)
    p = min(1.0, 2 * min(straight.p, curved.p))
    if curved.strength.low <= straight.strength.high:
        return Association(straight.strength, p)
    return Association(replace(curved.strength, method=f"{curved.strength.method}, over {n_bins} bins"), p)


def either_way(a: np.ndarray, b: np.ndarray, *, level: float = 0.95, worth: float = 1.0) -> Association:
    """Strength between two numbers, whichever tells the other better; its p-value is doubled again."""
    found = [of_any_shape(*pair, level=level, worth=worth) for pair in ((a, b), (b, a))]
    stronger = max(found, key=lambda one: one.strength.low)
    return Association(stronger.strength, min(1.0, 2 * min(one.p for one in found)))


def equal_bins(x: np.ndarray, most: int) -> np.ndarray:
    """Number of each value's bin, int64 (n_rows,): at most `most` bins of about as many rows, equal values together."""
    if most < 2 or not len(x):
        return np.zeros(len(x), np.int64)
    edges = np.unique(np.quantile(x, np.linspace(0, 1, most + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, x, side="left"), return_inverse=True)[1]
