"""Categories with so many levels that few rows stand for each."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

FEWEST_LEVELS = 100
FEWEST_ROWS = 10  # a level


@check("high_cardinality", "profile")
def high_cardinality(seen: Seen) -> Iterator[Finding]:
    """Report categories of a hundred levels or more with fewer than ten rows each, on average."""
    for column in seen.profile.columns:
        if column.kind != "category" or column.name not in seen.asked.features:
            continue
        per_level = (column.n_rows - column.n_missing) / max(column.n_distinct, 1.0)
        if column.n_distinct < FEWEST_LEVELS or per_level >= FEWEST_ROWS:
            continue
        yield Finding(
            code="high_cardinality",
            severity="note",
            where=column.name,
            says=f"'{column.name}' has some {column.n_distinct:,.0f} levels, {per_level:.1f} rows to each: new rows will "
            "often hold a level that training lacked",
            fix="deliver a coarser column beside it, such as a region for a town",
            facts=(Fact("n_levels", column.n_distinct, "levels"), Fact("rows_per_level", per_level, "rows")),
        )
