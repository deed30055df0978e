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
# Of the outcome's rows, those that bear the mark.
LEAST_COVERED = 0.1
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
    if not seen.asked.classes:
        return
    y, alone = seen.rows.y.astype(np.int64), seen.prices.alone
    for name in seen.asked.features:
        if name == seen.brief.data.time or alone.get(name, 0.0) >= SUSPECT:
            continue  # `leakage` tells of it
        found = [one for mark in _marks(seen.rows.frame[name], seen.profile.column(name)) for one in _outcomes(seen, mark, y)]
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
            usual = column.filter(~empty).mode()[0]
            yield Mark(f"is other than {usual:g}", ((column != usual).fill_null(False) & ~empty).to_numpy(), False)
    elif profile.kind in ("category", "boolean"):
        counts = column.drop_nulls().value_counts(sort=True)
        for value in counts.filter(counts.to_series(1) >= LEAST_EXPECTED).to_series(0)[:MOST_LEVELS]:
            yield Mark("holds one of its values", (column == value).fill_null(False).to_numpy(), False)


def _outcomes(seen: Seen, mark: Mark, y: np.ndarray) -> Iterator[tuple[Mark, int, float, float]]:
    """Outcomes that the mark gives away: mark, class, its share among the marked rows, share of its rows that are marked.

    A value tells of success alone: many a value is held by failures only, where success is rare.
    """
    n_of, n_marked = np.bincount(y), np.bincount(y[mark.holds], minlength=len(seen.asked.classes))
    total = int(n_marked.sum())
    for outcome in range(len(n_of)) if mark.is_gap else (seen.asked.positive,):
        if outcome < 0 or not n_of[outcome]:
            continue
        expected = total * (1.0 - n_of[outcome] / len(y))
        covered = n_marked[outcome] / n_of[outcome]
        if (
            expected >= LEAST_EXPECTED
            and total - n_marked[outcome] <= LARGEST_REST * expected
            and covered >= LEAST_COVERED
        ):
            yield mark, outcome, float(n_marked[outcome] / total), float(covered)


def _finding(seen: Seen, name: str, mark: Mark, outcome: int, purity: float, covered: float) -> Finding:
    label = seen.asked.classes[outcome]
    return Finding(
        code="after_event",
        severity="warning" if mark.is_gap else "note",
        where=name,
        says=f"'{name}' {mark.says} almost only where '{seen.brief.target.column}' is '{label}' ({purity:.1%} of such rows, "
        f"{covered:.0%} of all '{label}'): it seems to be written down after the event",
        fix=f'if it is known only afterwards, name it in [target] known_after = ["{name}"]',
        facts=(
            Fact("purity", purity, "share of the rows that bear the mark"),
            Fact("covered", covered, "share of the outcome's rows"),
        ),
    )
