"""The loss that learners train on, row by row, and what follows from it: the link, the best constant.

Log loss for classes, squared error for numbers, unless the plan says "absolute", "quantile:0.9", "poisson" or "tweedie:1.5".
Absolute error is twice the loss of the quantile at one half, and Poisson's deviance is Tweedie's of power 1, so learners
know two more losses only.
"""

from __future__ import annotations

import numpy as np

from artificer.core.brief import Task
from artificer.measure.scores import absolute, deviance, pinball, squared
from artificer_runtime.members.links import Link

_TINY = 1e-15
LINKS: dict[Task, Link] = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}
NEVER = -20.0  # log odds of a class, or logarithm of a share of the mean, where training has none


def row_losses(task: Task, y: np.ndarray, prediction: np.ndarray, loss: str = "") -> np.ndarray:
    """Losses of float64 (n_rows,), smaller is better.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index or value.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
    loss : str
        As in `Plan.loss`.
    """
    if task != "regression":
        likelihood = prediction[np.arange(len(y)), y.astype(np.int64)]
        losses: np.ndarray = -np.log(np.clip(likelihood, _TINY, 1.0))
        return losses
    shown, level, power = prediction.reshape(len(y)), level_of(loss), power_of(loss)
    if loss == "absolute":
        return absolute(y, shown)
    if level is not None:
        return pinball(level)(y, shown)
    return deviance(power)(y, shown) if power is not None else squared(y, shown)


def level_of(loss: str) -> float | None:
    """The quantile that a loss is lowest at, between 0 and 1; None where it is another loss.

    >>> level_of("absolute"), level_of("quantile:0.9"), level_of("poisson")
    (0.5, 0.9, None)
    """
    kind, _, level = loss.partition(":")
    return 0.5 if kind == "absolute" else float(level) if kind == "quantile" else None


def power_of(loss: str) -> float | None:
    """How variance grows with the mean: 1 for Poisson's, below 2 for Tweedie's; None where it is another loss.

    >>> power_of("poisson"), power_of("tweedie:1.5"), power_of("")
    (1.0, 1.5, None)
    """
    kind, _, power = loss.partition(":")
    return 1.0 if kind == "poisson" else float(power) if kind == "tweedie" else None


def link_of(task: Task, loss: str) -> Link:
    """From raw scores to predictions: what must be above 0 is the exponential of them."""
    return "exp" if power_of(loss) is not None else LINKS[task]


def constant(loss: str, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The one number that loses least: the mean, or a quantile."""
    level = level_of(loss)
    return float(np.average(y, weights=weight)) if level is None else quantile(y, level, weight)


def quantile(values: np.ndarray, level: float, weight: np.ndarray | None = None) -> float:
    """Quantile of weighted values, of which one counts as much as its weight; between two where the level is."""
    if weight is None:
        return float(np.quantile(values, level))
    order = np.argsort(values, kind="stable")
    filled = np.cumsum(weight[order])
    places = (
        np.searchsorted(filled, level * filled[-1], side="left"),
        np.searchsorted(filled, level * filled[-1], side="right"),
    )
    return float(np.mean([values[order][min(place, len(values) - 1)] for place in places]))


def log_mean(y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Logarithm of the mean of a target from 0 up, bounded where it is 0 in every row."""
    return float(np.log(max(float(np.average(y, weights=weight)), np.exp(NEVER))))
