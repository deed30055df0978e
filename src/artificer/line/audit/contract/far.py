"""Bounds that lie far beyond the range: no share of rows may pass them, where some may pass the range by chance.

A delivery's rows that pass training's range may be as many as chance makes of the allowed share (see `chance`), and so an age
of 400 would be let through. Chance brings no value that far: beyond the end by all that the range spans, and by ten times
what the last hundredth of the values spans, so that a long tail has room to go on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from artificer.core.stages import Rule
from artificer_runtime.schema import Column

FEWEST_VALUES = 1_000
TAIL, ROOM = 0.01, 10.0


def far_of(column: Column, known: np.ndarray) -> list[Rule]:
    """Find the bounds of a column of numbers, or of moments, of which later ones have none.

    Parameters
    ----------
    known : array of float64, (n_known,)
        Its values; infinite ones are passed over. The ends are those of the column, which say nothing of single persons.

    Returns
    -------
    list of Rule
        Empty where fewer than a thousand values tell too little of the tails.
    """
    known, least, greatest = known[np.isfinite(known)], column.low, column.high
    if len(known) < FEWEST_VALUES or least is None or greatest is None or not 0 < greatest - least < np.inf:
        return []
    digit = 10.0 ** (math.floor(math.log10(greatest - least)) - 1)
    below, above = reach(known, least, greatest)
    high = _rounded(math.ceil, above, digit) if column.kind == "number" else None
    return [
        Rule(
            "range",
            (column.name,),
            _rounded(math.floor, below, digit),
            high,
            severity="warning",
            learned="none far beyond it",
        )
    ]


def reach(known: np.ndarray, least: float, greatest: float) -> tuple[float, float]:
    """How far values may go by chance that usually lie between two ends, to either side."""
    span, (first, last) = greatest - least, np.quantile(known, (TAIL, 1 - TAIL)).tolist()
    return least - max(span, ROOM * (first - least)), greatest + max(span, ROOM * (greatest - last))


def without_wider(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules without ranges in which an earlier one of the same column lies: where no share may pass, this one says it all."""
    kept: list[Rule] = []
    for rule in rules:
        if rule.kind != "range" or not any(_within(one, rule) for one in kept):
            kept.append(rule)
    return tuple(kept)


def _within(one: Rule, other: Rule) -> bool:
    if one.kind != "range" or one.columns != other.columns:
        return False
    low, high = (-math.inf if one.low is None else one.low), (math.inf if one.high is None else one.high)
    return (other.low is None or low >= other.low) and (other.high is None or high <= other.high)


def _rounded(outward: Callable[[float], int], value: float, digit: float) -> float:
    """To two digits of the span, for people to read."""
    return float(f"{outward(value / digit) * digit:.12g}")
