"""Personal data: columns that hold addresses, numbers or names of persons. Values are counted and never shown."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding, Severity
from artificer.data.persons import looked_at, personal_form
from artificer.line.audit.seen import Seen, check


@check("personal", "rows")
def personal(seen: Seen) -> Iterator[Finding]:
    """Report columns of which half the values or more have the form of personal data."""
    for column in seen.asked.schema.columns:
        if column.kind in ("time", "boolean", "constant"):
            continue
        used = column.name in seen.asked.features
        yield from _held(
            looked_at(seen.rows.frame[column.name]),
            "warning" if used else "note",
            ", and the model may use it" if used else ", and the model does not use it",
            "leave it out at the source, or name it in [features] exclude, unless there is a ground to keep it",
        )


@check("personal", "profile")
def persons(seen: Seen) -> Iterator[Finding]:
    """Report the same of data that is not held, by its commonest values."""
    for column in seen.profile.columns:
        if column.kind not in ("time", "boolean", "constant"):
            values = pl.Series(column.name, [value for value, _ in column.heavy], dtype=pl.String)
            yield from _held(
                values, "warning", "", "leave it out, or write pseudonyms, unless there is a ground to keep it"
            )


def _held(text: pl.Series, severity: Severity, use: str, fix: str) -> Iterator[Finding]:
    """What most values of a column have the form of, if anything."""
    found = personal_form(text)
    if found is not None:
        what, share = found
        yield Finding(
            code="personal",
            severity=severity,
            where=text.name,
            says=f"'{text.name}' seems to hold {what} ({share:.0%} of {len(text):,} values looked at){use}",
            fix=fix,
            facts=(Fact("share", share, "share of values"), Fact("n_looked_at", float(len(text)), "values")),
        )
