"""After the event: a cell is filled, empty, or holds a certain value only where the outcome has happened.

A single such cell gives the outcome away, while the column as a whole may tell too little to look suspicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.data.coded import dictionary
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
    """Something that can be said of a cell: in words, and of how many rows of each outcome it holds, (n_outcomes,)."""

    says: str
    n_marked: np.ndarray
    is_gap: bool


@check("after_event", "profile", "rows", "prices")
def after_event(seen: Seen) -> Iterator[Finding]:
    """Report features with such cells, the mark that covers most of the outcome's rows."""
    outcomes, alone = _outcomes(seen), seen.prices.alone
    for name in seen.asked.features:
        if name == seen.brief.data.time or alone.get(name, 0.0) >= SUSPECT:
            continue  # `leakage` tells of it
        marks = _marks(seen.rows.frame[name], seen.profile.column(name), outcomes)
        found = [one for mark in marks for one in _given_away(mark, outcomes)]
        if found:
            yield _finding(seen, name, *max(found, key=lambda one: one[3]))


def _marks(column: pl.Series, profile: ColumnProfile, outcomes: Outcomes) -> Iterator[Mark]:
    empty = column.is_null()
    if column.dtype.is_float():
        empty = empty | column.is_nan().fill_null(True)
    if empty.any():
        yield Mark("is filled", outcomes.counted(~empty), True)
        yield Mark("is empty", outcomes.counted(empty), True)
    if outcomes.success < 0:
        return  # see `_given_away`
    if column.dtype.is_numeric():
        if profile.heavy and profile.heavy[0][1] >= COMMONEST * len(column) and profile.n_distinct > 2:
            usual = column.filter(~empty).mode().sort()[0]
            other = (column != usual).fill_null(False) & ~empty
            yield Mark(f"is other than {usual:g}", outcomes.counted(other), False)
    elif profile.kind in ("category", "boolean"):
        for n_marked in _of_values(column, outcomes):
            yield Mark("holds one of its values", n_marked, False)


def _of_values(column: pl.Series, outcomes: Outcomes) -> np.ndarray:
    """How often each of the commonest values stands in rows of each outcome: int64 (at most 200, n_outcomes)."""
    texts, codes = dictionary(column)
    n_outcomes = len(outcomes.n_of)
    known = codes >= 0
    cells = codes[known].astype(np.int64) * n_outcomes + outcomes.of_row[known]
    counts = np.bincount(cells, minlength=len(texts) * n_outcomes).reshape(-1, n_outcomes)
    total = counts.sum(axis=1)
    commonest = np.argsort(-total, kind="stable")[:MOST_LEVELS]
    return np.asarray(counts[commonest[total[commonest] >= LEAST_EXPECTED]])


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What may have happened: the names, which of them each row is of, (n_rows,), and which is success (or -1).

    `least_covered` is the share of an outcome's rows that a mark must cover to give it away; `n_of` are the rows of each.
    """

    names: tuple[str, ...]
    of_row: np.ndarray
    success: int
    least_covered: float
    n_of: np.ndarray

    def counted(self, marked: pl.Series) -> np.ndarray:
        """How many of the marked rows are of each outcome: int64 (n_outcomes,)."""
        return np.bincount(self.of_row[marked.to_numpy()], minlength=len(self.n_of))


def _outcomes(seen: Seen) -> Outcomes:
    """The classes; of numbers, the halves."""
    y = seen.rows.y
    if seen.asked.classes:
        names = tuple(f"'{name}'" for name in seen.asked.classes)
        of_row = y.astype(np.int64)
        n_of = np.bincount(of_row, minlength=len(names))
        return Outcomes(names, of_row, seen.asked.positive, LEAST_COVERED, n_of)
    upper = (y > np.median(y)).astype(np.int64)
    names = ("not above its median", "above its median")
    return Outcomes(names, upper, -1, LEAST_COVERED_OF_HALF, np.bincount(upper, minlength=2))


def _given_away(mark: Mark, outcomes: Outcomes) -> Iterator[tuple[Mark, str, float, float]]:
    """Outcomes that a mark gives away: mark, name, its share among the marked rows, share of its rows that are marked.

    A value tells of success alone: many a value is held by failures only, where success is rare.
    """
    n_of, n_marked = outcomes.n_of, mark.n_marked
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
