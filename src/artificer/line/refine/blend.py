"""A blend of candidates: weights by greedy selection, left where rows that did not choose it show that it loses.

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
from artificer.measure.metrics import is_own, metric, score
from artificer_runtime.parts import dealt

STEPS, STEPS_OWN = 25, 10  # a caller's function takes longer
# Part of each weight that is drawn to the mean of all: weights chosen on few rows are too sure (docs/decisions/blend-proof).
TO_UNIFORM = 0.5
MOST_ROWS, MOST_ROWS_OWN = 20_000, 4_000
PARTS = 2
# What a member more must gain, as a share of what the best single candidate lacks to perfection. Over eight data sets, in
# halves that did not choose: 0.0005 costs nothing and leaves one member in 25 out; 0.001 costs 0.0006 of what is lacking
# and leaves one in ten out, 0.002 as much and one in seven, 0.005 costs 0.002.
PRICE = 0.0005
# Of the interval that is told with the gain: a blend is left where all of it is below zero.
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
    return path(measured, predictions, most)[-1]


def path(measured: Measured, predictions: Predictions, most: int, price: float = PRICE) -> tuple[dict[str, float], ...]:
    """Nested blends on the greedy way: the best of one candidate, of two, and so on; the last is the one to choose.

    Each member beyond the first must gain `price` of what the best single candidate lacks to perfection.
    """
    own = is_own(measured.metric)
    measured, predictions = drawn(measured, predictions, MOST_ROWS_OWN if own else MOST_ROWS)
    gain = _objective(measured)
    picks: Counter[str] = Counter()
    total = np.zeros_like(next(iter(predictions.values())))
    best: dict[int, tuple[float, Counter[str]]] = {}
    charge = 0.0
    for step in range(1, (STEPS_OWN if own else STEPS) + 1):
        open_names = [name for name in predictions if name in picks or len(picks) < most]
        net = {
            name: gain((total + predictions[name]) / step) - charge * (len(picks) - (name in picks))
            for name in open_names
        }
        name = max(net, key=lambda one: net[one])
        if step == 1:
            perfect = _perfect(measured)
            charge = price * abs(perfect - net[name]) if np.isfinite(perfect) else 0.0
        picks[name] += 1
        total = total + predictions[name]
        if net[name] > best.get(len(picks), (-np.inf, picks))[0]:
            best[len(picks)] = net[name], picks.copy()
    last = max(best, key=lambda count: best[count][0])
    return tuple(_drawn_in(best[count][1]) for count in sorted(best) if count <= last)


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
    part = halves(measured)
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


def halves(measured: Measured) -> np.ndarray:
    """Number of the part that each row is in, groups whole and classes shared out evenly: int64 (n_rows,)."""
    strata = None if measured.task == "regression" else measured.y
    return dealt(PARTS, len(measured.y), np.random.default_rng(0), strata=strata, group=measured.group)


def drawn(measured: Measured, predictions: Predictions, most: int) -> tuple[Measured, Predictions]:
    """At most so many of the rows, always the same ones."""
    if len(measured.y) <= most:
        return measured, predictions
    rows = np.sort(np.random.default_rng(0).choice(len(measured.y), most, replace=False))
    return measured.take(rows), {name: values[rows] for name, values in predictions.items()}


def _objective(measured: Measured) -> Callable[[np.ndarray], float]:
    sign = metric(measured.metric).sign
    few = _few(measured)

    def gain(prediction: np.ndarray) -> float:
        found = np.nan if few else sign * score(measured.metric, measured.y, prediction, measured.weight)
        if np.isfinite(found):
            return found
        # Of few rows, or where the metric says nothing: R² of one value, the area of one class.
        return -float(np.average(row_losses(measured.task, measured.y, prediction), weights=measured.weight))

    return gain


def _few(measured: Measured) -> bool:
    return measured.task == "binary" and bool(min(measured.y.sum(), (1 - measured.y).sum()) < FEWEST_FOR_RANKS)


def _perfect(measured: Measured) -> float:
    """What the objective would be of perfect predictions."""
    return 0.0 if _few(measured) else metric(measured.metric).sign * metric(measured.metric).best


def _drawn_in(picks: Counter[str]) -> dict[str, float]:
    total = sum(picks.values())
    return {name: (1 - TO_UNIFORM) * count / total + TO_UNIFORM / len(picks) for name, count in picks.most_common()}
