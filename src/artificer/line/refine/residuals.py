"""How far the values lay from the out-of-fold predictions: what intervals of numbers are made of.

Conformal prediction from cross-validation residuals (Barber, Candès, Ramdas and Tibshirani 2021, "Predictive inference
with the jackknife+", Annals of Statistics 49, arXiv 1905.02928), around the prediction of the model that is refitted on all
rows: that costs one model instead of all folds', and the proof, which then asks for a learner that changes little with its
rows. The refitted model has seen more rows than those that made the residuals, so the intervals are, if anything, a little
wide. Both tails have half of what is left out each (Romano, Patterson and Candès 2019, "Conformalized quantile regression",
NeurIPS); residuals are divided by their typical size at such a prediction where that makes better intervals.
"""

from __future__ import annotations

import numpy as np

from artificer.core.records import Decision, Fact
from artificer.line.refine.blend import PARTS, Measured, halves
from artificer.measure.means import effective_rows, mean_of_rows
from artificer_runtime.outcome import Residuals

FEWEST_ROWS = 20
MOST_BINS, ROWS_A_BIN = 20, 100
# No scale falls below this part of the mean one: a bin of lucky rows promises nothing.
LEAST_SCALE = 0.05
LEVEL = 0.9
TAILS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.02,
    0.025,
    0.03,
    0.04,
    0.05,
    0.075,
    0.1,
    0.125,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
)
SHARES = np.array([*TAILS, 0.5, *(1.0 - tail for tail in reversed(TAILS))])


def residuals(measured: Measured, blend: np.ndarray, transform: str = "") -> tuple[Residuals | None, Decision | None]:
    """Learn how far values lie from predictions, on the scale of the members; None for classes and where rows are few.

    Parameters
    ----------
    blend : array of float64, (n_rows, 1)
        Out-of-fold predictions.
    transform : str
        "log1p" when members predict the target's logarithm.
    """
    if measured.task != "regression" or len(measured.y) < FEWEST_ROWS:
        return None, None
    y, prediction = measured.y, blend[:, 0]
    if transform == "log1p":
        y, prediction = np.log1p(y), np.log1p(np.maximum(prediction, np.nextafter(-1.0, 0.0)))
    plain, scaled = (_cross_fitted(measured, y, prediction, by_bins) for by_bins in (False, True))
    saved = mean_of_rows(plain - scaled, measured.weight, measured.group, level=LEVEL)
    by_bins = bool(saved.value > 0 and saved.low > 0)
    narrower = saved.value / max(float(np.average(plain, weights=measured.weight)), 1e-300)
    because = (
        f"made on one half of the rows and measured on the other at {LEVEL:.0%}, intervals that grow and shrink with the "
        f"prediction are better by {narrower:.1%} in width and misses (Winkler's score)"
    )
    choice, other = (
        ("with the prediction", "all of one width") if by_bins else ("all of one width", "with the prediction")
    )
    facts = (Fact("narrower", narrower, "share of Winkler's score"),)
    decision = Decision("refine", "How wide are intervals?", choice, because, (other,), facts)
    return _learned(measured, y, prediction, by_bins), decision


def _cross_fitted(measured: Measured, y: np.ndarray, prediction: np.ndarray, by_bins: bool) -> np.ndarray:
    """Each row's score of Winkler (1972, JASA 67): the interval's width, and 2 / (1 - level) times what it misses by."""
    part = halves(measured)
    scores = np.empty(len(y))
    for number in range(PARTS):
        here, there = np.flatnonzero(part == number), np.flatnonzero(part != number)
        found = _learned(measured.take(there), y[there], prediction[there], by_bins)
        low, high = _finite(found, y[there] - prediction[there], prediction[here]).T
        missed = np.maximum(low - y[here], 0.0) + np.maximum(y[here] - high, 0.0)
        scores[here] = high - low + 2.0 / (1.0 - LEVEL) * missed
    return scores


def _finite(found: Residuals, errors: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Intervals; where rows are too few for an end, it is the farthest residual."""
    ends = found.interval(prediction, LEVEL)
    reach = np.array([errors.min(), errors.max()])
    return np.where(np.isfinite(ends), ends, prediction[:, None] + reach)


def _learned(measured: Measured, y: np.ndarray, prediction: np.ndarray, by_bins: bool) -> Residuals:
    errors = y - prediction
    weight = np.ones(len(y)) if measured.weight is None else measured.weight
    knots, scales = _scales(prediction, np.abs(errors), weight, by_bins)
    standard = errors / np.interp(prediction, knots, scales)
    n = effective_rows(len(y), measured.weight)
    n = min(n, len(np.unique(measured.group))) if measured.group is not None else n
    quantiles = _quantiles(standard, weight)
    # By exchangeability the row to come lies below all n of training with a chance of 1 / (n + 1) at most.
    floor = 0.0 if y.min() >= 0.0 else None
    return Residuals(_told(knots), _told(scales), _told(SHARES), _told(quantiles), int(n), floor)


def _scales(
    prediction: np.ndarray, sizes: np.ndarray, weight: np.ndarray, by_bins: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Mean size of the residuals in bins of as many rows each, smoothed over neighbours: knots and scales."""
    mean = float(np.average(sizes, weights=weight)) or 1.0
    n_bins = min(MOST_BINS, len(sizes) // ROWS_A_BIN) if by_bins else 1
    edges = np.unique(np.quantile(prediction, np.linspace(0, 1, n_bins + 1)[1:-1])) if n_bins > 1 else np.empty(0)
    place = np.searchsorted(edges, prediction, side="left")
    total = np.bincount(place, weight, len(edges) + 1)
    there = total > 0
    knots = np.bincount(place, weight * prediction, len(total))[there] / total[there]
    scales = np.bincount(place, weight * sizes, len(total))[there] / total[there]
    padded = np.concatenate([scales[:1], scales, scales[-1:]])
    smooth = (padded[:-2] + 2.0 * padded[1:-1] + padded[2:]) / 4.0
    return knots, np.maximum(smooth, LEAST_SCALE * mean)


def _quantiles(standard: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Quantiles of the residuals that leave the row to come its own place in each tail: float64 (n_shares,)."""
    order = np.argsort(standard, kind="stable")
    ordered, filled = standard[order], np.cumsum(weight[order])
    total = filled[-1] + weight.mean()
    # From below, the last residual with no more than the share up to it; from above, likewise.
    below = np.searchsorted(filled, SHARES * total * (1 + 1e-12), side="right") - 1
    above = np.searchsorted(filled, SHARES * total * (1 - 1e-12), side="left")
    place = np.where(SHARES < 0.5, below, above)
    return np.asarray(ordered[np.clip(place, 0, len(ordered) - 1)])


def _told(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(one) for one in values)
