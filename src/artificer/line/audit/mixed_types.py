"""Mixed types: columns in which numbers and words stand side by side."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check

LEAST_SHARE, HALF = 0.01, 0.5


@check("mixed_types", "rows")
def mixed_types(seen: Seen) -> Iterator[Finding]:
    """Report columns of words of which some cells, but not nearly all, are numbers."""
    frame = seen.rows.frame
    for column in seen.asked.schema.columns:
        if column.kind != "category" or column.name not in seen.asked.features:
            continue
        cells = frame[column.name].drop_nulls()
        is_number = cells.cast(pl.Float64, strict=False).is_not_null()
        n_numbers = int(is_number.sum())
        share = n_numbers / max(len(cells), 1)
        if LEAST_SHARE <= share < 1.0:
            yield Finding(
                code="mixed_types",
                severity="warning" if share >= HALF else "note",
                where=column.name,
                says=f"{share:.1%} of the values of '{column.name}' are numbers and the others are words",
                fix="if the words mean not known, add them to [data] missing; else split the column in two",
                facts=(
                    Fact("share_numbers", share, "share of values"),
                    Fact("n_words", float(len(cells) - n_numbers), "rows"),
                ),
            )
