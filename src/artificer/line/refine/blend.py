"""A blend of candidates: weights by greedy selection, kept only when a paired test on other rows shows the gain.

Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of models", ICML. More than 25 steps
gave AutoGluon's authors nothing, nor us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from artificer.core.brief import Task
from artificer.core.records import Estimate
from artificer.line.fit.losses import row_losses
from artificer.measure.compare import compare
from artificer.measure.metrics import metric, score

STEPS = 25
LEAST_WEIGHT = 0.03
# Part of each weight that is drawn to the mean of all: weights chosen on few rows are too sure.
TO_UNIFORM = 0.2
MOST_ROWS = 20_000
PARTS = 2
# A blend is expected to help (it did in every published comparison), so nine chances in ten of a gain suffice.
LEVEL = 0.8
# Ranks of fewer rows than this of the rarer class are too coarse to climb by; log loss is not.
FEWEST_FOR_RANKS = 100

Predictions = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Measured:
    """Out-of-fold rows: their positions, labels oriented so that class 1 is success, and what to compare by."""

    rows: np.ndarray
    y: np.ndarray
    metric: str
    task: Task
    weight: np.ndarray | None = None
    group: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Measured:
        """Some of the rows."""
        weight = self.weight[rows] if self.weight is not None else None
        group = self.group[rows] if self.group is not None else None
        return Measured(self.rows[rows], self.y[rows], self.metric, self.task, weight, group)


def greedy(measured: Measured, predictions: Predictions, most: int) -> dict[str, float]:
    """Choose weights by adding, step by step and with replacement, the candidate that helps the blend most.

    Parameters
    ----------
    predictions : name → array (n_rows, n_out)
    most : int
        Candidates in the blend, at most.

    Returns
    -------
    dict of str to float
        Weights above 0 that sum to 1, in falling order.
    """
    measured, predictions = _sampled(measured, predictions)
    gain = _objective(measured)
    picks: Counter[str] = Counter()
    total = np.zeros_like(next(iter(predictions.values())))
    best_so_far, best_picks = -np.inf, Counter[str]()
    for step in range(1, STEPS + 1):
        open_names = [name for name in predictions if name in picks or len(picks) < most]
        gains = {name: gain((total + predictions[name]) / step) for name in open_names}
        name = max(gains, key=lambda one: gains[one])
        picks[name] += 1
        total = total + predictions[name]
        if gains[name] > best_so_far:
            best_so_far, best_picks = gains[name], picks.copy()
    return _cleaned(best_picks)


def best_single(measured: Measured, predictions: Predictions) -> str:
    """Name of the candidate that is best alone."""
    gain = _objective(measured)
    return max(predictions, key=lambda name: gain(predictions[name]))


def mixed(predictions: Predictions, weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of predictions."""
    return np.asarray(np.sum([weight * predictions[name] for name, weight in weights.items()], axis=0))


def cross_fitted(measured: Measured, predictions: Predictions, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Blend and best single, each chosen on the other half of the rows: what choosing is worth, without optimism.

    Returns
    -------
    blend, single : arrays (n_rows, n_out)
    """
    blend = np.empty_like(next(iter(predictions.values())))
    single = np.empty_like(blend)
    part = _parts(measured)
    for number in range(PARTS):
        here, there = np.flatnonzero(part == number), np.flatnonzero(part != number)
        others = {name: values[there] for name, values in predictions.items()}
        own = {name: values[here] for name, values in predictions.items()}
        blend[here] = mixed(own, greedy(measured.take(there), others, most))
        single[here] = own[best_single(measured.take(there), others)]
    return blend, single


def gain_of_blending(measured: Measured, blend: np.ndarray, single: np.ndarray) -> Estimate:
    """Paired difference, positive where the blend is better, with a two-sided interval of `LEVEL`."""
    return compare(measured.metric, measured.y, blend, single, measured.weight, groups=measured.group, level=LEVEL)


def _parts(measured: Measured) -> np.ndarray:
    rng = np.random.default_rng(0)
    if measured.group is not None:
        names, inverse = np.unique(measured.group, return_inverse=True)
        return np.asarray((rng.permutation(len(names)) % PARTS)[inverse])
    order = rng.permutation(len(measured.y))
    if measured.task != "regression":
        order = order[np.argsort(measured.y[order], kind="stable")]
    part = np.empty(len(order), np.int64)
    part[order] = np.arange(len(order)) % PARTS
    return part


def _sampled(measured: Measured, predictions: Predictions) -> tuple[Measured, Predictions]:
    if len(measured.y) <= MOST_ROWS:
        return measured, predictions
    rows = np.sort(np.random.default_rng(0).choice(len(measured.y), MOST_ROWS, replace=False))
    return measured.take(rows), {name: values[rows] for name, values in predictions.items()}


def _objective(measured: Measured) -> Callable[[np.ndarray], float]:
    sign = metric(measured.metric).sign
    few = measured.task == "binary" and min(measured.y.sum(), (1 - measured.y).sum()) < FEWEST_FOR_RANKS

    def gain(prediction: np.ndarray) -> float:
        if few:
            return -float(np.average(row_losses(measured.task, measured.y, prediction), weights=measured.weight))
        return sign * score(measured.metric, measured.y, prediction, measured.weight)

    return gain


def _cleaned(picks: Counter[str]) -> dict[str, float]:
    total = sum(picks.values())
    kept = {name: count for name, count in picks.most_common() if count / total >= LEAST_WEIGHT}
    weight = sum(kept.values())
    return {name: (1 - TO_UNIFORM) * count / weight + TO_UNIFORM / len(kept) for name, count in kept.items()}
