"""Columns that hold one value in nearly every row, where the other rows do not tell the target either."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.line.audit.seen import Seen, check
from artificer.measure.associate import categories, category_and_number
from artificer.measure.clusters import worth

LEAST_SHARE = 0.995
SURE = 0.001  # p-value: there may be hundreds of columns


@check("near_constant", "profile", "rows")
def near_constant(seen: Seen) -> Iterator[Finding]:
    """Report features of which 99.5% of the rows or more hold one value, unless the rest tells the target."""
    for column in seen.profile.columns:
        if column.name not in seen.asked.features or column.kind == "constant" or not column.heavy:
            continue
        n_other = column.n_rows - column.n_missing - column.heavy[0][1]
        share = column.heavy[0][1] / column.n_rows
        if share < LEAST_SHARE or not n_other or _tells(seen, column.name):
            continue
        yield Finding(
            code="near_constant",
            severity="note",
            where=column.name,
            says=f"'{column.name}' holds one value in {share:.2%} of the rows, and the "
            f"{counted(n_other, 'row with another does', 'rows with another do')} "
            f"not tell '{seen.brief.target.column}'",
            fix="nothing to do; leave it out if it costs anything to deliver",
            facts=(Fact("share", share, "share of rows"), Fact("n_other", float(n_other), "rows")),
        )


def _tells(seen: Seen, name: str) -> bool:
    values = seen.rows.frame[name]
    commonest = values.drop_nulls().mode().sort()[0]
    other = (values != commonest).fill_null(False).to_numpy().astype(np.int64)
    y = seen.rows.y.astype(np.int64) if seen.asked.classes else seen.rows.y
    how = categories if seen.asked.classes else category_and_number
    return how(other, y, worth=worth(other, y, seen.rows.group)).p < SURE
