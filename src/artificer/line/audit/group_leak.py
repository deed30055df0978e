"""Group leaks: a column that names persons or things whose rows share their target, so that a random split parts them."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.records import Fact, Finding
from artificer.line.audit.entities import Entity, entities
from artificer.line.audit.seen import Seen, check

# A measured number that repeats is often a batch's or a building's; it must tell more to be taken for a name.
TELLING, TELLING_OF_NUMBER = 0.3, 0.5
FEWEST_PAIRS = 50


@check("group_leak", "profile", "rows")
def group_leak(seen: Seen) -> Iterator[Finding]:
    """Report entities whose rows are alike in the target, where `[data] group` names none."""
    if seen.brief.data.group:
        return
    for one in entities(seen):
        if is_leak(one):
            yield _leak(seen, one)


def is_leak(one: Entity) -> bool:
    """Whether rows of one level are so alike that splitting them flatters; 4 standard errors from none at all."""
    telling = TELLING_OF_NUMBER if one.is_number and not one.is_named else TELLING
    return one.n_pairs >= FEWEST_PAIRS and one.agreement >= max(telling, 4.0 / one.n_pairs**0.5)


def _leak(seen: Seen, one: Entity) -> Finding:
    target = seen.brief.target.column
    return Finding(
        code="group_leak",
        severity="warning",
        where=one.name,
        says=f"rows that share a value of '{one.name}' are alike in '{target}' ({one.agreement:.0%} of its differences "
        "vanish within one); with such rows on both sides of a split a model that remembers looks good",
        fix=f'if new rows will be of other ones, set [data] group = "{one.name}"; if of the same ones, keep it as it is',
        facts=(
            Fact("agreement", one.agreement, "share of differences of the target"),
            Fact("n_levels", float(one.n_levels), "values"),
            Fact("share_repeated", one.share_repeated, "share of rows"),
        ),
    )
