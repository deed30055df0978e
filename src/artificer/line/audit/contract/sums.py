"""Sums of columns, such as `net + tax == gross`: those that hold in every row, to half a unit of the last digit.

Only rows in which neither part is 0 tell anything: 100 of them must be there, and the sum must change from one to the next in
half of them, so that chance could not hold it in all. How many may yet break it: see `chance`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from artificer.core.stages import Rule
from artificer.line.audit.contract.chance import largest_share
from artificer.line.audit.contract.relations import MOST_COLUMNS, nameable
from artificer_runtime.schema import Column

FEWEST_ROWS = 100
MOST_SUMS = 5
HEAD = 64
MOST_DIGITS = 4
LARGEST = 2.0**40  # up to here a double tells a number to less than NEARLY
NEARLY = 1e-3
VARIED = 0.5


def sums_of(frame: pl.DataFrame, columns: Sequence[Column]) -> list[Rule]:
    """Find numbers that two others add up to; at most five.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    """
    names = [one.name for one in columns if one.kind == "number" and nameable(one.name)]
    if not 3 <= len(names) <= MOST_COLUMNS:
        return []
    values = frame.select(pl.col(names).cast(pl.Float64)).to_numpy()
    told = values[np.isfinite(values).all(axis=1)][:HEAD]
    found = (_rule(values, names, *one) for one in _candidates(told))
    return [rule for rule in found if rule is not None][:MOST_SUMS]


def _candidates(told: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Parts and sums that hold in the first rows."""
    if not len(told):
        return
    room = 10.0**-MOST_DIGITS + 1e-9 * np.abs(told).max(initial=0.0)
    for one, other in combinations(range(told.shape[1]), 2):
        fits = (np.abs(told[:, [one]] + told[:, [other]] - told) <= room).all(axis=0)
        yield from ((one, other, int(place)) for place in np.flatnonzero(fits) if place not in (one, other))


def _rule(values: np.ndarray, names: Sequence[str], one: int, other: int, whole: int) -> Rule | None:
    rows = values[:, [one, other, whole]]
    rows = rows[np.isfinite(rows).all(axis=1)]
    digits = _digits(rows)
    if digits is None:
        return None
    near = 0.5 * 10.0**-digits
    telling = rows[(rows[:, :2] != 0).all(axis=1)]
    if len(telling) < FEWEST_ROWS or (np.abs(rows[:, 0] + rows[:, 1] - rows[:, 2]) > near).any():
        return None
    if any((np.diff(telling[:, place]) != 0).mean() < VARIED for place in range(3)):
        return None
    a, b, c = (names[place] for place in (one, other, whole))
    text = f"{a} + {b} == {c}" if not digits else f"{-near!r} <= {a} + {b} - {c} <= {near!r}"
    said = f"holds in all {len(rows):,} training rows that have the three; in {len(telling):,} both parts count"
    return Rule("relation", (a, b, c), text=text, allow=largest_share(len(telling)), learned=said)


def _digits(rows: np.ndarray) -> int | None:
    """Digits after the point that suffice for all values; None where they are many."""
    largest = float(np.abs(rows).max(initial=0.0))
    for digits in range(MOST_DIGITS + 1):
        scaled = rows * 10.0**digits
        if largest * 10.0**digits < LARGEST and (np.abs(scaled - np.round(scaled)) < NEARLY).all():
            return digits
    return None
