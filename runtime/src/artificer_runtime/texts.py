"""Texts as counts of their words, or of runs of letters; told once a text where several steps and folds read the same.

`remembered` texts carry their counts along when rows or columns of them are taken, and forget them when the last such
array goes: nothing is kept of rows that a caller sends to predict.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np

_WORD = re.compile(r"\w\w+")
LONGEST = 20_000  # characters of one text that are read


class Texts(np.ndarray):
    """An array of str objects that remembers what its texts hold."""

    memory: Memory | None

    def __array_finalize__(self, made: Any) -> None:
        """Pass the memory on to slices and selections."""
        self.memory = getattr(made, "memory", None)


def remembered(texts: np.ndarray) -> np.ndarray:
    """Let texts be read into words once, whatever is taken of them later."""
    kept = texts.view(Texts)
    kept.memory = Memory()
    return kept


def tokens(text: str, letters: Sequence[int] = ()) -> list[str]:
    """Words of at least two letters or digits, in lower case; or all that is not space, as runs of so many letters.

    >>> tokens("No 12 a", [3]), tokens("No 12 a")
    ([' no', 'no ', ' 12', '12 ', ' a '], ['no', '12'])
    """
    text = text[:LONGEST].lower()
    return [run for word in text.split() for run in _runs(word, letters)] if letters else _WORD.findall(text)


class Memory:
    """What texts hold, by the kind of token that is counted."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[int, ...], Counts] = {}
        self._lock = Lock()

    def counts(self, letters: Sequence[int]) -> Counts:
        """Counts of words, or of runs of so many letters."""
        with self._lock:
            return self._kinds.setdefault(tuple(letters), Counts(tuple(letters)))


class Counts:
    """How often each token stands in each text that was seen.

    Attributes
    ----------
    place : token → its number, in the order in which tokens were met
    """

    def __init__(self, letters: tuple[int, ...]) -> None:
        self.letters = letters
        self.place: defaultdict[str, int] = defaultdict()
        self.place.default_factory = self.place.__len__
        self._bags: dict[str, np.ndarray] = {}
        self._lock = Lock()

    def of(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row, token and count, each int64 (n,), sorted by row; a token stands once a row."""
        with self._lock:
            self._read([text for text in dict.fromkeys(texts.tolist()) if text not in self._bags])
        bags = [self._bags[text] for text in texts.tolist()]
        rows = np.repeat(np.arange(len(bags)), [bag.shape[1] for bag in bags])
        token, count = np.concatenate([np.empty((2, 0), np.int32), *bags], axis=1).astype(np.int64)
        return rows, token, count

    def _read(self, texts: list[str]) -> None:
        lengths, flat = self._in_runs(texts) if self.letters else self._in_words(texts)
        n_tokens = max(len(self.place), 1)
        pairs, counts = np.unique(np.repeat(np.arange(len(texts)), lengths) * n_tokens + flat, return_counts=True)
        ends = np.searchsorted(pairs, np.arange(1, len(texts)) * n_tokens)
        both = np.stack([pairs % n_tokens, counts]).astype(np.int32)
        self._bags.update(zip(texts, np.split(both, ends, axis=1), strict=True) if texts else ())

    def _in_words(self, texts: list[str]) -> tuple[list[int], np.ndarray]:
        found = [tokens(text) for text in texts]
        lengths = list(map(len, found))
        return lengths, np.fromiter(map(self.place.__getitem__, chain.from_iterable(found)), np.int64, sum(lengths))

    def _in_runs(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """A word comes again and again: each is cut into runs once, and its runs are laid out where it stands."""
        found = [text[:LONGEST].lower().split() for text in texts]
        n_words = np.fromiter(map(len, found), np.int64, len(found))
        met: defaultdict[str, int] = defaultdict()
        met.default_factory = met.__len__
        word = np.fromiter(map(met.__getitem__, chain.from_iterable(found)), np.int64, int(n_words.sum()))
        cut = [[self.place[run] for run in _runs(one, self.letters)] for one in met]
        n_runs = np.fromiter(map(len, cut), np.int64, len(cut))
        flat, starts = np.fromiter(chain.from_iterable(cut), np.int64, int(n_runs.sum())), np.cumsum(n_runs) - n_runs
        each = n_runs[word]
        within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        lengths = np.bincount(np.repeat(np.arange(len(found)), n_words), weights=each, minlength=len(found))
        return lengths.astype(np.int64), flat[np.repeat(starts[word], each) + within]


def counts_of(texts: np.ndarray, letters: Sequence[int]) -> Counts:
    """The counts that the texts remember, or new ones."""
    memory = getattr(texts, "memory", None)
    return memory.counts(letters) if memory is not None else Counts(tuple(letters))


def _runs(word: str, letters: Sequence[int]) -> list[str]:
    padded = f" {word} "  # its begin and its end count as one letter each
    return [padded[at : at + n] for n in letters for at in range(len(padded) - n + 1)]
