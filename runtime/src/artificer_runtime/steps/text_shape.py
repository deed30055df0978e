"""What a text looks like: how long it is, and how many of its characters are digits, capitals and marks.

Words leave that out, and it tells apart what is written in haste, filled into a form, or sold (Sahami, Dumais, Heckerman and
Horvitz 1998, "A Bayesian approach to filtering junk e-mail", AAAI workshop on learning for text categorization). Counts
come as log(1 + n), shares are of all characters; of a text its first 20,000 are read, and one that is missing has none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Single, Sources, State, Task
from artificer_runtime.texts import LONGEST

VERSION = 1
READS: Literal["texts"] = "texts"
# What stands for a character of each kind.
SPACE, LETTER, DIGIT, CAPITAL, MARK, EXCLAMATION, QUESTION, CURRENCY = " a0A.!?$"
MARKS = (MARK, EXCLAMATION, QUESTION, CURRENCY)
COUNTED = (
    "characters",
    "words",
    "digits",
    "capitals",
    "marks",
    "exclamation marks",
    "question marks",
    "currency signs",
)
SHARED = ("digits", "capitals", "marks")
FEATURES = (*COUNTED, *(f"share of {one}" for one in SHARED))
MOST_KNOWN = 5_000


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Nothing is learned."""
    return {}


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Texts (n_rows, n_columns) → float32 (n_rows, 11 × n_columns)."""
    features = single(state)
    return np.array([features(row) for row in values.tolist()], np.float32).reshape(
        len(values), len(FEATURES) * values.shape[1]
    )


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column digits`, and so on."""
    return tuple(f"{column} {feature}" for column in columns for feature in FEATURES)


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Eleven features a column."""
    return [(place,) for place in range(n_columns) for _ in FEATURES]


def single(state: Mapping[str, Any]) -> Single:
    """One row's texts."""
    logs = _logs()

    def features(values: Sequence[str]) -> list[float]:
        made: list[float] = []
        for text in values:
            kinds = text[:LONGEST].translate(_KINDS)
            n_marks = sum(map(kinds.count, MARKS))
            digits, capitals, all_of_it = kinds.count(DIGIT), kinds.count(CAPITAL), max(len(kinds), 1)
            made += (logs[len(kinds)], logs[len(kinds.split())], logs[digits], logs[capitals], logs[n_marks])
            made += (logs[kinds.count(EXCLAMATION)], logs[kinds.count(QUESTION)], logs[kinds.count(CURRENCY)])
            made += (digits / all_of_it, capitals / all_of_it, n_marks / all_of_it)
        return made

    return features


def kind(character: str) -> str:
    """Which of the kinds a character is of.

    >>> "".join(map(kind, "Ça coûte 3 € !"))
    'Aa aaaaa 0 $ !'
    """
    if character.isspace():
        return SPACE
    if character in (EXCLAMATION, QUESTION):
        return character
    if character.isdecimal():
        return DIGIT
    if character.isupper():
        return CAPITAL
    if character.isalnum() or character == "_":
        return LETTER
    return CURRENCY if unicodedata.category(character) == "Sc" else MARK


class _Kinds(dict[int, str]):
    """Character → its kind, told when it is first met; of those behind the 5,000th, each time."""

    def __missing__(self, code: int) -> str:
        found = kind(chr(code))
        if len(self) < MOST_KNOWN:
            self[code] = found
        return found


_KINDS = _Kinds()


@cache
def _logs() -> list[float]:
    """Logarithms of 1 + n: from one table, so that a row alone gets the bits that it gets among others."""
    found: list[float] = np.log1p(np.arange(LONGEST + 1)).tolist()
    return found
