"""Calibration: whether chances come true as often as they say, and numbers lie neither too high nor too low."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.measure.calibration import calibration_slope, came_true, expected_error, intercept, recalibrated
from artificer.measure.compare import compare
from artificer.measure.cox import chance_if_right
from artificer.measure.distributions import normal_quantile, normal_reach
from artificer.measure.means import mean_of_rows, share_of

# Of the loss: a recalibration that gains less is not worth a change.
WORTH = 0.01
FEWEST = 50
SEEN = 0.8  # chance of showing a slope that is said to be seen
TURNED = "turned round"


@examination("calibration", "prediction")
def calibration(seen: Examined) -> Iterator[Finding]:
    """Report what recalibrating would gain, measured on the half of the rows that it was not learned from.

    Chances are off where that gain is worth it, and either its interval or Cox's score test shows it: of few rows the test
    tells far more. It takes rows to be independent, so that groups have the interval alone.
    """
    if len(seen.rows) < FEWEST:
        return
    if not seen.classes:
        yield from _of_numbers(seen)
        return
    y, p = came_true(seen.rows.y, seen.prediction)
    if np.isin(p, (0.0, 1.0)).all() or len(np.unique(y)) < 2:
        return  # labels only: there is no chance to come true
    rows, two = seen.rows, np.stack([1 - p, p], axis=1)
    slope = calibration_slope(y, two, rows.weight, groups=rows.group, level=seen.level)
    bias = intercept(y, two, rows.weight, groups=rows.group, level=seen.level)
    error, by_chance = expected_error(y, p, level=seen.level)
    after = recalibrated(y, two, rows.weight)
    gain = compare("brier", y, after, two, rows.weight, groups=rows.group, level=seen.level)
    brier = float(np.average((p - y) ** 2, weights=rows.weight))
    by_luck, spread = chance_if_right(y, p, rows.weight)
    shown = gain.low > 0 or (rows.group is None and by_luck < 1 - seen.level)
    off = shown and gain.value > WORTH * brier
    unseen = "no recalibration is shown to pay"
    if rows.group is None and np.isfinite(spread):
        reach = spread * (normal_reach(seen.level) + normal_quantile(SEEN))
        unseen += f"; Cox's score test would have shown a slope {figure(reach)} away from 1 four times in five"
    how = _how(slope, bias, float(p[y == 1].mean() - p[y != 1].mean())) if off else ""
    which = "the chances" if len(seen.classes) == 2 else "the chances of the label that is named"
    yield Finding(
        "calibration",
        "warning" if off else "note",
        "probabilities",
        f"{which} are off by {with_interval(error)} on average, {by_chance:.3f} of it to be expected by chance; "
        + (f"they are {how}" if off else unseen),
        _remedy(seen, how) if off else "nothing to do",
        (
            *_interval_facts("slope", slope, "1 when right, below when too sure"),
            *_interval_facts("intercept", bias, "mean outcome less mean chance; 0 when right"),
            *_interval_facts(
                "calibration_error", error, "share, over ten bins; each row counts once, as if independent"
            ),
            Fact("error_by_chance", by_chance, "of right chances on so many rows"),
            Fact("p", by_luck, "chance that right chances look as wrong (Cox's score test, rows independent)"),
        ),
        gain,
    )


def _remedy(seen: Examined, how: str) -> str:
    if how.startswith(TURNED) and len(seen.classes) == 2:
        other = seen.classes[0]
        return (
            f"were they chances of '{other}', say so (--positive '{other}'); else it learned the reverse of these rows"
        )
    return "recalibrate on rows that did not train it (Platt's logistic curve does)"


def _of_numbers(seen: Examined) -> Iterator[Finding]:
    rows, shown = seen.rows, seen.prediction[:, 0]
    bias = mean_of_rows(rows.y - shown, rows.weight, rows.group, level=seen.level)
    after = recalibrated(rows.y, seen.prediction, rows.weight)
    gain = compare("rmse", rows.y, after, seen.prediction, rows.weight, groups=rows.group, level=seen.level)
    error = float(np.sqrt(np.average((rows.y - shown) ** 2, weights=rows.weight)))
    # A median or a quantile lies apart from the mean, and shall.
    by_mean = seen.metric in ("rmse", "r2", "poisson_deviance")
    off = by_mean and gain.low > 0 and gain.value > WORTH * error
    yield Finding(
        "calibration",
        "warning" if off else "note",
        "predictions",
        f"the truth lies {with_interval(bias)} above the prediction on average; "
        + ("a straight line through the predictions mends it" if off else "no correction is shown to pay"),
        "correct it by that line, learned on rows that did not train it" if off else "nothing to do",
        _interval_facts("bias", bias, "truth less prediction"),
        gain,
    )
    if seen.intervals is not None:
        yield _coverage(seen, seen.intervals)


def _coverage(seen: Examined, intervals: np.ndarray) -> Finding:
    held = (seen.rows.y >= intervals[:, 0]) & (seen.rows.y <= intervals[:, 1])
    share = share_of(held.astype(np.float64), seen.rows.weight, seen.rows.group, seen.level)
    short = share.high < seen.intervals_level
    # Cohen 1988, chapter 6: a difference of arc sines, which has the same spread at every share.
    reach = (normal_reach(seen.level) + normal_quantile(SEEN)) / 2 / len(held) ** 0.5
    seen_from = float(np.sin(max(np.arcsin(seen.intervals_level**0.5) - reach, 0.0)) ** 2)
    unseen = "" if short else f"; a share of {seen_from:.1%} or less would have been seen four times in five"
    return Finding(
        "coverage",
        "warning" if short else "note",
        "intervals",
        f"intervals of {seen.intervals_level:.0%} hold {share.value:.1%} of the values ({share.low:.1%} to {share.high:.1%})"
        + unseen,
        "widen them by what lies outside on rows that did not train it" if short else "nothing to do",
        _interval_facts("share_held", share, "share of rows"),
    )


def _how(slope: Estimate, bias: Estimate, apart: float) -> str:
    """In which way they are off; `apart` is how much higher they are where it came true."""
    if slope.high < 0 or (np.isnan(slope.value) and apart < 0):
        return f"{TURNED}: lower where it came true than where it did not"
    if np.isnan(slope.value):
        return "not sure enough: they part the classes"
    if slope.high < 1:
        return f"too sure: their slope is {with_interval(slope)}, not 1"
    if slope.low > 1:
        return f"not sure enough: their slope is {with_interval(slope)}, not 1"
    return f"too {'low' if bias.value > 0 else 'high'} by {with_interval(bias if bias.value > 0 else -bias)}"


def _interval_facts(name: str, found: Estimate, unit: str) -> tuple[Fact, ...]:
    return (Fact(name, found.value, unit), Fact(f"{name}_low", found.low, unit), Fact(f"{name}_high", found.high, unit))
