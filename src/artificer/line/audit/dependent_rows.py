"""Dependent rows: rows that say less than their number, being of one thing, or like the rows before them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.line.ask import ROW
from artificer.line.audit.entities import Entity, entities
from artificer.line.audit.group_leak import is_leak
from artificer.line.audit.seen import Seen, check

# Of neighbouring rows' targets; between independent rows it is 0, give or take 1 / sqrt(n_rows).
LEAST_CORRELATION = 0.1
STANDARD_ERRORS = 5.0
FEWEST_ROWS = 100


@check("dependent_rows", "profile", "rows")
def dependent_rows(seen: Seen) -> Iterator[Finding]:
    """Report entities that repeat, and a target that resembles that of the row before, where the brief names no role."""
    if seen.brief.data.group:
        return
    for one in entities(seen):
        if one.is_named and not is_leak(one):
            yield _repeated(one)
    if not seen.brief.data.time:
        yield from _alike(seen)


def _repeated(one: Entity) -> Finding:
    return Finding(
        code="dependent_rows",
        severity="note",
        where=one.name,
        says=f"'{one.name}' has {one.n_levels:,} values in {len(one.codes):,} rows, so several rows are of one thing and say "
        "less than as many of different ones: intervals are too narrow",
        fix=f'set [data] group = "{one.name}" to keep its rows on one side of every split',
        facts=(
            Fact("n_levels", float(one.n_levels), "values"),
            Fact("share_repeated", one.share_repeated, "share of rows"),
        ),
    )


def _alike(seen: Seen) -> Iterator[Finding]:
    y = seen.rows.y
    if len(y) < FEWEST_ROWS:
        return
    order = np.argsort(seen.rows.frame[ROW].to_numpy(), kind="stable")
    correlation = neighbours(y[order], len(seen.asked.classes))
    if correlation < max(LEAST_CORRELATION, STANDARD_ERRORS / len(y) ** 0.5):
        return
    yield Finding(
        code="dependent_rows",
        severity="warning",
        where="rows",
        says=f"rows that follow each other are alike in '{seen.brief.target.column}' (correlation {correlation:.2f}), which "
        "chance does not explain: a random split puts a row's neighbours on the other side",
        fix="if the rows are in order of time, name the column of the moment in [data] time; if they are stacked by person, "
        "place or batch, name that in [data] group",
        facts=(Fact("correlation", correlation, "between neighbouring rows' targets"),),
    )


def neighbours(y: np.ndarray, n_classes: int) -> float:
    """Correlation of each row's target with the next row's: of ranks, or of several classes' 0 and 1 together."""
    columns = np.eye(n_classes)[y.astype(np.int64)] if n_classes else pl.Series(y).rank().to_numpy()[:, None]
    spread = float(np.square(columns - columns.mean(axis=0)).sum(axis=1).mean())
    gaps = float(np.square(np.diff(columns, axis=0)).sum(axis=1).mean())
    return 1.0 - gaps / (2.0 * spread) if spread > 0 else 0.0
