"""Days from one moment of a row to another: how long something took, how old something was then.

Settings: `most_pairs` (10), a bound; pairs of the first columns come first. A pair that never differs gives no feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Single, Sources, State, Task

VERSION = 1
READS: Literal["times"] = "times"
DAY_S = 86_400.0


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Find the pairs whose gap varies in training."""
    pairs: list[list[int]] = []
    for second, first in sorted((second, first) for first, second in combinations(range(values.shape[1]), 2)):
        gap = values[:, second] - values[:, first]
        gap = gap[~np.isnan(gap)]
        if len(pairs) < int(settings.get("most_pairs", 10)) and len(gap) and gap.min() < gap.max():
            pairs.append([first, second])
    return {"pairs": pairs}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns), seconds since 1970 → float32 (n_rows, n_pairs), days; NaN where one is missing."""
    gaps = np.empty((len(values), len(state["pairs"])), np.float32)
    for place, (first, second) in enumerate(state["pairs"]):
        gaps[:, place] = (values[:, second] - values[:, first]) / DAY_S
    return gaps


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`days from first to second`."""
    return tuple(f"days from {columns[first]} to {columns[second]}" for first, second in state["pairs"])


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each gap is made of two columns."""
    return [(first, second) for first, second in state["pairs"]]


def single(state: Mapping[str, Any]) -> Single:
    """One row's gaps."""
    pairs = [(first, second) for first, second in state["pairs"]]
    return lambda values: [(values[second] - values[first]) / DAY_S for first, second in pairs]
