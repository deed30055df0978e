"""Drift: a target that differs between the first and the last third of the training rows in time.

Of several classes, each one's share is looked at. Of numbers, the mean is and, as the largest of long-tailed values hide what
the others do, the share above the median of all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Estimate, Fact, Finding
from artificer.line.audit.seen import Seen, check
from artificer.measure.correct import looks
from artificer.measure.means import mean_of_rows, share_of

LARGE_RATIO = 1.5  # of shares
LARGE_SHIFT = 0.5  # of a mean, in standard deviations


@check("drift", "rows")
def drift(seen: Seen) -> Iterator[Finding]:
    """Report a share of success (two classes) or of a class, or a mean or a share above the median, that moved.

    It has where the intervals of the two thirds do not meet, at 95% for all that is looked at together; of several classes
    the one is told that moved furthest.
    """
    rows = seen.rows
    if rows.time is None:
        return
    known = np.flatnonzero(~np.isnan(rows.time))
    order = known[np.argsort(rows.time[known], kind="stable")]
    third = len(order) // 3
    if third < 2:
        return
    moved = []
    for what, values, level in _looks(seen, known):
        mean = mean_of_rows if what.startswith("mean") else share_of
        then, now = (
            mean(values[some], None, rows.group if rows.group is None else rows.group[some], level=level)
            for some in (order[:third], order[-third:])
        )
        if then.low > now.high or now.low > then.high:
            moved.append((what, then, now, float(values.std())))
    if moved:
        furthest = max(moved, key=lambda one: abs(one[2].value - one[1].value)) if seen.asked.classes else moved[0]
        yield _moved(seen, *furthest, n_others=len(moved) - 1 if seen.asked.classes else 0)


def _looks(seen: Seen, known: np.ndarray) -> Iterator[tuple[str, np.ndarray, float]]:
    """What may move: its name, values (n_rows,), and the level of its intervals."""
    y, asked, target = seen.rows.y, seen.asked, seen.brief.target.column
    if asked.classes:
        told = [asked.positive] if asked.positive >= 0 else range(len(asked.classes))
        for one in told:
            yield f"share of '{asked.classes[one]}'", (y == one).astype(np.float64), looks(0.95, len(told))
        return
    level, middle = looks(0.95, 2), float(np.median(y[known]))
    yield f"mean of '{target}'", y, level
    above = f"share of '{target}' above {middle:.3g}, the median of all,"
    yield above, (y > middle).astype(np.float64), level


def _moved(seen: Seen, what: str, then: Estimate, now: Estimate, spread: float, n_others: int) -> Finding:
    is_mean, sealed = what.startswith("mean"), seen.asked.sealed
    latest = sealed is not None and sealed.how == "time"
    return Finding(
        code="drift",
        severity="warning" if _is_large(then.value, now.value, spread if is_mean else None) else "note",
        where=seen.brief.target.column,
        says=f"the {what} was {then.value:.3g} in the first third of the time and is {now.value:.3g} in the last"
        + (f"; {n_others} more of {len(seen.asked.classes)} classes moved too" if n_others else ""),
        fix="ask what changed; "
        + (
            "the test rows are the latest, so the verdict tells of times like the last"
            if latest
            else "what was learned of the first may not hold in the last"
        ),
        facts=(
            Fact("first_third", then.value, f"{then.low:.4g} to {then.high:.4g}"),
            Fact("last_third", now.value, f"{now.low:.4g} to {now.high:.4g}"),
        ),
    )


def _is_large(then: float, now: float, spread: float | None) -> bool:
    if spread is not None:
        return abs(now - then) > LARGE_SHIFT * spread
    return max(then, now) > LARGE_RATIO * min(then, now)
