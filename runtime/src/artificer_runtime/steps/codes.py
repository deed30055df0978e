"""Codes of categories as they are: 0 missing, -1 unseen, else 1 + level; for trees that split sets of levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task

VERSION = 1
READS: Literal["codes"] = "codes"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Nothing to learn."""
    return {}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """int32 (n_rows, n_columns) → float32: exact up to 16 million levels."""
    return values.astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """One feature a column."""
    return columns


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each feature is one column's."""
    return [(place,) for place in range(n_columns)]
