"""What a text by itself tells of the target: the cross-fitted prediction of a ridge regression on its weighted words.

Trees read one such number better than thousands of words: stacking (Wolpert 1992, Neural Networks 5). With more than two
classes, one feature for each of the five commonest. Settings: `strength` (1), the ridge, and those of `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import State, Task, words
from artificer_runtime.steps.target_mean import classes_told

VERSION = 1
READS: Literal["texts"] = "texts"
PARTS = 5
ROWS_AT_ONCE = 4096


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn each column's words and their coefficients."""
    return fit_apply(values, y, task, settings)[0]


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Texts (n_rows, n_columns) → float32 (n_rows, n_columns × n_outcomes)."""
    parts = [
        _scores(state, place, values[:, place], np.asarray(state[f"coefficients{place}"]))
        for place in range(int(state["n_columns"]))
    ]
    return np.concatenate(parts, axis=1).astype(np.float32) if parts else np.empty((len(values), 0), np.float32)


def fit_apply(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> tuple[State, np.ndarray]:
    """Fit on all rows; the training rows themselves are scored by what the other four fifths tell."""
    classes = classes_told(y, task.n_classes)
    outcomes = np.stack([y == one for one in classes], axis=1).astype(np.float64) if classes else y[:, None]
    weight = np.ones(len(y)) if task.weight is None else task.weight
    overall = (weight @ outcomes) / max(weight.sum(), 1e-12)
    state: State = dict(words.fit(values, y, task, settings)) | {"classes": classes, "overall": overall}
    part = np.empty(len(y), np.int64)
    part[np.random.default_rng(task.seed).permutation(len(y))] = np.arange(len(y)) % PARTS
    blocks = []
    for place in range(values.shape[1]):
        texts, strength = values[:, place], float(settings.get("strength", 1.0))
        sums = [
            _moments(state, place, texts[part == one], (outcomes - overall)[part == one], weight[part == one])
            for one in range(PARTS)
        ]
        gram, moment = np.sum([one[0] for one in sums], axis=0), np.sum([one[1] for one in sums], axis=0)
        state[f"coefficients{place}"] = _ridge(gram, moment, strength)
        block = np.empty((len(y), outcomes.shape[1]))
        for one, (own_gram, own_moment) in enumerate(sums):
            told = _ridge(gram - own_gram, moment - own_moment, strength)
            block[part == one] = _scores(state, place, texts[part == one], told)
        blocks.append(block)
    made = np.concatenate(blocks, axis=1) if blocks else np.empty((len(y), 0))
    return state, made.astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column says`, or once a class."""
    outcomes = [f" {one}" for one in state["classes"]] or [""]
    return tuple(f"{column} says{one}" for column in columns for one in outcomes)


def _moments(
    state: State, place: int, texts: np.ndarray, outcomes: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    n_words = len(state[f"words{place}"])
    gram, moment = np.zeros((n_words, n_words)), np.zeros((n_words, outcomes.shape[1]))
    for start in range(0, len(texts), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        block = words.dense(state, place, texts[rows])
        weighted = block * weight[rows, None].astype(np.float32)
        gram += weighted.T @ block
        moment += weighted.T @ outcomes[rows]
    return gram, moment


def _ridge(gram: np.ndarray, moment: np.ndarray, strength: float) -> np.ndarray:
    return np.asarray(np.linalg.solve(gram + strength * np.eye(len(gram)), moment)) if len(gram) else moment


def _scores(state: Mapping[str, Any], place: int, texts: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    row, word, weight = words.weighted(state, place, texts)
    scores = np.tile(np.asarray(state["overall"], np.float64), (len(texts), 1))
    if len(row):
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        scores[row[starts]] += np.add.reduceat(weight[:, None] * coefficients[word], starts, axis=0)
    return scores
