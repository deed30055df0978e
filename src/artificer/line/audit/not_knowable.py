"""Not knowable: features whose name or date says that they are written down after the moment of prediction."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.data.moments import as_time
from artificer.line.audit.seen import Seen, check

LARGEST_QUIET_SHARE = 0.01
DAY_S = 86_400.0
# Words of names of what ends a case or follows it, whatever the case is about.
LATER = frozenset(
    (
        "actual",
        "canceled",
        "cancellation",
        "cancelled",
        "chargeback",
        "closed",
        "closing",
        "closure",
        "discharge",
        "discharged",
        "exit",
        "final",
        "outcome",
        "refund",
        "refunded",
        "resolution",
        "resolved",
        "settled",
        "settlement",
        "terminated",
        "termination",
    )
)
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@check("not_knowable", "rows")
def not_knowable(seen: Seen) -> Iterator[Finding]:
    """Report dates later than the row's own moment, and names that speak of the end or of the target."""
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    target = words(seen.brief.target.column)
    for name in seen.asked.features:
        if name == seen.brief.data.time:
            continue
        share = _later(seen, name) if kinds[name] == "time" and seen.rows.time is not None else 0.0
        if share > LARGEST_QUIET_SHARE:
            yield _dated(seen, name, share)
        elif said := words(name) & LATER:
            yield _named(name, f"the word '{min(said)}'")
        elif target and target < words(name):
            yield _named(name, f"the name of the target, '{seen.brief.target.column}',")


def words(name: str) -> frozenset[str]:
    """Words of a column's name, in lower case.

    >>> sorted(words("actualElapsed_time2"))
    ['actual', 'elapsed', 'time']
    """
    return frozenset(word.lower() for word in WORDS.findall(name))


def _later(seen: Seen, name: str) -> float:
    """Share of its known values that lie after the row's moment; by days where the moments are days."""
    value, moment = as_time(seen.rows.frame[name]), seen.rows.time
    assert moment is not None
    if bool((np.nan_to_num(moment) % DAY_S == 0).all()):
        value = np.floor(value / DAY_S) * DAY_S
    known = ~np.isnan(value) & ~np.isnan(moment)
    return float((value[known] > moment[known]).mean()) if known.any() else 0.0


def _dated(seen: Seen, name: str, share: float) -> Finding:
    return Finding(
        code="not_knowable",
        severity="warning",
        where=name,
        says=f"'{name}' lies after '{seen.brief.data.time}' in {share:.0%} of the rows: unless it is a date that was "
        "planned by then, it is not known when the prediction is needed",
        fix=f'if it is written down later, name it in [target] known_after = ["{name}"]',
        facts=(Fact("share_later", share, "share of known values"),),
    )


def _named(name: str, said: str) -> Finding:
    return Finding(
        code="not_knowable",
        severity="note",
        where=name,
        says=f"the name of '{name}' holds {said} as do columns that are written down after the event",
        fix=f'make sure that it is known in time; if it is not, name it in [target] known_after = ["{name}"]',
    )
