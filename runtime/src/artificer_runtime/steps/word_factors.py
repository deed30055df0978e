"""A few factors of a text's weighted words, for trees: latent semantic analysis.

Truncated singular value decomposition by the randomised method of Halko, Martinsson and Tropp (2011, SIAM Review 53).
Settings: `n_factors` (16), and those of `words`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Single, Sources, State, Task, words

VERSION = 1
READS: Literal["texts"] = "texts"
OVERSAMPLED = 8
MOST_ROWS = 20_000
LENGTH = "length"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn each column's words and directions, on at most 20,000 rows."""
    state = dict(words.fit(values, y, task, settings))
    rng = np.random.default_rng(task.seed)
    sample = np.sort(rng.permutation(len(values))[:MOST_ROWS])
    for place in range(values.shape[1]):
        block = words.dense(state, place, values[sample, place])
        state[f"directions{place}"] = _directions(block, int(settings.get("n_factors", 16)), rng)
    return state


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Texts (n_rows, n_columns) → float32 (n_rows, n_factors + 1 a column): factors, and the text's length."""
    parts = []
    for place in range(int(state["n_columns"])):
        parts.append(
            _factors(*words.weighted(state, place, values[:, place]), state[f"directions{place}"], len(values))
        )
        parts.append(np.array([[float(len(text))] for text in values[:, place]], np.float32).reshape(-1, 1))
    return np.concatenate(parts, axis=1).astype(np.float32) if parts else np.empty((len(values), 0), np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column factor i`, then the length."""
    return tuple(
        name
        for place, column in enumerate(columns)
        for name in (
            *(f"{column} factor {i + 1}" for i in range(np.shape(state[f"directions{place}"])[1])),
            f"{column} {LENGTH}",
        )
    )


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Factors of a column, and its length."""
    n_factors = [np.shape(state[f"directions{place}"])[1] for place in range(int(state["n_columns"]))]
    return [(place,) for place, n in enumerate(n_factors) for _ in range(n + 1)]


def single(state: Mapping[str, Any]) -> Single:
    """One row's factors and lengths."""
    columns = [
        (words.reader(state, place), np.asarray(state[f"directions{place}"]))
        for place in range(int(state["n_columns"]))
    ]

    def features(values: Sequence[str]) -> list[float]:
        made: list[float] = []
        for text, (read, directions) in zip(values, columns, strict=True):
            made += words.added(*read(text), directions)
            made.append(float(len(text)))
        return made

    return features


def _factors(row: np.ndarray, word: np.ndarray, weight: np.ndarray, directions: np.ndarray, n_rows: int) -> np.ndarray:
    factors = np.zeros((n_rows, np.shape(directions)[1]), np.float64)
    if len(row):
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        # Each row's words are added up by themselves: a matrix product's sums hang on how many rows there are.
        factors[row[starts]] = np.add.reduceat(weight[:, None] * np.asarray(directions)[word], starts, axis=0)
    return factors


def _directions(block: np.ndarray, n_factors: int, rng: np.random.Generator) -> np.ndarray:
    n_factors = min(n_factors, *block.shape)
    if n_factors == 0:
        return np.zeros((block.shape[1], 0))
    probe = rng.normal(size=(block.shape[1], min(n_factors + OVERSAMPLED, block.shape[1]))).astype(np.float32)
    basis, _ = np.linalg.qr(block.T @ (block @ (block.T @ (block @ probe))))
    _, _, rows = np.linalg.svd(block @ basis, full_matrices=False)
    directions: np.ndarray = (basis @ rows.T)[:, :n_factors]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(n_factors)])
    return directions * np.where(signs == 0, 1, signs)
