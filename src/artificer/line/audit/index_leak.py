"""Index leaks: the order of the rows, or a number that counts them, tells the target.

Rows that were stacked by outcome before they were numbered carry it in every count of them, and in no new row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.line.ask import ROW
from artificer.line.audit.leakage import in_words
from artificer.line.audit.seen import Seen, check

# Of what there is to tell; by chance 200 rows tell 0.08.
TELLING = 0.3
FEWEST_ROWS = 200
# A number counts rows where nearly all are whole and different, and stand as close as numbers dealt to rows do.
LEAST_DISTINCT, LEAST_DENSITY = 0.98, 0.02


@check("index_leak", "rows", "prices")
def index_leak(seen: Seen) -> Iterator[Finding]:
    """Report features that count rows and tell the target, and an order of rows that does where no time explains it."""
    if seen.rows.n_rows < FEWEST_ROWS:
        return
    kept = seen.prices.kept
    counts = [name for name in seen.asked.features if name in seen.prices.alone and _counts(seen.rows.frame[name])]
    for name in counts:
        if seen.prices.alone[name] >= TELLING:
            yield _counted(seen, name, seen.prices.alone[name])
    order = seen.rows.frame[ROW].to_numpy()[kept].astype(np.float64)
    told = seen.prices.tells(order)
    if told >= TELLING and not seen.brief.data.time:
        yield _ordered(seen, told)


def _counts(column: pl.Series) -> bool:
    """Whether a column holds numbers of rows: whole, different, and close to each other."""
    if not column.dtype.is_numeric():
        return False
    known = column.fill_nan(None).drop_nulls()
    if len(known) < FEWEST_ROWS or not bool((known % 1 == 0).all()) or known.n_unique() < LEAST_DISTINCT * len(known):
        return False
    return len(known) >= LEAST_DENSITY * (float(known.max()) - float(known.min()) + 1)  # type: ignore[arg-type]


def _counted(seen: Seen, name: str, told: float) -> Finding:
    return Finding(
        code="index_leak",
        severity="warning",
        where=name,
        says=f"'{name}' looks like a count of the rows and tells '{seen.brief.target.column}' ({in_words(told, seen)}): the "
        "rows were numbered after they were sorted or stacked by outcome, which new rows are not",
        fix=f'leave it out: [features] exclude = ["{name}"]',
        facts=(Fact("told_alone", told, "share of what there is to tell"),),
    )


def _ordered(seen: Seen, told: float) -> Finding:
    return Finding(
        code="index_leak",
        severity="warning",
        where="rows",
        says=f"the order of the rows tells '{seen.brief.target.column}' ({in_words(told, seen)}): they are sorted or stacked "
        "by outcome, or the outcome changes along them",
        fix="leave out whatever counts rows or was stored in their order; if they are in order of time, name the column "
        "of the moment in [data] time",
        facts=(Fact("told_by_order", told, "share of what there is to tell"),),
    )
