"""What a text by itself tells of the target: the cross-fitted prediction of a ridge regression on its weighted words.

Trees read one such number better than thousands of words: stacking (Wolpert 1992, Neural Networks 5). With more than two
classes, one feature for each of the five commonest. Settings: `strength` (1), the ridge, and those of `words`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import PARTS, Single, Sources, State, Task, words
from artificer_runtime.steps.target_mean import classes_told

VERSION = 1
READS: Literal["texts"] = "texts"
NEAR, MOST_STEPS = 1e-3, 200  # of conjugate gradients


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
    part = task.parts(len(y))
    blocks = []
    for place in range(values.shape[1]):
        found, strength = _Words(state, place, values[:, place]), float(settings.get("strength", 1.0))
        full = [_ridge(found, one, weight, strength) for one in (outcomes - overall).T]
        state[f"coefficients{place}"] = np.stack(full, axis=1)
        block = np.empty((len(y), outcomes.shape[1]))
        for held_out in range(PARTS):
            here, there = part == held_out, weight * (part != held_out)
            for one, start in enumerate(full):
                told = _ridge(found, outcomes[:, one] - overall[one], there, strength, start)
                block[here, one] = overall[one] + found.times(told)[here]
        blocks.append(block)
    made = np.concatenate(blocks, axis=1) if blocks else np.empty((len(y), 0))
    return state, made.astype(np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column says`, or once a class."""
    outcomes = [f" {one}" for one in state["classes"]] or [""]
    return tuple(f"{column} says{one}" for column in columns for one in outcomes)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """As many features a column as outcomes are told."""
    return [(place,) for place in range(int(state["n_columns"])) for _ in range(np.size(state["overall"]))]


def single(state: Mapping[str, Any]) -> Single:
    """One row's scores."""
    overall = np.asarray(state["overall"], np.float64).tolist()
    columns = [
        (words.reader(state, place), np.asarray(state[f"coefficients{place}"]))
        for place in range(int(state["n_columns"]))
    ]

    def features(values: Sequence[str]) -> list[float]:
        made: list[float] = []
        for text, (read, coefficients) in zip(values, columns, strict=True):
            told = words.added(*read(text), coefficients)
            made += [mean + one for mean, one in zip(overall, told, strict=True)]
        return made

    return features


class _Words:
    """Weighted words of many texts, of which most are zero: products with a vector, from either side."""

    def __init__(self, state: State, place: int, texts: np.ndarray) -> None:
        row, self.word, weight = words.weighted(state, place, texts)
        self.row, self.weight = row, weight.astype(np.float64)
        self.n_rows, self.n_words = len(texts), len(state[f"words{place}"])

    def times(self, coefficients: np.ndarray) -> np.ndarray:
        """Float64 (n_words,) → (n_rows,)."""
        return np.bincount(self.row, self.weight * coefficients[self.word], self.n_rows)

    def back(self, rows: np.ndarray) -> np.ndarray:
        """Float64 (n_rows,) → (n_words,)."""
        return np.bincount(self.word, self.weight * rows[self.row], self.n_words)


def _ridge(
    found: _Words, outcome: np.ndarray, weight: np.ndarray, strength: float, start: np.ndarray | None = None
) -> np.ndarray:
    """Coefficients by conjugate gradients (Hestenes and Stiefel 1952), which need no matrix of words by words.

    From the coefficients of all rows, those of four fifths are a few steps away.
    """
    target = found.back(weight * outcome)
    told = np.zeros(found.n_words) if start is None else start.copy()
    left = target - found.back(weight * found.times(told)) - strength * told
    way, size = left.copy(), float(left @ left)
    enough = NEAR**2 * float(target @ target)
    for _ in range(MOST_STEPS):
        if size <= enough:
            break
        turned = found.back(weight * found.times(way)) + strength * way
        length = size / float(way @ turned)
        told += length * way
        left -= length * turned
        size, before = float(left @ left), size
        way = left + size / before * way
    return told


def _scores(state: Mapping[str, Any], place: int, texts: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    row, word, weight = words.weighted(state, place, texts)
    scores = np.tile(np.asarray(state["overall"], np.float64), (len(texts), 1))
    if len(row):
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        scores[row[starts]] += np.add.reduceat(weight[:, None] * coefficients[word], starts, axis=0)
    return scores
