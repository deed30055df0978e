"""Overfitting: how much of what a model gains on its training rows is lost on others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.trivial import best_constant
from artificer.measure.metrics import metric

TIMES = 4  # as many training rows as other tests predict anew: one pass is all it takes
# Of the gain over a constant: beyond this more was learned by heart than was learned.
LARGE_SHARE = 0.5


@examination("overfit", "train", "predict")
def overfit(seen: Examined) -> Iterator[Finding]:
    """Report the score on training rows beside that on judged ones; a warning where more than half of the gain is lost."""
    assert seen.train is not None
    assert seen.predict is not None
    train = seen.train.sampled(TIMES * seen.most_rows)
    learned, held = seen.score(seen.predict(train.frame), rows=train), seen.score()
    gap = apart(learned, held, metric(seen.metric).sign)
    constant = best_constant(seen.train.y, seen.train.weight, len(seen.classes), seen.metric)
    plain = seen.score(np.tile(constant, (len(train), 1)), rows=train)
    gain = metric(seen.metric).sign * (learned.value - plain.value)
    if not np.isfinite([gap.value, gain]).all():
        return
    large = gain > 0 and gap.low > LARGE_SHARE * gain
    share = f", {gap.value / gain:.0%} of what it gains there over a constant" if gain > 0 and gap.value > 0 else ""
    yield Finding(
        "overfit",
        "warning" if large else "note",
        seen.metric,
        f"{seen.metric} is {figure(learned.value)} on {len(train):,} training rows and {figure(held.value)} on "
        f"{len(seen.rows):,} judged ones: it loses {with_interval(gap)}{share}",
        "simplify or regularise the model, or bring more rows" if large else "nothing to do",
        (
            Fact("train_score", learned.value, seen.metric),
            Fact("test_score", held.value, seen.metric),
            Fact("train_gain", gain, "over a constant, on training rows"),
        ),
        gap,
    )


def apart(learned: Estimate, held: Estimate, sign: float) -> Estimate:
    """Difference of two scores of different rows: their intervals' squares add up."""
    value = sign * (learned.value - held.value)
    ends = [(one.value - one.low, one.high - one.value) for one in (learned, held)]
    (a_low, a_high), (b_low, b_high) = [pair if sign > 0 else pair[::-1] for pair in ends]
    low, high = value - float(np.hypot(a_low, b_high)), value + float(np.hypot(a_high, b_low))
    return Estimate(value, low, high, f"independent rows, {held.method}", min(learned.n, held.n), held.level)
