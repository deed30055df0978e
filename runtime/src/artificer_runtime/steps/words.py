"""Words of a text, or runs of letters in them, weighted by their rarity (tf-idf), for linear models.

Term frequency enters as 1 + log tf, rarity as log((1 + n) / (1 + df)) + 1, rows have length one (Manning, Raghavan and
Schütze 2008, "Introduction to information retrieval", chapter 6). Settings: `max_words` (1000), `min_rows` (2), and
`letters`, the lengths of runs that are read in place of words, such as [3, 4]; a word's begin and end count as one letter each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task
from artificer_runtime.texts import counts_of, tokens

VERSION = 1
READS: Literal["texts"] = "texts"
FEW = 16  # rows up to which numpy's own calls would cost more than the words
MOST_PLACES = 64
_PLACES: dict[int, tuple[list[str], dict[str, int]]] = {}


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn each column's vocabulary: the words that most rows hold."""
    letters = [int(n) for n in settings.get("letters", ())]
    state: State = {"n_columns": values.shape[1], "letters": letters}
    for place, column in enumerate(values.T):
        fewest = min(int(settings.get("min_rows", 2)), max(len(column), 1))
        common = _common(column, letters, fewest, int(settings.get("max_words", 1000)))
        state[f"words{place}"] = [word for _, word in common]
        df = np.array([-n for n, _ in common], np.float64)
        state[f"rarity{place}"] = np.log((1 + len(column)) / (1 + df)) + 1
    return state


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Texts (n_rows, n_columns) → float32 (n_rows, n_words), rows of length one in each column or zero."""
    parts = [dense(state, place, values[:, place]) for place in range(int(state["n_columns"]))]
    if len(parts) == 1:
        return parts[0]  # which may be most of the memory there is: not copied
    return np.concatenate(parts, axis=1) if parts else np.empty((len(values), 0), np.float32)


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column: word`."""
    return tuple(f"{column}: {word}" for place, column in enumerate(columns) for word in state[f"words{place}"])


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Words of the first column, then of the next."""
    return [(place,) for place in range(int(state["n_columns"])) for _ in state[f"words{place}"]]


def dense(state: Mapping[str, Any], place: int, texts: np.ndarray) -> np.ndarray:
    """One column's weighted words: float32 (n_rows, n_words)."""
    row, word, weight = weighted(state, place, texts)
    block = np.zeros((len(texts), len(state[f"words{place}"])), np.float32)
    block[row, word] = weight
    return block


def weighted(state: Mapping[str, Any], place: int, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, word and weight of what is not zero in one column, sorted by row, then word."""
    found = _few if len(texts) <= FEW else _many
    row, word, count = found(state[f"words{place}"], state.get("letters", ()), texts)
    weight = (1 + np.log(count)) * np.asarray(state[f"rarity{place}"], np.float64)[word]
    # bincount adds in order, so that a row's length hangs on its own words alone.
    length = np.sqrt(np.bincount(row, weights=weight**2, minlength=len(texts)))
    return row, word, (weight / length[row]).astype(np.float32)


def _common(texts: np.ndarray, letters: list[int], fewest: int, most: int) -> list[tuple[int, str]]:
    """Minus the number of rows, and the word: the commonest first."""
    counts = counts_of(texts, letters)
    rows = np.bincount(counts.of(texts)[1], minlength=len(counts.place))
    if len(rows) > most > 0:
        fewest = max(fewest, int(np.partition(rows, -most)[-most]))
    words = list(counts.place)
    return sorted((-int(rows[place]), words[place]) for place in np.flatnonzero(rows >= max(fewest, 1)))[:most]


def _many(words: list[str], letters: Sequence[int], texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, word and how often, sorted by row, then word."""
    counts = counts_of(texts, letters)
    row, token, count = counts.of(texts)
    known = np.array([counts.place.get(word, -1) for word in words], np.int64)
    met = np.flatnonzero(known >= 0)
    where = np.full(len(counts.place), -1)
    where[known[met]] = met
    word = where[token]
    held = np.flatnonzero(word >= 0)
    held = held[np.argsort(row[held] * len(words) + word[held], kind="stable")]
    return row[held], word[held], count[held]


def _few(words: list[str], letters: Sequence[int], texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_many`, for a few rows."""
    places = _places(words)
    bags = [Counter([places[one] for one in tokens(text, letters) if one in places]) for text in texts.tolist()]
    found = [(row, word, bag[word]) for row, bag in enumerate(bags) for word in sorted(bag)]
    row, word, count = np.ascontiguousarray(np.array(found, np.int64).reshape(-1, 3).T)
    return row, word, count


def _places(words: list[str]) -> dict[str, int]:
    """Where each word of a vocabulary stands: kept for the vocabularies read last, since a row costs less than this."""
    held = _PLACES.get(id(words))
    if held is None or held[0] is not words:
        if len(_PLACES) >= MOST_PLACES:
            _PLACES.clear()
        held = _PLACES[id(words)] = (words, {word: place for place, word in enumerate(words)})
    return held[1]
