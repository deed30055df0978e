"""The loss that fits the metric: what learners lower where a score asks for a median, a quantile or a mean of counts."""

from __future__ import annotations

import numpy as np

from artificer.core.errors import DataError
from artificer.core.records import Decision
from artificer.measure.metrics import POWER

BY_MEDIAN = ("mae", "median_absolute_error", "mape")


def fitting_loss(metric: str) -> str:
    """Loss of a metric, as `Plan.loss` names it; "" for the usual one.

    >>> fitting_loss("quantile_loss:0.9"), fitting_loss("mae"), fitting_loss("rmse")
    ('quantile:0.9', 'absolute', '')
    """
    kind, _, parameter = metric.partition(":")
    if kind in BY_MEDIAN:
        return "absolute"
    if kind == "quantile_loss":
        return f"quantile:{parameter}"
    if kind == "poisson_deviance":
        return "poisson"
    return f"tweedie:{parameter or f'{POWER:g}'}" if kind == "tweedie_deviance" else ""


def loss_decision(metric: str, loss: str) -> Decision:
    """Why learners of a number lower this loss."""
    kind, _, parameter = loss.partition(":")
    about = {
        "absolute": "the median is what scores best, and absolute error leads there",
        "quantile": f"the quantile at {parameter} is what scores best, and this loss leads there",
        "poisson": "it is the metric itself, and predictions stay above 0",
        "tweedie": "it is the metric itself, and predictions stay above 0",
    }
    if metric == "mape":
        about["absolute"] = (
            "the median of rows that weigh less the larger their target is what scores best; so they are weighed"
        )
    because = f"candidates are compared by {metric}: {about[kind]}" if loss else f"it suits {metric}"
    return Decision("design", "Which loss do learners lower?", loss or "squared error", because, _others(loss))


def _others(loss: str) -> tuple[str, ...]:
    return ("absolute", "quantile", "poisson", "tweedie") if not loss else ("squared error",)


def check_target(metric: str, y: np.ndarray, column: str) -> None:
    """See that a deviance, or an error of logarithms, can be lowered.

    Raises
    ------
    DataError
        When a target is negative.
    """
    n_below = int((y < 0).sum())
    if n_below:
        raise DataError(
            f"the metric '{metric}' is for targets from 0 up, and '{column}' is negative in {n_below:,} of {len(y):,} rows "
            f"(the lowest is {y.min():g}); correct or drop those rows, or take rmse or mae"
        )
