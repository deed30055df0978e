"""Numbers as they are, in single precision; gaps stay NaN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Single, Sources, State, Task

VERSION = 1
READS: Literal["numbers"] = "numbers"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Nothing to learn."""
    return {}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns) → float32; the schema has clipped what single precision cannot hold."""
    return values.astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """One feature a column."""
    return columns


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each feature is one column's."""
    return [(place,) for place in range(n_columns)]


def single(state: Mapping[str, Any]) -> Single:
    """One row's numbers, as they are."""
    return lambda values: values
