"""Corrections for looking more than once."""

from __future__ import annotations

import numpy as np


def looks(level: float, n_looks: int) -> float:
    """Level of each interval so that all of `n_looks`, made at once, hold together with `level` (Bonferroni).

    >>> round(looks(0.95, 5), 3)
    0.99
    """
    return 1.0 - (1.0 - level) / max(n_looks, 1)


def spent(level: float, n_looks: int) -> float:
    """Level of the latest of looks at the same rows, where nobody knows how many will follow (alpha spending).

    The n-th is wrong with a chance of 2 / (n (n + 1)) of the first's, all of them together of twice the first's: half of it on
    either side. So what was told at the first look stands, and the chance that any model is ever said to be better than it is
    stays below 1 - `level`.

    >>> [round(spent(0.95, n), 4) for n in (1, 2, 3)]
    [0.95, 0.9833, 0.9917]
    """
    return 1.0 - 2.0 * (1.0 - level) / (max(n_looks, 1) * (max(n_looks, 1) + 1))


def holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted so that the chance of any false alarm stays below the level (Holm 1979)."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """p-values adjusted so that the share of false ones among the alarms stays below the level (1995)."""
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
