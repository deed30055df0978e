"""The mean of the target at each code of a category, shrunk to the overall mean, cross-fitted on training rows.

Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical attributes", SIGKDD Explorations 3; the
cross-fitting after Pargent, Pfisterer, Thomas and Bischl (2022, arXiv 2104.00629). With more than two classes, one
feature for each of the five commonest. Settings: `strength` (10), rows that the overall mean counts for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import PARTS, Sources, State, Task

VERSION = 1
READS: Literal["codes"] = "codes"
MOST_CLASSES = 5


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn a table of means for each column: one row a code, from code 0; a code never seen has the overall mean."""
    return _fit(values, y, task.weight, classes_told(y, task.n_classes), settings)


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """int32 (n_rows, n_columns) → float32 (n_rows, n_columns × n_outcomes)."""
    overall = np.asarray(state["overall"], np.float64)
    parts = []
    for place in range(int(state["n_columns"])):
        table = np.asarray(state[f"table{place}"])
        codes = values[:, place]
        known = (codes >= 0) & (codes < len(table))
        parts.append(np.where(known[:, None], table[np.where(known, codes, 0)], overall))
    if not parts:
        return np.empty((len(values), 0), np.float32)
    return np.concatenate(parts, axis=1).astype(np.float32)


def fit_apply(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> tuple[State, np.ndarray]:
    """Fit on all rows; the training rows themselves get means of the other four fifths, so that none sees its own."""
    state = fit(values, y, task, settings)
    block = np.empty((len(values), values.shape[1] * np.size(state["overall"])), np.float32)
    part = task.parts(len(values))
    for left_out in range(PARTS):
        here, there = part == left_out, part != left_out
        if not there.any():
            block[here] = apply(state, values[here])
            continue
        weight = task.weight[there] if task.weight is not None else None
        block[here] = apply(_fit(values[there], y[there], weight, state["classes"], settings), values[here])
    return state, block


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column` once, or once a class."""
    classes = state["classes"]
    if not classes:
        return columns
    return tuple(f"{column}:{one}" for column in columns for one in classes)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """As many features a column as outcomes are told."""
    return [(place,) for place in range(int(state["n_columns"])) for _ in range(np.size(state["overall"]))]


def _fit(
    values: np.ndarray, y: np.ndarray, weight: np.ndarray | None, classes: list[int], settings: Mapping[str, Any]
) -> State:
    outcomes = np.stack([y == one for one in classes], axis=1).astype(np.float64) if classes else y[:, None]
    ones = np.ones(len(y)) if weight is None else weight
    overall, tables = _means(values, outcomes, ones, float(settings.get("strength", 10.0)))
    state: State = {"overall": overall, "classes": classes, "n_columns": values.shape[1]}
    return state | {f"table{place}": table for place, table in enumerate(tables)}


def classes_told(y: np.ndarray, n_classes: int) -> list[int]:
    """The five commonest classes, each with a feature of its own; none where one feature tells all."""
    if n_classes <= 2:
        return []
    counts = np.bincount(y.astype(np.int64), minlength=n_classes)
    return [int(one) for one in np.argsort(-counts, kind="stable")[:MOST_CLASSES]]


def _means(
    values: np.ndarray, outcomes: np.ndarray, weight: np.ndarray, strength: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    total = weight.sum()
    overall = (weight @ outcomes) / total if total > 0 else outcomes.mean(axis=0)
    tables = []
    for codes in values.T:
        n_codes = max(int(codes.max(initial=0)), 0) + 1
        known = codes >= 0
        counted = np.bincount(codes[known], weights=weight[known], minlength=n_codes)
        sums = [np.bincount(codes[known], weights=(weight * one)[known], minlength=n_codes) for one in outcomes.T]
        tables.append((np.stack(sums, axis=1) + strength * overall) / (counted + strength)[:, None])
    return overall, tables
