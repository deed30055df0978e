"""After the event: a cell is filled, empty, or holds a certain value only where the outcome has happened.

A single such cell gives the outcome away, while the column as a whole may tell too little to look suspicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.data.scan import ColumnProfile
from artificer.line.audit.leakage import SUSPECT
from artificer.line.audit.seen import Seen, check

# Of the rows of other outcomes that chance would bring: at least so many, and no more than this share is there.
LEAST_EXPECTED, LARGEST_REST = 15.0, 0.05
# Of the outcome's rows, those that bear the mark. Houses without a garage are 10% of the cheaper half.
LEAST_COVERED, LEAST_COVERED_OF_HALF = 0.1, 0.25
MOST_LEVELS = 200
COMMONEST = 0.2


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that can be said of a cell: in words, and where it holds, (n_rows,)."""

    says: str
    holds: np.ndarray
    is_gap: bool


@check("after_event", "profile", "rows", "prices")
def after_event(seen: Seen) -> Iterator[Finding]:
    """Report features with such cells, the mark that covers most of the outcome's rows."""
    outcomes, alone = _outcomes(seen), seen.prices.alone
    for name in seen.asked.features:
        if name == seen.brief.data.time or alone.get(name, 0.0) >= SUSPECT:
            continue  # `leakage` tells of it
        marks = _marks(seen.rows.frame[name], seen.profile.column(name))
        found = [one for mark in marks for one in _given_away(mark, outcomes)]
        if found:
            yield _finding(seen, name, *max(found, key=lambda one: one[3]))


def _marks(column: pl.Series, profile: ColumnProfile) -> Iterator[Mark]:
    empty = column.is_null()
    if column.dtype.is_float():
        empty = empty | column.is_nan().fill_null(True)
    if empty.any():
        yield Mark("is filled", (~empty).to_numpy(), True)
        yield Mark("is empty", empty.to_numpy(), True)
    if column.dtype.is_numeric():
        if profile.heavy and profile.heavy[0][1] >= COMMONEST * len(column) and profile.n_distinct > 2:
            usual = column.filter(~empty).mode().sort()[0]
            yield Mark(f"is other than {usual:g}", ((column != usual).fill_null(False) & ~empty).to_numpy(), False)
    elif profile.kind in ("category", "boolean"):
        counts = column.drop_nulls().value_counts(sort=True)
        for value in counts.filter(counts.to_series(1) >= LEAST_EXPECTED).to_series(0)[:MOST_LEVELS]:
            yield Mark("holds one of its values", (column == value).fill_null(False).to_numpy(), False)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What may have happened: the names, which of them each row is of, (n_rows,), and which is success (or -1).

    `least_covered` is the share of an outcome's rows that a mark must cover to give it away.
    """

    names: tuple[str, ...]
    of_row: np.ndarray
    success: int
    least_covered: float


def _outcomes(seen: Seen) -> Outcomes:
    """The classes; of numbers, the halves."""
    y = seen.rows.y
    if seen.asked.classes:
        names = tuple(f"'{name}'" for name in seen.asked.classes)
        return Outcomes(names, y.astype(np.int64), seen.asked.positive, LEAST_COVERED)
    upper = (y > np.median(y)).astype(np.int64)
    return Outcomes(("not above its median", "above its median"), upper, -1, LEAST_COVERED_OF_HALF)


def _given_away(mark: Mark, outcomes: Outcomes) -> Iterator[tuple[Mark, str, float, float]]:
    """Outcomes that a mark gives away: mark, name, its share among the marked rows, share of its rows that are marked.

    A value tells of success alone: many a value is held by failures only, where success is rare.
    """
    n_of = np.bincount(outcomes.of_row, minlength=len(outcomes.names))
    n_marked = np.bincount(outcomes.of_row[mark.holds], minlength=len(n_of))
    total = int(n_marked.sum())
    for one in range(len(n_of)) if mark.is_gap else (outcomes.success,):
        if one < 0 or not n_of[one]:
            continue
        expected = total * (1.0 - n_of[one] / n_of.sum())
        covered = float(n_marked[one] / n_of[one])
        is_pure = expected >= LEAST_EXPECTED and total - n_marked[one] <= LARGEST_REST * expected
        if is_pure and covered >= outcomes.least_covered:
            yield mark, outcomes.names[one], float(n_marked[one] / total), covered


def _finding(seen: Seen, name: str, mark: Mark, outcome: str, purity: float, covered: float) -> Finding:
    return Finding(
        code="after_event",
        severity="warning" if mark.is_gap else "note",
        where=name,
        says=f"'{name}' {mark.says} almost only where '{seen.brief.target.column}' is {outcome} ({purity:.1%} of such rows, "
        f"{covered:.0%} of those of that outcome): it seems to be written down after the event",
        fix=f'if it is known only afterwards, name it in [target] known_after = ["{name}"]',
        facts=(
            Fact("purity", purity, "share of the rows that bear the mark"),
            Fact("covered", covered, "share of the outcome's rows"),
        ),
    )
