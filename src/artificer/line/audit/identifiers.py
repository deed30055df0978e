"""Identifiers: columns that name a row rather than describe it, and keys that fail to."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check


@check("identifier", "profile")
def identifiers(seen: Seen) -> Iterator[Finding]:
    """Report columns that look like names of rows and that the brief gives no role."""
    data, target = seen.brief.data, seen.brief.target
    told = {
        *data.key,
        data.time,
        data.group,
        data.weight,
        target.column,
        *target.known_after,
        *seen.brief.features.exclude,
    }
    for column in seen.profile.columns:
        if column.kind == "identifier" and column.name not in told:
            yield Finding(
                code="identifier",
                severity="note",
                where=column.name,
                says=f"'{column.name}' holds some {column.n_distinct:,.0f} values in {column.n_rows:,} rows: "
                "it names rows and cannot tell about new ones, so it is left out",
                fix="name it in [data] key to find it in the output, or in [data] group if it repeats for one person",
                facts=(Fact("n_values", column.n_distinct, "values"), Fact("n_rows", float(column.n_rows), "rows")),
            )


@check("key", "rows")
def keys(seen: Seen) -> Iterator[Finding]:
    """Report rows that share their `[data] key`."""
    key = seen.brief.data.key
    if not key:
        return
    n_shared = int(seen.rows.frame.select(key).is_duplicated().sum())
    if n_shared:
        share = n_shared / seen.rows.n_rows
        yield Finding(
            code="key",
            severity="warning",
            where=", ".join(key),
            says=f"{n_shared:,} rows ({share:.1%}) share their key with another row",
            fix="add the column to [data] key that tells them apart, or remove rows that were stored twice",
            facts=(Fact("share_shared", share, "share of rows"), Fact("n_shared", float(n_shared), "rows")),
        )
