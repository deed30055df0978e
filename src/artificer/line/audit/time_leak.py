"""Time leaks: the target changes with a moment that the brief does not name, so that a random split looks ahead."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.leakage import in_words
from artificer.line.audit.seen import Seen, check

# Of what there is to tell; 1,000 rows tell 0.04 by chance.
TELLING = 0.1
FEWEST_ROWS = 1000


@check("time_leak", "prices")
def time_leak(seen: Seen) -> Iterator[Finding]:
    """Report the moment that tells most of the target by itself, where `[data] time` names none."""
    if seen.brief.data.time or seen.asked.train.n_rows < FEWEST_ROWS:
        return
    moments = [column.name for column in seen.asked.schema.columns if column.kind == "time"]
    told = {name: seen.prices.alone[name] for name in moments if name in seen.prices.alone}
    name = max(told, key=lambda one: told[one], default="")
    if not name or told[name] < TELLING:
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
