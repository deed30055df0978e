"""What each row adds to a score: the first-order (von Mises) expansion of a metric in the distribution of its rows.

For rows drawn otherwise, score(P_T) - score(P_S) ≈ E_T[φ] - E_S[φ], where φ is the influence of a row (Hampel 1974, JASA
69); for the area under the ROC curve it follows from DeLong's placements (DeLong et al. 1988, Biometrics 44).
"""

from __future__ import annotations

import numpy as np

from artificer.core.brief import Task
from artificer.measure.metrics import METRICS, metric, score, shaped


def influence(name: str, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Influence of each row on a metric: float64 (n_rows,), of mean 0, positive where a row makes the score better.

    Parameters
    ----------
    name : str
        A metric for which `has_influence` is true.
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
    """
    found = metric(name)
    if name == "roc_auc":
        return _of_area(y, prediction[:, 1], score(name, y, prediction))
    assert found.losses is not None
    losses = found.losses(y, shaped(found, prediction))
    mean = float(losses.mean())
    if not found.root:
        return np.asarray(mean - losses)
    return np.asarray((mean - losses) / (2 * np.sqrt(mean))) if mean > 0 else np.zeros(len(losses))


def has_influence(name: str) -> bool:
    """Whether the metric is a mean over rows, a root of one, or the area under the ROC curve."""
    return name == "roc_auc" or (name in METRICS and METRICS[name].losses is not None)


def tracked_metric(name: str, task: Task) -> str:
    """The metric itself where it has an influence, else the loss that learners lower."""
    return name if has_influence(name) else "rmse" if task == "regression" else "log_loss"


def _of_area(y: np.ndarray, success: np.ndarray, area: float) -> np.ndarray:
    values, place = np.unique(success, return_inverse=True)
    up = np.bincount(place, weights=y == 1, minlength=len(values))
    down = np.bincount(place, weights=y != 1, minlength=len(values))
    n_up, n_down = up.sum(), down.sum()
    above_down = (np.cumsum(down) - down / 2)[place] / n_down
    below_up = (n_up - np.cumsum(up) + up / 2)[place] / n_up
    n = len(y)
    return np.asarray(np.where(y == 1, (above_down - area) * n / n_up, (below_up - area) * n / n_down))
