"""Weights so uneven that a handful of rows is all that the model learns from.

Kish (1965), "Survey Sampling": n rows of weights w hold as much as (Σw)² / Σw² rows that weigh alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.ask import ROW
from artificer.line.audit.seen import Seen, check

FEWEST_ROWS = 50
# Classes of one in a hundred that are weighed up to half leave a twenty-fifth.
LEAST_LEFT = 0.02
# What one row may carry; of n that weigh alike each carries 1 / n.
MOST_OF_ONE = 0.1


@check("uneven_weights", "rows")
def uneven_weights(seen: Seen) -> Iterator[Finding]:
    """Report weights of which one carries a tenth of the whole, or that leave less than a fiftieth of the rows."""
    weight = seen.rows.weight
    if weight is None or len(weight) < FEWEST_ROWS:
        return
    shares = weight / weight.max()
    shares = shares / shares.sum()
    n_left, heaviest = 1.0 / float((shares**2).sum()), float(shares.max())
    if heaviest < MOST_OF_ONE and n_left >= LEAST_LEFT * len(weight):
        return
    row = int(seen.rows.frame[ROW][int(np.argmax(shares))])
    yield Finding(
        code="uneven_weights",
        severity="warning" if heaviest >= MOST_OF_ONE else "note",
        where=seen.brief.data.weight,
        says=f"weights leave {len(weight):,} rows as much to learn from as {n_left:,.0f} that weigh alike; the heaviest, "
        f"row {row:,} of the source (counted from 0), carries {heaviest:.0%} of all weight",
        fix="check the heaviest weights; if they are meant, cap them, so that a handful of rows does not decide all",
        facts=(Fact("n_left", n_left, "rows"), Fact("heaviest", heaviest, "share of weight")),
    )
