"""Whether the target itself moved, and whether the model's predictions moved with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import figure
from artificer.core.life import Reference
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.track.harm import apart, at_level
from artificer.line.track.meeting import Meeting
from artificer.measure.compare import compare
from artificer.measure.means import mean_of_rows, share_of, wilson

FEWEST_ROWS = 30


def target_findings(rows: Meeting, prediction: np.ndarray, reference: Reference, level: float) -> Iterator[Finding]:
    """Compare the share of success, or the mean of the target, with that of the judged rows.

    It is a warning where the model's own mean prediction is shown to be wrong, else a note; its effect is what predictions
    of the right level would gain, in log loss or root mean squared error.

    Parameters
    ----------
    prediction : array, (rows.n_rows, n_classes) or (rows.n_rows, 1)
    """
    if rows.n_rows < FEWEST_ROWS or rows.n_classes > 2:
        return
    is_share = rows.n_classes > 0
    mean = share_of if is_share else mean_of_rows
    success = mean(rows.y, rows.weight, rows.group, level=level)
    moved = apart(success, _before(success, reference, is_share))
    if moved.low <= 0 <= moved.high:
        return
    said = float(np.average(prediction[:, -1], weights=rows.weight))
    right = levelled(prediction, success.value, rows.weight)
    mended = compare("log_loss" if is_share else "rmse", rows.y, right, prediction, rows.weight, groups=rows.group)
    before, now, told, low, high = (
        _amount(one, is_share) for one in (reference.success, success.value, said, success.low, success.high)
    )
    what = "the share of success" if is_share else "the mean of the target"
    wrong = not success.low <= said <= success.high
    yield Finding(
        "target_moved",
        "warning" if wrong else "note",
        "target",
        f"{what} went from {before} to {now} ({low} to {high}); the model predicts {told} for these rows",
        "decisions that hang on the probability itself are wrong by as much; retrain, or state what changed"
        if wrong
        else "nothing to do: the model's predictions moved along",
        (
            Fact("before", reference.success, "share" if is_share else "mean"),
            Fact("now", success.value, "share" if is_share else "mean"),
            Fact("predicted", said, "share" if is_share else "mean"),
            Fact("effect_in", "log_loss" if is_share else "rmse"),
        ),
        mended,
    )


def levelled(prediction: np.ndarray, mean: float, weight: np.ndarray | None = None) -> np.ndarray:
    """Predictions moved so that their mean is right: numbers by a constant, probabilities by one on the logit's scale."""
    if prediction.shape[1] == 1:
        return np.asarray(prediction + (mean - np.average(prediction[:, 0], weights=weight)))
    success = np.clip(prediction[:, 1], 1e-9, 1 - 1e-9)
    odds = np.log(success / (1 - success))
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _mean_of(odds + middle, weight) < mean else (low, middle)
    moved = 1 / (1 + np.exp(-odds - (low + high) / 2))
    return np.stack([1 - moved, moved], axis=1)


def _mean_of(odds: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.average(1 / (1 + np.exp(-odds)), weights=weight))


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
