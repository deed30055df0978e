"""Staleness: what it costs to go on with a model that was trained on older rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import with_interval
from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, Rows, examination

DAY_S = 86_400.0
FEWEST = 100


@examination("staleness", "train", "fit", "time")
def staleness(seen: Examined) -> Iterator[Finding]:
    """Train on the older half of the training rows and on the newer half, and compare both on the judged rows."""
    assert seen.fit is not None
    halves = _halves(seen.train, seen.most_trained)
    if halves is None:
        return
    older, newer = halves
    stale, fresh = (seen.fit(rows, 0)(seen.rows.frame) for rows in (older, newer))
    gain = seen.between(fresh, stale)
    if not np.isfinite(gain.value):
        return
    assert older.time is not None
    assert newer.time is not None
    days = float(newer.time.mean() - older.time.mean()) / DAY_S
    ages = gain.low > 0
    what = f"{seen.fitted}," if seen.fitted else "it"
    yield Finding(
        "staleness",
        "warning" if ages else "note",
        "time",
        f"trained on as many rows that are {days:,.0f} days younger, {what} is {'better' if ages else 'not shown better'}: "
        f"{seen.metric} by {with_interval(gain)}",
        f"retrain at least every {max(days, 1):,.0f} days, and watch the score" if ages else "nothing to do",
        (Fact("days", days, "between the mean moments of both halves"), Fact("rows", float(len(newer)), "trained on")),
        gain,
    )


def _halves(train: Rows | None, most: int) -> tuple[Rows, Rows] | None:
    """The older and the newer half of the rows whose moment is known, of one size; None where they are few."""
    if train is None or train.time is None:
        return None
    known = np.flatnonzero(~np.isnan(train.time))
    order = known[np.argsort(train.time[known], kind="stable")]
    half = min(len(order) // 2, most)
    if half < FEWEST or train.time[order[0]] == train.time[order[-1]]:
        return None
    return train.taken(np.sort(order[:half])), train.taken(np.sort(order[-half:]))
