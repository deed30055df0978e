"""Rows that nobody ever was, made from a schema: what stands at its edges, and what lies within.

With them a graph is held against the package, and they travel in the file, so that it can be held against it anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from artificer.line.ship.onnx.columns import read_columns
from artificer_runtime.schema import GROUPS, Column, Schema
from artificer_runtime.values import missing_numbers

RANDOM_ROWS, MOST_LEVELS, MOST_ROWS = 100, 20, 300
DAY_S = 86_400.0
LEAP_DAY, AFTER_NO_LEAP_DAY, LONG_AGO = 951_782_400.0, 4_107_542_400.0, -2_208_988_800.0  # 2000, 2100, 1900
NUMBERS = (np.nan, 0.0, -0.0, 1e300, -1e300, 1e-40)

Rows = dict[str, list[Any]]


def synthetic(schema: Schema, seed: int = 0) -> Rows:
    """Make rows: for each odd value of a column a row that holds it, then rows of usual values.

    Returns
    -------
    dict of str to list
        Numbers and moments (seconds since 1970) as float, NaN where missing; all else as str, "" where missing.
    """
    rng = np.random.default_rng(seed)
    columns = read_columns(schema)
    odd = {column.name: _odd(column, schema.missing) for column in columns}
    each = max(1, (MOST_ROWS - RANDOM_ROWS) // max(len(columns), 1))
    cases = [(name, value) for name, values in odd.items() for value in values[:each]]
    n_rows = len(cases) + RANDOM_ROWS
    rows = {column.name: _usual(column, odd[column.name], n_rows, rng) for column in columns}
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


def _odd(column: Column, missing: Sequence[str]) -> list[Any]:
    low, high = _range(column)
    if column.kind == "number":
        within = () if column.within is None else (*column.within, column.within[0] - 1, column.within[1] + 1)
        return [*NUMBERS, low, high, low - 1, high + 1, *column.gaps, *missing_numbers(missing), *within]
    if column.kind == "time":
        return [np.nan, low, high, low - 1, high + 400 * DAY_S, LEAP_DAY, AFTER_NO_LEAP_DAY, LONG_AGO, -1.0, low + 0.5]
    if column.kind == "text":
        return ["", " ?", "never seen before", *missing]
    spelled = ("TRUE", "False", "1", "0") if column.kind == "boolean" else ()
    levels = column.levels[:MOST_LEVELS]
    return ["", "never seen before", " N/A ", *spelled, *missing, *(one for one, _ in column.spellings), *levels]


def _usual(column: Column, odd: Sequence[Any], n_rows: int, rng: np.random.Generator) -> list[Any]:
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
