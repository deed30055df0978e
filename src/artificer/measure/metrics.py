"""Metrics by name: what each is defined for, which way is better, and those that take parameters.

A metric with parameters is named `name:parameter,parameter`, such as "quantile_loss:0.9". Labels are class indices (of
two classes, 1 is success) or values; predictions are probabilities (n_rows, n_classes) or values (n_rows,). A metric that
no rows can define (one class only, for instance) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isfinite

import numpy as np

from artificer.core.brief import Task
from artificer.core.errors import BriefError, closest
from artificer.measure import scores
from artificer.measure.scores import Losses, Score, mean_of

CLASSES: tuple[Task, ...] = ("binary", "multiclass")
# What scikit-learn and AutoGluon call them, where that resembles another metric here, or none.
ELSEWHERE = {
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_error": "rmse",
    "root_mean_squared_error": "rmse",
    "mean_squared_log_error": "rmsle",
    "root_mean_squared_log_error": "rmsle",
    "mean_poisson_deviance": "poisson_deviance",
    "brier_score": "brier",
    "matthews_corrcoef": "mcc",
    "cohen_kappa": "kappa",
    "pinball_loss": "quantile_loss",
}
POWER = 1.5  # of Tweedie's deviance, where none is given: halfway from counts to amounts


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to score predictions.

    Attributes
    ----------
    tasks : tuple of Task
        What it is defined for.
    best : float
        The score of perfect predictions; infinite where that hangs on the rows.
    worst : float or None
        A bound that no score passes on the other side; None where there is none.
    score : callable (y, prediction, weight) → float
    losses : callable (y, prediction) → array, or None
        Row losses whose weighted mean, or its root, is the score (its negative, where larger is better).
    root : bool
        Whether the score is the root of the mean loss.
    of_labels : bool
        Whether of a prediction nothing counts but which class is the most probable.
    of_hits : bool
        Whether it is the share of rows that are right.
    """

    name: str
    tasks: tuple[Task, ...]
    larger_is_better: bool
    best: float
    worst: float | None
    score: Score
    losses: Losses | None = None
    root: bool = False
    of_labels: bool = False
    of_hits: bool = False

    @property
    def sign(self) -> float:
        """+1 where larger is better, else -1."""
        return 1.0 if self.larger_is_better else -1.0


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that differ by their parameters.

    Attributes
    ----------
    takes : str
        What the parameters are, for a person.
    example : str
    n_parameters : tuple of int
        How many may be given.
    fits : callable (parameters) → bool
        Whether they lie where they must.
    make : callable (name, parameters) → Metric
    """

    takes: str
    example: str
    n_parameters: tuple[int, ...]
    fits: Callable[[tuple[float, ...]], bool]
    make: Callable[[str, tuple[float, ...]], Metric]


def score(name: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Score predictions in the metric's own units.

    Parameters
    ----------
    name : str
        As `metric` reads it.
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
    """Find a metric by its name, with its parameters if it takes any, or say which name is closest.

    >>> metric("quantile_loss:0.90").name
    'quantile_loss:0.9'

    Raises
    ------
    BriefError
        When there is no such metric, or its parameters are not what it takes.
    """
    return METRICS.get(name) or OWN.get(name) or _with_parameters(name)


def is_metric(name: str) -> bool:
    """Whether a metric is meant, be its parameters right or not."""
    return name in METRICS or name in OWN or name.partition(":")[0] in (*METRICS, *FAMILIES)


def is_own(name: str) -> bool:
    """Whether it is a caller's function, of which a call may take milliseconds."""
    return name in OWN


def names(task: Task) -> tuple[str, ...]:
    """Metrics of a task, those with parameters by an example."""
    examples = [metric(family.example) for family in FAMILIES.values()]
    return tuple(found.name for found in (*METRICS.values(), *examples) if task in found.tasks)


def default_metric(task: Task) -> str:
    """The metric of a task for which the client names none.

    >>> default_metric("binary")
    'roc_auc'
    """
    return {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]


def shaped(found: Metric, prediction: np.ndarray) -> np.ndarray:
    """Predictions as the metric's function reads them: a matrix for classes, a vector for numbers."""
    return prediction.reshape(len(prediction)) if found.tasks == ("regression",) else prediction


@cache
def _with_parameters(name: str) -> Metric:
    kind, _, written = name.partition(":")
    family = FAMILIES.get(kind)
    if family is None:
        if kind in METRICS:
            raise BriefError(f"the metric '{kind}' takes no parameters, and '{name}' gives some; write '{kind}'")
        known = (*METRICS, *FAMILIES)
        meant = ELSEWHERE.get(kind.lower().removeprefix("neg_"), kind.removeprefix("neg_"))
        near = closest(meant, known, "closest metric") or f"; there are {', '.join(known)}"
        raise BriefError(f"there is no metric '{name}'{near}")
    try:
        given = tuple(float(one) for one in written.split(",")) if written else ()
    except ValueError:
        given = ()
    if len(given) not in family.n_parameters or not all(map(isfinite, given)) or not family.fits(given):
        raise BriefError(f"the metric '{name}' needs {family.takes}, such as '{family.example}'")
    return family.make(f"{kind}:{','.join(f'{one:.12g}' for one in given)}", given)


def _quantile_loss(name: str, given: tuple[float, ...]) -> Metric:
    return _loss(name, _REGRESSION, scores.pinball(*given))


def _tweedie(name: str, given: tuple[float, ...]) -> Metric:
    return _loss(name, _REGRESSION, scores.deviance(*given))


def _precision_at(name: str, given: tuple[float, ...]) -> Metric:
    return Metric(name, ("binary",), True, 1.0, 0.0, scores.Listed(given[0]))


def _value(name: str, given: tuple[float, ...]) -> Metric:
    most = float("inf")
    if len(given) == 3:
        acted, success, top = given
        return Metric(name, ("binary",), True, most, None, scores.Listed(top, acted, success, each=False))
    losses = scores.forgone(*given)
    return Metric(name, ("binary",), True, most, None, mean_of(losses, -1.0), losses)


def _top_k(name: str, given: tuple[float, ...]) -> Metric:
    return _hits(name, ("multiclass",), scores.beyond(int(given[0])))


def _hits(name: str, tasks: tuple[Task, ...], misses: Losses) -> Metric:
    return Metric(name, tasks, True, 1.0, 0.0, mean_of(misses, -1.0, 1.0), misses, of_hits=True)


def _loss(name: str, tasks: tuple[Task, ...], losses: Losses, *, root: bool = False) -> Metric:
    return Metric(name, tasks, False, 0.0, None, mean_of(losses, root=root), losses, root)


def _is_top(top: float) -> bool:
    return 0 < top < 1 or (top >= 1 and top == int(top))


def _pays(given: tuple[float, ...]) -> bool:
    acted, success = given[:2]
    if len(given) == 3:
        return success > 0 and _is_top(given[2])
    return acted < 0 < acted + success


_REGRESSION: tuple[Task, ...] = ("regression",)
METRICS: dict[str, Metric] = {
    found.name: found
    for found in (
        Metric("roc_auc", ("binary",), True, 1.0, 0.0, scores.roc_auc),
        Metric("average_precision", ("binary",), True, 1.0, 0.0, scores.average_precision),
        _loss("log_loss", CLASSES, scores.log_losses),
        _loss("brier", CLASSES, scores.brier_losses),
        _hits("accuracy", CLASSES, scores.misses),
        Metric("balanced_accuracy", CLASSES, True, 1.0, 0.0, scores.balanced_accuracy, of_labels=True),
        Metric("f1", ("binary",), True, 1.0, 0.0, scores.f1, of_labels=True),
        Metric("f1_macro", CLASSES, True, 1.0, 0.0, scores.f1_macro, of_labels=True),
        Metric("f1_weighted", CLASSES, True, 1.0, 0.0, scores.f1_weighted, of_labels=True),
        Metric("mcc", CLASSES, True, 1.0, -1.0, scores.mcc, of_labels=True),
        Metric("kappa", CLASSES, True, 1.0, -1.0, scores.kappa, of_labels=True),
        _loss("rmse", _REGRESSION, scores.squared, root=True),
        _loss("mae", _REGRESSION, scores.absolute),
        Metric("r2", _REGRESSION, True, 1.0, None, scores.r2),
        _loss("rmsle", _REGRESSION, scores.squared_logs, root=True),
        _loss("mape", _REGRESSION, scores.relative),
        Metric("median_absolute_error", _REGRESSION, False, 0.0, None, scores.median_absolute_error),
        _loss("poisson_deviance", _REGRESSION, scores.deviance(1.0)),
        _loss("tweedie_deviance", _REGRESSION, scores.deviance(POWER)),
    )
}
FAMILIES: dict[str, Family] = {
    "quantile_loss": Family(
        "a level between 0 and 1", "quantile_loss:0.9", (1,), lambda given: 0 < given[0] < 1, _quantile_loss
    ),
    "tweedie_deviance": Family(
        f"a power between 1 and 2, or none for {POWER:g}",
        "tweedie_deviance:1.2",
        (1,),
        lambda given: 1 < given[0] < 2,
        _tweedie,
    ),
    "precision_at": Family(
        "how many rows are listed, from 1 up, or what share of them, below 1",
        "precision_at:500",
        (1,),
        lambda given: _is_top(given[0]),
        _precision_at,
    ),
    "top_k_accuracy": Family(
        "among how many of the likeliest classes the right one shall be, from 2 up",
        "top_k_accuracy:3",
        (1,),
        lambda given: given[0] >= 2 and given[0] == int(given[0]),
        _top_k,
    ),
    "value": Family(
        "what acting on a row costs, below 0, and what a success brings, more than that; or both and how many rows are "
        "acted on, as in 'value:-6,80,500'",
        "value:-6,80",
        (2, 3),
        _pays,
        _value,
    ),
}
# A caller's own functions, while their fits run: see `measure.own`.
OWN: dict[str, Metric] = {}
