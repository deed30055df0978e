"""Hinges max(0, x - knot) at quantiles, so that a linear model can bend where a number's effect does.

The linear basis of Friedman (1991), "Multivariate adaptive regression splines", Annals of Statistics 19, fixed knots.
Settings: `n_knots` (5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task, scaled

VERSION = 1
READS: Literal["numbers"] = "numbers"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Scale the numbers and place the knots at inner quantiles of what varies."""
    state = dict(scaled.fit(values, y, task, settings))
    numbers = scaled.apply(state, values)[:, : len(state["varies"])].astype(np.float64)
    n_knots = int(settings.get("n_knots", 5))
    inner = np.linspace(0, 1, n_knots + 2)[1:-1]
    column, knot = [], []
    for place, column_values in enumerate(numbers.T):
        for at in np.unique(np.quantile(column_values, inner)) if len(column_values) else ():
            if column_values.min() < at < column_values.max():
                column.append(place)
                knot.append(float(at))
    return state | {"column": np.array(column, np.int64), "knot": np.array(knot, np.float64)}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns) → float32 (n_rows, n_hinges), not negative."""
    numbers = scaled.apply(state, values)[:, : len(state["varies"])]
    hinges: np.ndarray = np.maximum(numbers[:, state["column"]] - state["knot"], 0.0).astype(np.float32)
    return hinges


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column > knot`, the knot in standard deviations."""
    places = np.asarray(state["varies"])[state["column"]]
    return tuple(f"{columns[place]} > {knot:.2f} sd" for place, knot in zip(places, state["knot"], strict=True))


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each hinge is one column's."""
    return [(int(place),) for place in np.asarray(state["varies"])[state["column"]]]
