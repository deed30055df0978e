"""Pairs of columns in order, such as `start <= end`: those that always hold and that chance would break.

A pair says something only where its columns' ranges overlap so far that values of other rows would often break it.
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import polars as pl

from artificer.core.stages import Rule
from artificer.line.audit.contract.chance import largest_share
from artificer_runtime.schema import Column

FEWEST_ROWS = 100
MOST_COLUMNS = 30
MOST_RELATIONS = 10
# Share of rows that would break it if the two columns knew nothing of each other.
TELLING = 0.05
SAMPLE = 2_000


def relations_of(frame: pl.DataFrame, columns: Sequence[Column]) -> list[Rule]:
    """Find orders of two numbers, or of two moments, that hold in every row that has both.

    At most ten, the most telling first; none that others imply.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    """
    found: list[tuple[float, str, str, int]] = []
    for kind in ("number", "time"):
        names = [one.name for one in columns if one.kind == kind and nameable(one.name)]
        if len(names) <= MOST_COLUMNS:
            values = {name: frame[name].cast(pl.Int64 if kind == "time" else pl.Float64) for name in names}
            found += [pair for one, other in permutations(names, 2) if (pair := _ordered(values[one], values[other]))]
    twins = {(one, other) for _, one, other, _ in found} & {(other, one) for _, one, other, _ in found}
    kept = [pair for pair in sorted(found, reverse=True) if (pair[1], pair[2]) not in twins]
    orders = {(one, other) for _, one, other, _ in kept}
    middle = {name for pair in orders for name in pair}
    direct = [
        pair for pair in kept if not any({(pair[1], name), (name, pair[2])} <= orders for name in middle)
    ]  # a <= c says nothing beside a <= b and b <= c
    return [
        Rule(
            "relation",
            (one, other),
            text=f"{one} <= {other}",
            allow=largest_share(n),
            learned=f"holds in all {n:,} training rows that have both; by chance {share:.0%} would break it",
        )
        for share, one, other, n in direct[:MOST_RELATIONS]
    ]


def nameable(name: str) -> bool:
    """Whether an expression can name a column."""
    return name.isidentifier() and not keyword.iskeyword(name)


def _ordered(one: pl.Series, other: pl.Series) -> tuple[float, str, str, int] | None:
    if (one[:SAMPLE] > other[:SAMPLE]).any():
        return None
    both = (one.is_not_null() & other.is_not_null()).to_numpy()
    n = int(both.sum())
    if n < FEWEST_ROWS or (one > other).any():
        return None
    left, right = one.to_numpy()[both], np.sort(other.to_numpy()[both])
    share = float(np.searchsorted(right, left, side="left").mean() / n)
    return (share, one.name, other.name, n) if share >= TELLING else None
