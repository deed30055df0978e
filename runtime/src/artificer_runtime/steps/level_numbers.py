"""The number that a category's level holds ("74 bhp", "18-25", "10+ years"), on one scale; gaps stay NaN.

What number a level holds is settled when the recipe is proposed. Settings: `numbers`, for each column a list of one number
or None a level, in the order of the schema's levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task

VERSION = 1
READS: Literal["codes"] = "codes"
FAR = 8.0


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn the mean and the scale of each column's numbers, over training rows."""
    known = settings.get("numbers", [()] * values.shape[1])
    tables = [np.array([np.nan, *(np.nan if one is None else one for one in column)]) for column in known]
    state: State = {"n_columns": values.shape[1]} | {f"table{place}": table for place, table in enumerate(tables)}
    mean, scale = np.zeros(values.shape[1]), np.ones(values.shape[1])
    for place in range(values.shape[1]):
        met = _numbers(state, place, values[:, place])
        met = met[~np.isnan(met)]
        if len(met):
            mean[place], scale[place] = met.mean(), met.std() or 1.0
    return state | {"mean": mean, "scale": scale}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """int32 (n_rows, n_columns) → float32 (n_rows, n_columns) within ±8; a level without a number, or unseen, is NaN."""
    numbers = np.empty(values.shape)
    for place in range(int(state["n_columns"])):
        numbers[:, place] = _numbers(state, place, values[:, place])
    scaled: np.ndarray = np.clip((numbers - state["mean"]) / state["scale"], -FAR, FAR).astype(np.float32)
    return scaled


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column number`."""
    return tuple(f"{column} number" for column in columns)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each feature is one column's."""
    return [(place,) for place in range(n_columns)]



def _numbers(state: Mapping[str, Any], place: int, codes: np.ndarray) -> np.ndarray:
    table = np.asarray(state[f"table{place}"], np.float64)
    known = (codes >= 0) & (codes < len(table))
    return np.where(known, table[np.where(known, codes, 0)], np.nan)
