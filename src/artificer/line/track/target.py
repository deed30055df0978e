"""Whether the target itself moved, and whether the model's predictions moved with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from artificer.core.figures import figure
from artificer.core.life import Reference
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.track.harm import apart, at_level
from artificer.line.track.meeting import Meeting
from artificer.measure.compare import compare
from artificer.measure.correct import looks
from artificer.measure.means import mean_of_rows, share_of, wilson

FEWEST_ROWS = 30
MOST_STEPS, DONE, TINY = 500, 1e-9, 1e-12


def target_findings(rows: Meeting, prediction: np.ndarray, reference: Reference, level: float) -> Iterator[Finding]:
    """Compare the share of success or of each class, or the mean of the target, with that of the judged rows.

    It is a warning where the model's own mean prediction is shown to be wrong, else a note; its effect is what predictions
    of the right level would gain, in log loss or root mean squared error. Of several classes, whose intervals hold all
    together, the one is told that moved furthest.

    Parameters
    ----------
    prediction : array, (rows.n_rows, n_classes) or (rows.n_rows, 1)
    """
    if rows.n_rows < FEWEST_ROWS:
        return
    parts = list(_parts(rows, prediction, reference, level))
    moved = [one for one in parts if one.moved]
    if not moved:
        return
    furthest = max(moved, key=lambda one: abs(one.now.value - one.before.value))
    is_share = rows.n_classes > 0
    right = levelled(prediction, _levels(rows, prediction), rows.weight)
    mended = compare("log_loss" if is_share else "rmse", rows.y, right, prediction, rows.weight, groups=rows.group)
    before, now, said, low, high = (
        _amount(one, is_share)
        for one in (furthest.before.value, furthest.now.value, furthest.said, furthest.now.low, furthest.now.high)
    )
    others = f"; {len(moved) - 1} more of {len(parts)} classes moved too" if len(moved) > 1 else ""
    wrong = any(one.wrong for one in moved)
    unit = "share" if is_share else "mean"
    yield Finding(
        "target_moved",
        "warning" if wrong else "note",
        "target",
        f"{furthest.what} went from {before} to {now} ({low} to {high}); the model predicts {said} for these rows{others}",
        "decisions that hang on the probability itself are wrong by as much; retrain, or state what changed"
        if wrong
        else "nothing to do: the model's predictions moved along",
        (
            Fact("before", furthest.before.value, unit),
            Fact("now", furthest.now.value, unit),
            Fact("predicted", furthest.said, unit),
            Fact("effect_in", "log_loss" if is_share else "rmse"),
        ),
        mended,
    )


@dataclass(frozen=True)
class _Part:
    """One share, or the mean: among the judged rows, among the new ones, and as the model predicts it of these."""

    what: str
    before: Estimate
    now: Estimate
    said: float

    @property
    def moved(self) -> bool:
        found = apart(self.now, self.before)
        return not found.low <= 0 <= found.high

    @property
    def wrong(self) -> bool:
        return not self.now.low <= self.said <= self.now.high


def _parts(rows: Meeting, prediction: np.ndarray, reference: Reference, level: float) -> Iterator[_Part]:
    said = np.average(prediction, axis=0, weights=rows.weight)
    if rows.n_classes > 2:
        level = looks(level, len(reference.shares))
        for place, (name, before) in enumerate(reference.shares):
            now = share_of((rows.y == place).astype(np.float64), rows.weight, rows.group, level)
            yield _Part(f"the share of '{name}'", at_level(before, level), now, float(said[place]))
        return
    is_share = rows.n_classes > 0
    mean = share_of if is_share else mean_of_rows
    now = mean(rows.y, rows.weight, rows.group, level=level)
    what = "the share of success" if is_share else "the mean of the target"
    yield _Part(what, _before(now, reference, is_share), now, float(said[-1]))


def _levels(rows: Meeting, prediction: np.ndarray) -> np.ndarray:
    """What predictions of the right level have as their mean: the shares of all classes, or the target's mean."""
    weight = np.ones(rows.n_rows) if rows.weight is None else rows.weight
    if not rows.n_classes:
        return np.array([np.average(rows.y, weights=weight)])
    return np.asarray(np.bincount(rows.y.astype(np.int64), weight, prediction.shape[1]) / weight.sum())


def levelled(prediction: np.ndarray, mean: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Predictions moved so that their mean is right.

    Numbers move by a constant; chances by one factor a class before they are made to add up to 1, which is found by turns
    (Sinkhorn and Knopp 1967, Pacific Journal of Mathematics 21).

    Parameters
    ----------
    mean : array of float64, (n_classes,) or (1,)

    >>> levelled(np.array([[0.2, 0.8], [0.4, 0.6]]), np.array([0.5, 0.5])).mean(axis=0).round(6).tolist()
    [0.5, 0.5]
    """
    if prediction.shape[1] == 1:
        return np.asarray(prediction + (mean - np.average(prediction[:, 0], weights=weight)))
    chances, wanted = np.clip(prediction, TINY, 1.0), np.maximum(mean, TINY)
    factor = np.ones(chances.shape[1])
    moved = chances / chances.sum(axis=1, keepdims=True)
    for _ in range(MOST_STEPS):
        off = wanted / np.average(moved, axis=0, weights=weight)
        if np.abs(off - 1).max() < DONE:
            break
        factor = factor * off
        moved = chances * factor
        moved = moved / moved.sum(axis=1, keepdims=True)
    return np.asarray(moved)


def _before(success: Estimate, reference: Reference, is_share: bool) -> Estimate:
    """What it was among the judged rows; where the package lacks its interval, a mean's spread is that of the new rows."""
    if reference.target is not None:
        return at_level(reference.target, success.level)
    if is_share:
        return wilson(reference.success * reference.n_rows, float(reference.n_rows), level=success.level)
    half = (success.high - success.low) / 2 * float(np.sqrt(success.n / reference.n_rows))
    value = reference.success
    return Estimate(value, value - half, value + half, success.method, reference.n_rows, success.level)


def _amount(value: float, is_share: bool) -> str:
    return f"{value:.0%}" if is_share else figure(value)
