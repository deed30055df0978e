"""One column of 0 and 1 for each of a category's commonest codes; a missing value is a level of its own.

Settings: `max_levels` (15). A column of two codes gives one feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task

VERSION = 1
READS: Literal["codes"] = "codes"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Find the commonest codes of each column."""
    kept: list[list[int]] = []
    for column in values.T:
        codes, counts = np.unique(column, return_counts=True)
        order = np.lexsort((codes, -counts))[: int(settings.get("max_levels", 15))]
        chosen = sorted(int(code) for code in codes[order])
        kept.append(chosen[1:] if len(codes) == 2 else chosen if len(codes) > 1 else [])
    return {"kept": kept}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """int32 (n_rows, n_columns) → float32 of 0 and 1."""
    parts = [values[:, place, None] == np.array(codes, np.int32) for place, codes in enumerate(state["kept"]) if codes]
    if not parts:
        return np.empty((len(values), 0), np.float32)
    return np.concatenate(parts, axis=1).astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column=code` for each kept code."""
    return tuple(f"{column}={code}" for column, codes in zip(columns, state["kept"], strict=True) for code in codes)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """One feature a kept code."""
    return [(place,) for place, codes in enumerate(state["kept"]) for _ in codes]
