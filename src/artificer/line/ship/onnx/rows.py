"""Rows that nobody ever was, made from a schema: what stands at its edges, and what lies within.

With them a graph is held against the package, and they travel in the file, so that it can be held against it anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artificer.line.ship.onnx.columns import read_columns
from artificer_runtime.schema import GROUPS, Column, Schema
from artificer_runtime.texts import LONGEST
from artificer_runtime.values import missing_numbers

RANDOM_ROWS, MOST_LEVELS, MOST_ROWS = 100, 20, 300
DAY_S = 86_400.0
LEAP_DAY, AFTER_NO_LEAP_DAY, LONG_AGO = 951_782_400.0, 4_107_542_400.0, -2_208_988_800.0  # 2000, 2100, 1900
NUMBERS = (np.nan, 0.0, -0.0, 1e300, -1e300, 1e-40)

Rows = dict[str, list[Any]]


def synthetic(schema: Schema, words: Mapping[str, Sequence[str]], seed: int = 0) -> Rows:
    """Make rows: for each odd value of a column a row that holds it, then rows of usual values.

    Parameters
    ----------
    words : column of texts → words or runs of letters that the model knows; texts are made of them

    Returns
    -------
    dict of str to list
        Numbers and moments (seconds since 1970) as float, NaN where missing; all else as str, "" where missing.
    """
    rng = np.random.default_rng(seed)
    columns = read_columns(schema)
    odd = {column.name: _odd(column, schema.missing, words.get(column.name, ())) for column in columns}
    each = max(1, (MOST_ROWS - RANDOM_ROWS) // max(len(columns), 1))
    cases = [(name, value) for name, values in odd.items() for value in values[:each]]
    n_rows = len(cases) + RANDOM_ROWS
    rows = {
        column.name: _usual(column, odd[column.name], words.get(column.name, ()), n_rows, rng) for column in columns
    }
    for row, (name, value) in enumerate(cases):
        rows[name][row] = value
    return rows


def as_the_runtime_takes(schema: Schema, rows: Rows) -> dict[str, Any]:
    """The same rows, moments as moments."""
    taken: dict[str, Any] = dict(rows)
    for column in read_columns(schema):
        if GROUPS[column.kind] == "times":
            seconds = np.array(rows[column.name], np.float64)
            moments = np.where(np.isnan(seconds), 0.0, seconds * 1e6).round().astype("datetime64[us]")
            moments[np.isnan(seconds)] = np.datetime64("NaT")
            taken[column.name] = moments
        elif GROUPS[column.kind] == "numbers":
            taken[column.name] = np.array(rows[column.name], np.float64)
    return taken


def _odd(column: Column, missing: Sequence[str], words: Sequence[str]) -> list[Any]:
    low, high = _range(column)
    if column.kind == "number":
        within = () if column.within is None else (*column.within, column.within[0] - 1, column.within[1] + 1)
        return [*NUMBERS, low, high, low - 1, high + 1, *column.gaps, *missing_numbers(missing), *within]
    if column.kind == "time":
        return [np.nan, low, high, low - 1, high + 400 * DAY_S, LEAP_DAY, AFTER_NO_LEAP_DAY, LONG_AGO, -1.0, low + 0.5]
    if column.kind == "text":
        return ["", " ?", "never seen before", *missing, *_odd_texts(words)]
    spelled = ("TRUE", "False", "1", "0") if column.kind == "boolean" else ()
    levels = column.levels[:MOST_LEVELS]
    return ["", "never seen before", " N/A ", *spelled, *missing, *(one for one, _ in column.spellings), *levels]


def _odd_texts(words: Sequence[str]) -> list[str]:
    """Known words in capitals, among odd letters, spaces and signs, and in a text longer than is read."""
    if not words:
        return []
    a, b, c = (words[place].strip() for place in (0, len(words) // 2, -1))
    return [
        f"{a}{a} {a} {a}, {b}: {c}",
        f"\u00a0\u2003 {a.upper()}\u2003{b.title()}!!\t{c}_{a} {c.upper()}.\x1c\n",
        f"{a}\u0130{b} \u0130{a} {b}\u0130 I{c}I \u0131{c}",  # with and without a dot
        f"\u03a3{a} {a}\u03a3 {b} \u03a3\u03a3. \u03c2{c}",  # sigmas
        f"\u212a\u2126\u1e9e \u01c5{a} {b}e\u0301 \ufb01{c}",  # a Kelvin, a title letter, an accent apart, a ligature
        f"\U0001f600{a}\U0001f600 {b}\u200d{c} \u4e2d{a} {b}\u6587",
        f"\ufeff{a}\ufeff \u200b{b} \u0661\u0662 \u00b2{c} 12 {a}12",
        f"x\x01{a}\x1f{b}\x85{c}",  # no NUL: C and JavaScript end a string there
        " " * 9 + f"{a} {b} {c}. " * (1 + LONGEST // (len(a + b + c) + 4)),
        a * LONGEST,
    ]


def _usual_text(words: Sequence[str], rng: np.random.Generator) -> str:
    drawn = [words[place].strip() for place in rng.integers(0, len(words), rng.integers(1, 25))]
    return "".join(
        (word, word.upper(), word.title())[rng.choice(3, p=(0.8, 0.1, 0.1))]
        + str(rng.choice((" ", ", ", "! ", "\n", "'")))
        for word in drawn
    )


def _usual(
    column: Column, odd: Sequence[Any], words: Sequence[str], n_rows: int, rng: np.random.Generator
) -> list[Any]:
    if words:
        return [_usual_text(words, rng) for _ in range(n_rows)]
    if GROUPS[column.kind] in ("codes", "texts"):
        return list(rng.choice(np.array(column.levels or odd, np.object_), n_rows))
    low, high = _range(column)
    values = rng.uniform(low, high, n_rows)
    whole = low == np.floor(low) and high == np.floor(high) and high - low > 1
    drawn: list[Any] = (np.round(values) if whole else values).tolist()
    return drawn


def _range(column: Column) -> tuple[float, float]:
    low = 0.0 if column.low is None else column.low
    return low, max(low, low + 1.0 if column.high is None else column.high)
