"""Stability: how many decisions a model changes against the one before it, and whether that is shown to pay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import better_by, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.measure.means import share_of

TOLERATED = 0.05  # share of decisions that may change without a gain that is shown


@examination("stability", "previous")
def stability(seen: Examined) -> Iterator[Finding]:
    """Compare decisions and scores with those of the model that was in use before."""
    assert seen.previous is not None
    share, gain = flipped(seen), seen.against(seen.previous)
    what = "predictions move by more than the earlier model's median error" if not seen.classes else "labels change"
    facts = (
        Fact("flipped", with_interval(share), f"share of the rows whose {what}"),
        Fact("gain", with_interval(gain), f"{seen.metric}, positive where it is better than the one before"),
    )
    says = f"{share.value:.1%} of the {what} against the model before ({share.low:.1%} to {share.high:.1%})"
    if share.low > TOLERATED and not gain.is_gain:
        says += f", and no gain in {seen.metric} is shown: {better_by(gain)}"
        fix = "keep the one before, or train with more seeds, so that decisions do not change by chance"
        return (yield Finding("stability", "warning", "decisions", says, fix, facts, -gain))
    yield Finding("stability", "note", "decisions", says, "nothing to do", facts, gain)


def flipped(seen: Examined) -> Estimate:
    """Share of the rows on which the two decide otherwise; Wilson's interval, over whole groups where there are any."""
    assert seen.previous is not None
    if seen.classes:
        differ = seen.labels(seen.prediction) != seen.previous.argmax(axis=1)
    else:
        before = seen.previous[:, 0]
        differ = np.abs(seen.prediction[:, 0] - before) > np.median(np.abs(seen.rows.y - before))
    return share_of(differ.astype(np.float64), seen.rows.weight, seen.rows.group, seen.level)
