"""Missing values: cells that are empty, however that is spelt, and whether a gap by itself tells the target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check
from artificer.measure.associate import Association, categories, category_and_number
from artificer.measure.clusters import worth

LARGEST_QUIET_SHARE = 0.01
TELLING = 0.1  # strength, 0 to 1, from which a gap is worth a word
SURE = 0.001  # p-value: there may be hundreds of columns


@check("missing", "profile", "rows")
def missing(seen: Seen) -> Iterator[Finding]:
    """Report features that lack more than 1% of their values; a warning from half on, or where gaps tell the target."""
    for column in seen.profile.columns:
        name, share = column.name, column.share_missing
        if name not in seen.asked.features or share <= LARGEST_QUIET_SHARE:
            continue
        told = _told(seen, name)
        tells = told.strength.value >= TELLING and told.p < SURE
        says = f"{share:.0%} of '{name}' is missing"
        if tells:
            says += f", and the gap itself tells '{seen.brief.target.column}' (strength {told.strength.value:.2f} of 1)"
        yield Finding(
            code="missing",
            severity="warning" if share > 0.5 or tells else "note",
            where=name,
            says=says,
            fix="ask why it is empty: a gap that is filled after the outcome is a leak"
            if tells
            else "nothing to do if it may be empty: a gap is a value to the models here",
            facts=(
                Fact("share_missing", share, "share of rows"),
                Fact("n_missing", float(column.n_missing), "rows"),
                Fact("n_disguised", float(seen.asked.n_disguised.get(name, 0)), "rows"),
                Fact("told_by_gap", told.strength.value, told.strength.method),
            ),
        )


@check("missing", "profile")
def gaps(seen: Seen) -> Iterator[Finding]:
    """Report the same of data without a target: columns that lack more than 1% of their values."""
    for column in seen.profile.columns:
        if LARGEST_QUIET_SHARE < column.share_missing < 1.0:
            yield Finding(
                code="missing",
                severity="warning" if column.share_missing > 0.5 else "note",
                where=column.name,
                says=f"{column.share_missing:.0%} of '{column.name}' is missing",
                fix="nothing to do if it may be empty; else have its source corrected",
                facts=(
                    Fact("share_missing", column.share_missing, "share of rows"),
                    Fact("n_missing", float(column.n_missing), "rows"),
                ),
            )


def _told(seen: Seen, name: str) -> Association:
    gap = seen.rows.frame[name].is_null().to_numpy().astype(np.int64)
    y = seen.rows.y.astype(np.int64) if seen.asked.classes else seen.rows.y
    how = categories if seen.asked.classes else category_and_number
    return how(gap, y, worth=worth(gap, y, seen.rows.group))
