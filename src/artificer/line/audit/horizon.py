"""Horizon: labels take longer to be known than the brief says, so that the youngest rows' labels are not final."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.data.moments import as_time
from artificer.line.ask.durations import seconds
from artificer.line.audit.seen import Seen, check

KNOWN_BY = 0.95
FEWEST_DELAYS = 20
DAY_S = 86_400.0


@check("horizon", "rows")
def horizon(seen: Seen) -> Iterator[Finding]:
    """Report the `known_after` date that comes latest after the rows' moments, where the stated horizon is shorter."""
    moment, data = seen.rows.time, seen.brief.data
    if moment is None or seen.rows.frame[data.time].dtype.is_numeric():
        return
    kinds = {column.name: column.kind for column in seen.asked.schema.columns}
    delays = {
        name: _delay(as_time(seen.rows.frame[name]), moment)
        for name in seen.brief.target.known_after
        if kinds[name] == "time"
    }
    name = max(delays, key=lambda one: delays[one], default="")
    stated_s = seconds(seen.brief.target.horizon, "target.horizon")
    if not name or delays[name] <= stated_s:
        return
    yield _short(seen, name, delays[name], _n_young(moment, stated_s, delays[name]))


def _delay(later: np.ndarray, moment: np.ndarray) -> float:
    """Seconds within which nearly all later dates come; 0 where there are few."""
    delays = (later - moment)[~np.isnan(later - moment)]
    delays = delays[delays > 0]
    return float(np.quantile(delays, KNOWN_BY)) if len(delays) >= FEWEST_DELAYS else 0.0


def _n_young(moment: np.ndarray, stated_s: float, delay_s: float) -> int:
    """Rows that the stated horizon lets in and the delay would keep out, by the latest moment of the training rows."""
    return int((moment > np.nanmax(moment) + stated_s - delay_s).sum())


def _short(seen: Seen, name: str, delay_s: float, n_young: int) -> Finding:
    target, days = seen.brief.target, int(np.ceil(delay_s / DAY_S))
    return Finding(
        code="horizon",
        severity="warning",
        where=target.column,
        says=f"'{name}' comes up to {days} days after '{seen.brief.data.time}' ({KNOWN_BY:.0%} of its dates), and [target] "
        f"horizon is {target.horizon}: the labels of the youngest rows, {n_young:,} of them if the training rows were all, "
        "are not final and count as if they were",
        fix=f"if '{name}' is when the label becomes known, set [target] horizon = \"{days}d\"",
        facts=(Fact("delay_days", delay_s / DAY_S, "days"), Fact("n_young", float(n_young), "rows")),
    )
