"""What the model must not be used for: read off the verdict, never invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from artificer.core.figures import better_by, day, with_interval
from artificer.core.records import Estimate
from artificer.core.stages import Line
from artificer.line.judge.seen import Seen
from artificer.measure.metrics import metric, score

MOST_GROUPS = 4


def limits(
    seen: Seen, lines: Sequence[Line], slices: Sequence[tuple[str, Estimate]], baseline: Estimate, *, sealed: bool
) -> Iterator[str]:
    """Say for which rows and purposes nothing was shown.

    Parameters
    ----------
    baseline : Estimate
        How much better it is than a constant.
    sealed : bool
        Whether the verdict rests on rows that nothing had seen.
    """
    if baseline.low <= 0:
        yield f"anything yet: it is not shown to be better than a constant, {better_by(baseline)} {seen.metric}"
    for line in lines:
        if line.requirement.must and line.outcome != "met":
            yield f"anything that needs “{line.requirement.text}”: it is {line.outcome}"
    yield from _groups(seen, slices)
    if seen.rows.time is not None and np.isfinite(seen.rows.time).any():
        known = seen.rows.time[np.isfinite(seen.rows.time)]
        last = day(float(known.max()))
        days = max(1, round(float(np.ptp(known)) / 86_400))
        yield f"rows long after {last}: it was tested on {days:,} days up to then, and must be watched after them"
    yield "rows flagged “unseen” or “outside”: they hold what training lacked"
    if not sealed:
        yield "promises to others: too few rows were there to set any aside, so the score is from cross-validation"
    treated = seen.run.brief.features.protected
    if treated:
        yield f"judging persons by {', '.join(treated)} alone: how groups fare is shown below, not settled"


def _groups(seen: Seen, slices: Sequence[tuple[str, Estimate]]) -> Iterator[str]:
    """Groups for which it is not shown to be better than a constant."""
    sign = metric(seen.metric).sign
    plain = score(seen.metric, seen.y, np.tile(seen.constant, (len(seen.y), 1)), seen.rows.weight)
    if seen.metric != "roc_auc":  # a constant scores otherwise in each group
        return
    unshown = [(name, one) for name, one in slices if sign * ((one.low if sign > 0 else one.high) - plain) <= 0]
    for name, one in sorted(unshown, key=lambda pair: sign * pair[1].value)[:MOST_GROUPS]:
        yield f"{name}: not shown to be better than chance there, {seen.metric} {with_interval(one)}"
