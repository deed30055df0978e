"""Moments that come as numbers: counts of seconds, milli-, micro- or nanoseconds since 1970, or an order and no dates."""

from __future__ import annotations

import numpy as np

# Seconds since 1970, of March 1973 and of 2128: numbers of that size are dates, and those a thousand times larger are
# counted in milliseconds.
FIRST_DATE, LAST_DATE = 1e8, 5e9
MOST = 9e12  # beyond which microseconds overflow


def in_seconds(numbers: np.ndarray) -> np.ndarray:
    """Numbers that are all too large for seconds since 1970, and right for a finer unit, in seconds; others as they are."""
    known = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    low, high = known.min(initial=np.inf), known.max(initial=0.0)
    fits = (unit for unit in (1e3, 1e6, 1e9) if low >= FIRST_DATE * unit and high < LAST_DATE * unit)
    return np.asarray(numbers / next(fits, 1.0))


def are_dates(moments: np.ndarray) -> bool:
    """Whether moments in seconds are dates; steps, years and days such as 20240131 tell an order alone."""
    size = np.abs(moments[np.isfinite(moments)])
    return bool((size >= FIRST_DATE).any() and (size < MOST).all())
