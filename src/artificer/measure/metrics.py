"""Metrics: how good predictions are, with row weights.

Labels are class indices (of two classes, 1 is success) or values; predictions are probabilities (n_rows, n_classes) or
values (n_rows,). A metric that no rows can define (one class only, for instance) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from artificer.core.brief import Task
from artificer.core.errors import BriefError, closest

Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]

CLASSES: tuple[Task, ...] = ("binary", "multiclass")
TINY = 1e-15


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to score predictions.

    Attributes
    ----------
    tasks : tuple of Task
        What it is defined for.
    best : float
        The score of perfect predictions.
    worst : float or None
        A bound that no score passes on the other side; None where there is none.
    score : callable (y, prediction, weight) → float
    losses : callable (y, prediction) → array, or None
        Row losses whose weighted mean, or its root, is the score (its negative, where larger is better).
    root : bool
        Whether the score is the root of the mean loss.
    """

    name: str
    tasks: tuple[Task, ...]
    larger_is_better: bool
    best: float
    worst: float | None
    score: Score
    losses: Losses | None = None
    root: bool = False

    @property
    def sign(self) -> float:
        """+1 where larger is better, else -1."""
        return 1.0 if self.larger_is_better else -1.0


def score(name: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Score predictions in the metric's own units.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    y : array, (n_rows,)
    prediction : array, (n_rows, n_classes) or (n_rows,) or (n_rows, 1)
    weight : array of float64, (n_rows,), optional

    Raises
    ------
    BriefError
        When there is no such metric.
    """
    found = metric(name)
    if len(y) == 0:
        return float("nan")
    return found.score(y, shaped(found, prediction), np.ones(len(y)) if weight is None else weight)


def metric(name: str) -> Metric:
    """Find a metric by its name, or say which name is closest."""
    if name not in METRICS:
        raise BriefError(f"there is no metric '{name}'{closest(name, METRICS, 'closest metric')}")
    return METRICS[name]


def default_metric(task: Task) -> str:
    """The metric of a task for which the client names none.

    >>> default_metric("binary")
    'roc_auc'
    """
    return {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]


def shaped(found: Metric, prediction: np.ndarray) -> np.ndarray:
    """Predictions as the metric's function reads them: a matrix for classes, a vector for numbers."""
    return prediction.reshape(len(prediction)) if found.tasks == ("regression",) else prediction


def _log_losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    losses: np.ndarray = -np.log(np.clip(p[np.arange(len(y)), y.astype(np.int64)], TINY, 1.0))
    return losses


def _brier_losses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    if p.shape[1] == 2:
        return np.asarray((p[:, 1] - y) ** 2)
    hit = np.arange(p.shape[1]) == y.astype(np.int64)[:, None]
    return np.asarray(((p - hit) ** 2).sum(axis=1))


def _misses(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(p.argmax(axis=1) != y.astype(np.int64), np.float64)


def _squared(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((p - y) ** 2)


def _absolute(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(p - y))


def _squared_logs(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((np.log1p(np.maximum(p, 0.0)) - np.log1p(np.maximum(y, 0.0))) ** 2)


def _relative(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(p - y) / np.maximum(np.abs(y), np.finfo(np.float64).eps))


def _mean(losses: Losses, sign: float = 1.0, base: float = 0.0, root: bool = False) -> Score:
    def score(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
        if not weight.sum() > 0:
            return float("nan")
        mean = float(np.average(losses(y, p), weights=weight))
        return base + sign * (mean**0.5 if root else mean)

    return score


def roc_auc(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a success ranks above a failure, ties counting half."""
    values, place = np.unique(p[:, 1], return_inverse=True)
    up = np.bincount(place, weights=weight * (y == 1), minlength=len(values))
    down = np.bincount(place, weights=weight * (y != 1), minlength=len(values))
    pairs = up.sum() * down.sum()
    if not pairs > 0:
        return float("nan")
    below = np.cumsum(down) - down
    return float((up * (below + 0.5 * down)).sum() / pairs)


def average_precision(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Precision averaged over the recall that each threshold adds; ties are one threshold."""
    values, place = np.unique(-p[:, 1], return_inverse=True)
    hits = np.cumsum(np.bincount(place, weights=weight * (y == 1), minlength=len(values)))
    chosen = np.cumsum(np.bincount(place, weights=weight, minlength=len(values)))
    if not (len(hits) and hits[-1] > 0):
        return float("nan")
    precision = np.divide(hits, chosen, out=np.zeros_like(hits), where=chosen > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def balanced_accuracy(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Recall averaged over the classes that occur."""
    hits = p.argmax(axis=1) == y
    rows = y.astype(np.int64)
    total = np.bincount(rows, weights=weight, minlength=p.shape[1])
    right = np.bincount(rows, weights=weight * hits, minlength=p.shape[1])
    return float((right[total > 0] / total[total > 0]).mean()) if (total > 0).any() else float("nan")


def f1(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """F1 of success (two classes), where the probability of success is above half."""
    return _f1(y == 1, p.argmax(axis=1) == 1, weight)


def f1_macro(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """F1 averaged over the classes that occur or are predicted."""
    predicted = p.argmax(axis=1)
    there = [one for one in range(p.shape[1]) if (y == one).any() or (predicted == one).any()]
    return float(np.mean([_f1(y == one, predicted == one, weight) for one in there]))


def _f1(truth: np.ndarray, chosen: np.ndarray, weight: np.ndarray) -> float:
    both = weight[truth & chosen].sum()
    total = weight[truth].sum() + weight[chosen].sum()
    return float(2 * both / total) if total > 0 else 0.0


def r2(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Share of the variance that is explained; below 0 where the mean would do better."""
    if not weight.sum() > 0:
        return float("nan")
    spread = float((weight * (y - np.average(y, weights=weight)) ** 2).sum())
    return 1.0 - float((weight * (p - y) ** 2).sum()) / spread if spread > 0 else float("nan")


def median_absolute_error(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
    """Weighted median of the absolute errors."""
    errors = np.abs(p - y)
    order = np.argsort(errors, kind="stable")
    filled = np.cumsum(weight[order])
    low = errors[order][np.searchsorted(filled, filled[-1] / 2, side="left")]
    high = errors[order][min(np.searchsorted(filled, filled[-1] / 2, side="right"), len(errors) - 1)]
    return float((low + high) / 2)


_REGRESSION: tuple[Task, ...] = ("regression",)
METRICS: dict[str, Metric] = {
    found.name: found
    for found in (
        Metric("roc_auc", ("binary",), True, 1.0, 0.0, roc_auc),
        Metric("average_precision", ("binary",), True, 1.0, 0.0, average_precision),
        Metric("log_loss", CLASSES, False, 0.0, None, _mean(_log_losses), _log_losses),
        Metric("brier", CLASSES, False, 0.0, None, _mean(_brier_losses), _brier_losses),
        Metric("accuracy", CLASSES, True, 1.0, 0.0, _mean(_misses, -1.0, 1.0), _misses),
        Metric("balanced_accuracy", CLASSES, True, 1.0, 0.0, balanced_accuracy),
        Metric("f1", ("binary",), True, 1.0, 0.0, f1),
        Metric("f1_macro", CLASSES, True, 1.0, 0.0, f1_macro),
        Metric("rmse", _REGRESSION, False, 0.0, None, _mean(_squared, root=True), _squared, root=True),
        Metric("mae", _REGRESSION, False, 0.0, None, _mean(_absolute), _absolute),
        Metric("r2", _REGRESSION, True, 1.0, None, r2),
        Metric("rmsle", _REGRESSION, False, 0.0, None, _mean(_squared_logs, root=True), _squared_logs, root=True),
        Metric("mape", _REGRESSION, False, 0.0, None, _mean(_relative), _relative),
        Metric("median_absolute_error", _REGRESSION, False, 0.0, None, median_absolute_error),
    )
}
