"""Rare levels: categories of which training saw too few rows to learn anything."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

FEWEST_ROWS = 10
LARGEST_QUIET_SHARE = 0.01


@check("rare_levels", "rows")
def rare_levels(seen: Seen) -> Iterator[Finding]:
    """Report categories in which levels held by fewer than ten rows make up more than 1% of the rows."""
    for column in seen.asked.schema.columns:
        if column.kind != "category" or column.name not in seen.asked.features:
            continue
        counts = seen.rows.frame[column.name].drop_nulls().alias("level").value_counts()["count"]
        few = counts.filter(counts < FEWEST_ROWS)
        share = int(few.sum()) / max(seen.rows.n_rows, 1)
        if share > LARGEST_QUIET_SHARE:
            yield Finding(
                code="rare_levels",
                severity="note",
                where=column.name,
                says=f"{len(few):,} of the {len(counts):,} levels of '{column.name}' are held by fewer than "
                f"{FEWEST_ROWS} rows each, {share:.1%} of all rows",
                fix="group alike levels, if a coarser list exists; models here read rare levels as one",
                facts=(
                    Fact("n_rare", float(len(few)), "levels"),
                    Fact("n_levels", float(len(counts)), "levels"),
                    Fact("share_rare", share, "share of rows"),
                ),
            )
