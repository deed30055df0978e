"""How often a category's code stands in training, as log(1 + n): rare levels resemble each other; 0 where never seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task

VERSION = 1
READS: Literal["codes"] = "codes"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Count each column's codes, from code 0."""
    state: State = {"n_columns": values.shape[1]}
    for place, codes in enumerate(values.T):
        state[f"counts{place}"] = np.bincount(codes[codes >= 0], minlength=1)
    return state


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """int32 (n_rows, n_columns) → float32 (n_rows, n_columns), not negative."""
    counted = np.zeros(values.shape, np.float32)
    for place in range(int(state["n_columns"])):
        table = np.log1p(np.asarray(state[f"counts{place}"], np.float64)).astype(np.float32)
        known = (values[:, place] >= 0) & (values[:, place] < len(table))
        counted[known, place] = table[values[known, place]]
    return counted


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column count`."""
    return tuple(f"{column} count" for column in columns)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each feature is one column's."""
    return [(place,) for place in range(n_columns)]
