"""Mixed types: columns in which numbers and words stand side by side, or dates and what is none."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.records import Fact, Finding
from artificer.data.strays import STRAY
from artificer.line.audit.seen import Seen, check

HALF = 0.5
# Of the values, to be told. Numbers that mostly differ look like texts, or like names of rows, once words stand among them.
LEAST_SHARE = {"category": 0.01, "text": 0.9, "identifier": 0.9}
WHAT = {"number": "a number", "time": "a date"}


@check("mixed_types", "profile", "rows")
def mixed_types(seen: Seen) -> Iterator[Finding]:
    """Report stray words in columns of numbers or dates, and words of which a part, but not all, are numbers."""
    for column in seen.profile.columns:
        if column.name not in seen.asked.features and (
            column.kind != "identifier" or column.name in seen.brief.data.key
        ):
            continue
        n_stray = seen.asked.n_stray.get(column.name, 0)
        if n_stray:
            yield _stray(seen, column.name, WHAT.get(column.kind, column.kind), n_stray / column.n_rows)
        elif column.kind in LEAST_SHARE:
            yield from _numbers_among_words(seen.rows.frame[column.name].drop_nulls(), LEAST_SHARE[column.kind])


@check("mixed_types", "profile")
def strays(seen: Seen) -> Iterator[Finding]:
    """Report stray words in columns of numbers or dates: of data without a target, which is not held."""
    for column in seen.profile.columns:
        n_stray = seen.asked.n_stray.get(column.name, 0)
        if n_stray:
            yield _stray(seen, column.name, WHAT.get(column.kind, column.kind), n_stray / column.n_rows)


def _stray(seen: Seen, name: str, what: str, share: float) -> Finding:
    n_stray, words = seen.asked.n_stray[name], seen.asked.stray_words.get(name, ())
    listed = f" ({', '.join(map(repr, words))}{', …' if len(words) < n_stray else ''})" if words else ""
    return Finding(
        code="mixed_types",
        severity="warning",
        where=name,
        says=f"1 cell of '{name}' ({share:.2%}) is not {what}, as the others are{listed}; it is read as missing"
        if n_stray == 1
        else f"{n_stray:,} cells of '{name}' ({share:.2%}) are not {what}, as the others are{listed}; they are read as missing",
        fix="if they mean not known, add their words to [data] missing; else have its source corrected",
        facts=(Fact("n_stray", float(n_stray), "rows"), Fact("share_stray", share, "share of rows")),
    )


def _numbers_among_words(cells: pl.Series, least: float) -> Iterator[Finding]:
    if cells.dtype != pl.String:
        return
    n_numbers = int(cells.cast(pl.Float64, strict=False).is_not_null().sum())
    share = n_numbers / max(len(cells), 1)
    if least <= share < 1.0:
        yield Finding(
            code="mixed_types",
            severity="warning" if share >= HALF else "note",
            where=cells.name,
            says=f"{share:.1%} of the values of '{cells.name}' are numbers, the others words; all are read as words (a column "
            f"is read as numbers where {1 - STRAY:.0%} of its values, and of its different values, are)",
            fix="if the words mean not known, add them to [data] missing; else split the column in two",
            facts=(
                Fact("share_numbers", share, "share of values"),
                Fact("n_words", float(len(cells) - n_numbers), "rows"),
            ),
        )
