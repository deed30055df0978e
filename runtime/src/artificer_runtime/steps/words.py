"""Words of a text, or runs of letters in them, weighted by their rarity (tf-idf), for linear models.

Term frequency enters as 1 + log tf, rarity as log((1 + n) / (1 + df)) + 1, rows have length one (Manning, Raghavan and
Schütze 2008, "Introduction to information retrieval", chapter 6). Settings: `max_words` (1000), `min_rows` (2), and
`letters`, the lengths of runs that are read in place of words, such as [3, 4]; a word's begin and end count as one letter each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import State, Task

VERSION = 1
READS: Literal["texts"] = "texts"
_WORD = re.compile(r"\w\w+")
LONGEST = 20_000  # characters of one text that are read


def tokens(text: str, letters: Sequence[int] = ()) -> list[str]:
    """Words of at least two letters or digits, in lower case; or all that is not space, as runs of so many letters.

    >>> tokens("No 12 a", [3]), tokens("No 12 a")
    ([' no', 'no ', ' 12', '12 ', ' a '], ['no', '12'])
    """
    text = text[:LONGEST].lower()
    if not letters:
        return _WORD.findall(text)
    padded = [f" {word} " for word in text.split()]
    return [word[at : at + n] for word in padded for n in letters for at in range(len(word) - n + 1)]


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn each column's vocabulary: the words that most rows hold."""
    letters = [int(n) for n in settings.get("letters", ())]
    state: State = {"n_columns": values.shape[1], "letters": letters}
    for place, column in enumerate(values.T):
        counts = Counter(word for text in column for word in set(tokens(text, letters)))
        fewest = min(int(settings.get("min_rows", 2)), max(len(column), 1))
        common = sorted((-n, word) for word, n in counts.items() if n >= fewest)[: int(settings.get("max_words", 1000))]
        state[f"words{place}"] = [word for _, word in common]
        df = np.array([-n for n, _ in common], np.float64)
        state[f"rarity{place}"] = np.log((1 + len(column)) / (1 + df)) + 1
    return state


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Texts (n_rows, n_columns) → float32 (n_rows, n_words), rows of length one in each column or zero."""
    parts = [dense(state, place, values[:, place]) for place in range(int(state["n_columns"]))]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(values), 0), np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column: word`."""
    return tuple(f"{column}: {word}" for place, column in enumerate(columns) for word in state[f"words{place}"])


def dense(state: Mapping[str, Any], place: int, texts: np.ndarray) -> np.ndarray:
    """One column's weighted words: float32 (n_rows, n_words)."""
    row, word, weight = weighted(state, place, texts)
    block = np.zeros((len(texts), len(state[f"words{place}"])), np.float32)
    block[row, word] = weight
    return block


def weighted(state: Mapping[str, Any], place: int, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, word and weight of what is not zero in one column, sorted by row, then word."""
    where = {word: index for index, word in enumerate(state[f"words{place}"])}
    letters = state.get("letters", ())
    found = [[where[word] for word in tokens(text, letters) if word in where] for text in texts]
    n_words = max(len(where), 1)
    rows = np.repeat(np.arange(len(texts)), [len(one) for one in found])
    flat = np.fromiter((index for one in found for index in one), np.int64, len(rows))
    pairs, counts = np.unique(rows * n_words + flat, return_counts=True)
    row, word = pairs // n_words, pairs % n_words
    weight = (1 + np.log(counts)) * np.asarray(state[f"rarity{place}"], np.float64)[word]
    # bincount adds in order, so that a row's length hangs on its own words alone.
    length = np.sqrt(np.bincount(row, weights=weight**2, minlength=len(texts)))
    return row, word, (weight / length[row]).astype(np.float32)
