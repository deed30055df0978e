"""Sorting by polars: numpy's, of AVX-512, takes three times as long on AMD's Zen 4 (numpy/x86-simd-sort, issue 6).

131,072 numbers of 8 bytes take 5 ms there and 1.6 ms here.
"""

from __future__ import annotations

import numpy as np
import polars as pl

CLOSE = 1 << 16
_GREATEST = np.int64((1 << 63) - 1)


def rising(integers: np.ndarray) -> np.ndarray:
    """Integers in rising order: (n,), which may not be written to. On one thread, as columns are worked on side by side."""
    return pl.Series(integers).sort(multithreaded=False).to_numpy()


def runs(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each different value of a sorted array begins, and how often it occurs: both int64 (n_distinct,)."""
    if not len(ordered):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    begins = np.flatnonzero(new)
    counts = np.empty_like(begins)
    np.subtract(begins[1:], begins[:-1], out=counts[:-1])
    counts[-1] = len(ordered) - begins[-1]
    return begins, counts


def repeats(ordered: np.ndarray) -> np.ndarray:
    """How often each value of a sorted array occurs that occurs twice or more: int64 (n_repeated,)."""
    bounds = np.zeros(len(ordered) + 1, bool)
    np.equal(ordered[1:], ordered[:-1], out=bounds[1:-1])
    ends = np.flatnonzero(bounds[1:] != bounds[:-1])
    return ends[1::2] - ends[::2] + 1


def counted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Different numbers in rising order, and how often each occurs: float64 and int64 (n_distinct,); None: once.

    Parameters
    ----------
    values : array of float64, (n,)
        Without NaN and -0. Whole numbers that lie close together are counted without a sort.
    """
    if len(values) and _whole(values[:100]) and _whole(values) and (low := values.min()) + CLOSE > values.max():
        n = np.bincount((values - low).astype(np.int64))
        held = np.flatnonzero(n)
        return held + low, n[held]
    # Integers that rise with the numbers are sorted in half the time.
    ordered = _risen(rising(_risen(values.view(np.int64)))).view(np.float64)
    begins, n = runs(ordered)
    return (ordered, None) if len(begins) == len(ordered) else (ordered[begins], n)


def order_of(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where hashes in rising order stand, equal ones as they come: int64 (n,), and they in that order: uint64 (n,)."""
    room = np.uint64(len(hashes).bit_length())
    placed = hashes >> room << room | np.arange(len(hashes), dtype=np.uint64)
    order = (rising(placed) & np.uint64((1 << int(room)) - 1)).view(np.int64)
    ordered = hashes[order]
    if (ordered[1:] < ordered[:-1]).any():  # two differ in the bits alone that gave room to the places
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
    return order, ordered


def _whole(values: np.ndarray) -> bool:
    return bool((np.rint(values) == values).all())


def _risen(bits: np.ndarray) -> np.ndarray:
    """Bits of float64 as integers in the same order, and back."""
    risen: np.ndarray = bits ^ (bits >> 63 & _GREATEST)
    return risen
