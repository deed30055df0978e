"""Time leaks: the target changes with a moment that the brief does not name, so that a random split looks ahead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.data.moments import as_time
from artificer.line.audit.seen import Seen, check
from artificer.measure.associate import Association, category_and_number, numbers
from artificer.measure.clusters import worth

LEAST_STRENGTH, LARGE_STRENGTH = 0.1, 0.2
SURE = 1e-6  # p-value
FEWEST_ROWS = 200


@check("time_leak", "rows", "prices")
def time_leak(seen: Seen) -> Iterator[Finding]:
    """Report the moment that is most strongly related to the target, where `[data] time` names none."""
    if seen.brief.data.time or seen.rows.n_rows < FEWEST_ROWS:
        return
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    told = {name: _strength(seen, name) for name in seen.asked.features if kinds[name] == "time"}
    name = max(told, key=lambda one: told[one].strength.value, default="")
    if not name or told[name].strength.value < LEAST_STRENGTH or told[name].p > SURE:
        return
    strength, rows = told[name].strength, "the rows" if seen.rows.group is None else "whole groups of rows"
    yield Finding(
        code="time_leak",
        severity="warning" if strength.value >= LARGE_STRENGTH else "note",
        where=name,
        says=f"'{seen.brief.target.column}' changes with '{name}' (strength {strength.value:.2f} of 1), and {rows} "
        "are split at random: a model learns from rows later than those it is judged on, which it never can in use",
        fix=f"if '{name}' is when a row was known, set [data] time = \"{name}\"; if it is written down afterwards, name it "
        "in [target] known_after",
        facts=(Fact("strength", strength.value, f"0 to 1, {strength.method}"),),
    )


def _strength(seen: Seen, name: str) -> Association:
    kept = seen.prices.kept
    moment, y = as_time(seen.rows.frame[name][kept]), seen.rows.y[kept]
    group = None if seen.rows.group is None else seen.rows.group[kept]
    if seen.asked.classes:
        classes = y.astype(np.int64)
        return category_and_number(classes, moment, worth=worth(classes, moment, group))
    return numbers(moment, y, worth=worth(moment, y, group))
