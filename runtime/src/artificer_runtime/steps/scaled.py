"""Numbers for linear models: gaps filled with the median, one scale, clipped to ±8; and where training had gaps, a mark.

Columns that never vary in training give no feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task

VERSION = 1
READS: Literal["numbers"] = "numbers"
FAR = 8.0
# Numbers farther from the middle half than so many times its width count as if they stood there: 27 standard deviations of
# normal numbers.
REACH = 20.0


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn medians, means and scales."""
    single = values.astype(np.float32).astype(np.float64)
    gaps = np.isnan(single)
    known = np.asarray(~gaps.all(axis=0))
    median = np.zeros(single.shape[1])
    if known.any():
        median[known] = np.nanmedian(single[:, known], axis=0)
    filled = np.where(gaps, median, single)
    filled = _within(filled, single, known)
    # Scaled by the largest magnitude first, so that squares of numbers near the limit of single precision stay finite.
    largest = np.maximum(np.abs(filled).max(axis=0, initial=0.0), 1e-300)
    mean, scale = (filled / largest).mean(axis=0) * largest, (filled / largest).std(axis=0) * largest
    varies = scale > 1e-12 * np.maximum(largest, 1e-300)
    return {
        "median": median,
        "mean": mean,
        "scale": np.where(varies, scale, 1.0),
        "varies": np.flatnonzero(varies),
        "gaps": np.flatnonzero(gaps.any(axis=0) & known),
    }


def _within(filled: np.ndarray, single: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Numbers, those far from the middle half drawn in: one that is infinite, or a slip of the pen, sets no scale."""
    if not known.any():
        return filled
    low, high = np.zeros((2, single.shape[1]))
    low[known], high[known] = np.nanquantile(single[:, known], [0.25, 0.75], axis=0)
    reach = np.where(high > low, REACH * (high - low), np.inf)
    return np.asarray(np.clip(filled, low - reach, high + reach))


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns) → float32 without gaps."""
    single = values.astype(np.float32).astype(np.float64)
    gaps = np.isnan(single)
    filled = np.where(gaps, state["median"], single)
    scaled = np.clip((filled - state["mean"]) / state["scale"], -FAR, FAR)
    return np.concatenate([scaled[:, state["varies"]], gaps[:, state["gaps"]]], axis=1).astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that vary, then marks of gaps."""
    return tuple(columns[i] for i in state["varies"]) + tuple(f"{columns[i]} is missing" for i in state["gaps"])


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Columns that vary, then those with gaps."""
    return [(int(place),) for place in (*state["varies"], *state["gaps"])]
