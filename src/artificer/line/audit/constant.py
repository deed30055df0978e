"""Columns that never vary or hold nothing: they can tell a model nothing."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check


@check("constant", "profile")
def constant(seen: Seen) -> Iterator[Finding]:
    """Report columns with one value ("constant") or none ("empty")."""
    for column in seen.profile.columns:
        if column.kind != "constant" or column.name == seen.brief.target.column:
            continue
        empty = column.n_missing == column.n_rows
        says = f"'{column.name}' holds no value at all" if empty else f"'{column.name}' holds one value in every row"
        yield Finding(
            code="empty" if empty else "constant",
            severity="warning" if empty else "note",
            where=column.name,
            says=says,
            fix="have its source checked; it is left out until it varies",
            facts=(Fact("n_rows", float(column.n_rows), "rows"),),
        )
