"""Numbers written with signs: thousands commas, currencies and percent are read; decimal commas and mixtures are not."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding
from artificer.data.numbers import are_unread_numbers
from artificer.line.audit.seen import Seen, check


@check("signed_numbers", "profile", "rows")
def signed_numbers(seen: Seen) -> Iterator[Finding]:
    """Report columns of texts that are numbers with signs around them, and how they are read."""
    for column in seen.asked.schema.columns:
        if column.name not in seen.asked.features:
            continue
        if column.kind == "number" and column.form:
            yield _read(column.name, _how(column.form))
        elif column.kind in ("category", "text"):
            cells = seen.rows.frame[column.name].drop_nulls()
            if cells.dtype == pl.String and len(cells) and are_unread_numbers(cells):
                yield _unread(column.name, cells)


@check("signed_numbers", "profile")
def read_signs(seen: Seen) -> Iterator[Finding]:
    """Report columns of data that is not held whose signs were read."""
    for column in seen.asked.schema.columns:
        if column.kind == "number" and column.form:
            yield _read(column.name, _how(column.form))


def _how(form: str) -> str:
    return "5% is read as 5" if form.endswith("%") else "1,234 is read as 1234"


def _read(name: str, how: str) -> Finding:
    return Finding(
        code="signed_numbers",
        severity="note",
        where=name,
        says=f"'{name}' holds numbers written with signs; they are read as numbers ({how})",
        fix="nothing to do if that is right; rows to predict may hold them so, or as plain numbers",
    )


def _unread(name: str, cells: pl.Series) -> Finding:
    n_distinct = cells.n_unique()
    return Finding(
        code="signed_numbers",
        severity="warning",
        where=name,
        says=f"'{name}' holds numbers written with a decimal comma, or only some with a percent sign; they are read "
        f"as words: each of its {n_distinct:,} values stands for itself, and larger or smaller means nothing",
        fix="write them as plain numbers, with a point before decimals and no other sign: 1005.5 for 1.005,5",
        facts=(Fact("n_values", float(n_distinct), "values"),),
    )
