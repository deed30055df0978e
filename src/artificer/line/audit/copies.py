"""Copies: features that say, row for row, what another feature says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check


@check("copy", "rows")
def copies(seen: Seen) -> Iterator[Finding]:
    """Report features that equal an earlier one in every row, gaps included."""
    frame = seen.rows.frame.select(seen.asked.features)
    sums = frame.select(pl.all().hash(seed=0).sum()).row(0)  # equal columns have equal sums: few pairs are compared
    alike: dict[tuple[pl.DataType, int], list[str]] = defaultdict(list)
    for (name, dtype), total in zip(frame.schema.items(), sums, strict=True):
        others = alike[dtype, total]
        original = next((other for other in others if frame[name].equals(frame[other], null_equal=True)), None)
        if original is None:
            others.append(name)
            continue
        yield Finding(
            code="copy",
            severity="note",
            where=name,
            says=f"'{name}' equals '{original}' in every row",
            fix=f"nothing to do: it is left out, and '{original}' stays",
            facts=(Fact("original", original),),
        )
