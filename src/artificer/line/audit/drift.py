"""Drift: a target that differs between the first and the last third of the training rows in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Estimate, Fact, Finding
from artificer.line.audit.seen import Seen, check
from artificer.measure.intervals import mean_t, wilson

LARGE_RATIO = 1.5  # of shares
LARGE_SHIFT = 0.5  # of a mean, in standard deviations


@check("drift", "rows")
def drift(seen: Seen) -> Iterator[Finding]:
    """Report a share of success (two classes) or a mean that moved: the 95% intervals of the two thirds do not meet."""
    rows, asked = seen.rows, seen.asked
    if rows.time is None or asked.task == "multiclass":
        return
    known = np.flatnonzero(~np.isnan(rows.time))
    order = known[np.argsort(rows.time[known], kind="stable")]
    third = len(order) // 3
    if third < 2:
        return
    values = rows.y if asked.task == "regression" else (rows.y == asked.positive).astype(np.float64)
    first, last = values[order[:third]], values[order[-third:]]
    then, now = _estimate(asked.task, first), _estimate(asked.task, last)
    if then.low <= now.high and now.low <= then.high:
        return
    what = f"mean of '{seen.brief.target.column}'" if asked.task == "regression" else f"share of '{_success(seen)}'"
    yield Finding(
        code="drift",
        severity="warning" if _is_large(asked.task, then.value, now.value, float(values.std())) else "note",
        where=seen.brief.target.column,
        says=f"the {what} was {then.value:.3g} in the first third of the time and is {now.value:.3g} in the last",
        fix="ask what changed; the test rows are the latest, so the verdict tells of times like the last",
        facts=(
            Fact("first_third", then.value, f"{then.low:.4g} to {then.high:.4g}"),
            Fact("last_third", now.value, f"{now.low:.4g} to {now.high:.4g}"),
        ),
    )


def _estimate(task: str, values: np.ndarray) -> Estimate:
    return mean_t(values) if task == "regression" else wilson(float(values.sum()), len(values))


def _success(seen: Seen) -> str:
    return seen.asked.classes[seen.asked.positive]


def _is_large(task: str, then: float, now: float, spread: float) -> bool:
    if task == "regression":
        return abs(now - then) > LARGE_SHIFT * spread
    return max(then, now) > LARGE_RATIO * min(then, now)
