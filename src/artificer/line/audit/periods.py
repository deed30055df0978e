"""The rows' own moments: stretches without any, and how old the newest is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from artificer.core.figures import counted, day
from artificer.core.records import Fact, Finding
from artificer.data.epochs import are_dates
from artificer.line.audit.seen import Seen, check

DAY_S = 86_400.0
# Rows come regularly where nearly all steps between days are like the usual one; a gap is many of them.
REGULAR, NEARLY_ALL, GAP, FEWEST_DAYS = 3.0, 0.95, 5.0, 20
STALE_DAYS, STALE_SHARE = 30.0, 0.25
SHOWN = 3


@check("gaps_in_time", "rows")
def gaps_in_time(seen: Seen) -> Iterator[Finding]:
    """Report stretches without rows where rows come regularly."""
    days = _days(seen)
    if len(days) < FEWEST_DAYS:
        return
    steps = np.diff(days)
    usual = float(np.median(steps))
    if np.quantile(steps, NEARLY_ALL) > REGULAR * usual:
        return
    gaps = np.flatnonzero(steps >= max(GAP * usual, GAP))
    if not len(gaps):
        return
    longest = gaps[np.argsort(-steps[gaps], kind="stable")][:SHOWN]
    shown = ", ".join(f"{_day(days[place])} to {_day(days[place + 1])}" for place in sorted(longest))
    yield Finding(
        code="gaps_in_time",
        severity="warning",
        where=seen.brief.data.time,
        says=f"rows come every {usual:g} days or so, but for {counted(len(gaps), 'stretch', 'stretches')} without any: {shown}",
        fix="ask whether rows were lost there; what was lost may not resemble the rest",
        facts=(Fact("n_gaps", float(len(gaps)), "stretches"), Fact("longest", float(steps[gaps].max()), "days")),
    )


@check("freshness", "rows")
def freshness(seen: Seen) -> Iterator[Finding]:
    """Report rows whose newest is older than a month and than a quarter of the time that they cover.

    Rows that are sealed by time are newer than all that may be looked at: they are taken to have come at the others' pace.
    """
    days, sealed = _days(seen), seen.asked.sealed
    if not len(days):
        return
    span = days[-1] - days[0]
    if sealed is not None and sealed.how == "time":
        span *= 1 + sealed.rows.n_rows / seen.rows.n_rows
    newest = days[0] + span
    age = today() - newest
    if age > max(STALE_DAYS, STALE_SHARE * span):
        about = ", about" if newest > days[-1] else ""
        yield Finding(
            code="freshness",
            severity="note",
            where=seen.brief.data.time,
            says=f"the newest row is of {_day(newest)}{about}, {age:,.0f} days ago, and the rows cover {span:,.0f} days",
            fix="bring newer rows if there are any; what was learned of that time may not hold now",
            facts=(Fact("age", float(age), "days"), Fact("covered", float(span), "days")),
        )


def today() -> float:
    """Days since 1970."""
    return datetime.now(UTC).timestamp() / DAY_S


def _days(seen: Seen) -> np.ndarray:
    """Days since 1970 that have rows, in order; none where moments are no dates."""
    time = seen.rows.time
    if time is None or not are_dates(time):
        return np.empty(0)
    return np.unique(np.floor(time[~np.isnan(time)] / DAY_S))


def _day(days: float) -> str:
    return day(days * DAY_S)
