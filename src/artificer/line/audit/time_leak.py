"""Time leaks: the target changes with a moment that the brief does not name, so that a random split looks ahead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.audit.leakage import in_words
from artificer.line.audit.seen import Seen, check

# Of what there is to tell. By chance, of two classes, some 1.2 over the root of the rarer one's rows is told.
TELLING, CHANCE, STANDARD_ERRORS = 0.05, 1.2, 4.0
FEWEST_ROWS = 400


@check("time_leak", "rows", "prices")
def time_leak(seen: Seen) -> Iterator[Finding]:
    """Report the moment that tells most of the target by itself, where `[data] time` names none."""
    if seen.brief.data.time or seen.rows.n_rows < FEWEST_ROWS:
        return
    moments = [column.name for column in seen.asked.schema.columns if column.kind == "time"]
    told = {name: seen.prices.alone[name] for name in moments if name in seen.prices.alone}
    name = max(told, key=lambda one: told[one], default="")
    if not name or told[name] < _least(seen):
        return
    yield Finding(
        code="time_leak",
        severity="warning",
        where=name,
        says=f"'{seen.brief.target.column}' changes with '{name}' ({in_words(told[name], seen)}), and the rows are split at "
        "random: a model learns from rows later than those it is judged on, which it never can in use",
        fix=f"if '{name}' is when a row was known, set [data] time = \"{name}\"; if it is written down afterwards, name it "
        "in [target] known_after",
        facts=(Fact("told_alone", told[name], "share of what there is to tell"),),
    )


def _least(seen: Seen) -> float:
    """What a moment must tell: of classes, more than chance does of the rarer of the two commonest."""
    if not seen.asked.classes:
        return TELLING
    n_rarer = np.sort(np.bincount(seen.rows.y[seen.prices.kept].astype(np.int64)))[-2]
    return max(TELLING, STANDARD_ERRORS * CHANCE / float(n_rarer) ** 0.5)
