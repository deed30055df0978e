"""Comparisons of two models on the same rows: positive where the first is better. Every “better than” is made here."""

from __future__ import annotations

import numpy as np
from scipy import stats

from artificer.core.records import Estimate
from artificer.measure.delong import auc_covariance
from artificer.measure.intervals import REPLICATES, mean_t, resamples
from artificer.measure.metrics import Metric, metric, score, shaped


def compare(
    name: str,
    y: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Score of `first` minus score of `second`, in the metric's units, positive where the first is better.

    DeLong's covariance for the area under the ROC curve, a paired t test for means of row losses, else a paired
    bootstrap; with groups, a paired bootstrap of whole groups.
    """
    found = metric(name)
    a, b = score(name, y, first, weight), score(name, y, second, weight)
    if not (np.isfinite(a) and np.isfinite(b)):
        return Estimate(float("nan"), -np.inf, np.inf, "not defined on these rows", len(y), level)
    if groups is not None:
        return _bootstrap(found, y, first, second, weight, groups, level)
    if name == "roc_auc" and weight is None:
        return _delong(y, first[:, 1], second[:, 1], level)
    if found.losses is not None and not found.root:
        gains = found.losses(y, shaped(found, second)) - found.losses(y, shaped(found, first))
        return mean_t(gains, weight, level=level, method="paired t over rows")
    if found.losses is not None:
        return _roots(found, y, first, second, weight, level)
    return _bootstrap(found, y, first, second, weight, None, level)


def corrected_resampled_t(differences: np.ndarray, n_train: int, n_test: int, *, level: float = 0.95) -> Estimate:
    """Interval of a mean difference over folds whose training rows overlap (Nadeau and Bengio 2003, Machine Learning 52)."""
    n = len(differences)
    mean = float(differences.mean())
    if n < 2:
        return Estimate(mean, -np.inf, np.inf, "corrected resampled t", n, level)
    error = np.sqrt((1 / n + n_test / n_train) * differences.var(ddof=1))
    half = float(stats.t.ppf(0.5 + level / 2, n - 1) * error)
    return Estimate(mean, mean - half, mean + half, "corrected resampled t", n, level)


def _delong(y: np.ndarray, first: np.ndarray, second: np.ndarray, level: float) -> Estimate:
    (a, b), covariance = auc_covariance(y, np.stack([first, second]))
    variance = max(float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), 0.0)
    half = float(stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance))
    gain = float(a - b)
    return Estimate(gain, gain - half, gain + half, "paired DeLong", len(y), level)


def _roots(
    found: Metric, y: np.ndarray, first: np.ndarray, second: np.ndarray, weight: np.ndarray | None, level: float
) -> Estimate:
    """Difference of roots of mean losses by the delta method: each row's influence is its loss over twice the root."""
    assert found.losses is not None
    a, b = found.losses(y, shaped(found, first)), found.losses(y, shaped(found, second))
    root_a, root_b = (float(np.average(one, weights=weight)) ** 0.5 for one in (a, b))
    influence = b / (2 * max(root_b, 1e-300)) - a / (2 * max(root_a, 1e-300))
    spread = mean_t(influence, weight, level=level)
    gain, half = root_b - root_a, spread.high - spread.value
    return Estimate(gain, gain - half, gain + half, "paired t, delta method", len(y), level)


def _bootstrap(
    found: Metric,
    y: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    def gain(rows: np.ndarray | slice) -> float:
        w = weight[rows] if weight is not None else None
        return found.sign * (score(found.name, y[rows], first[rows], w) - score(found.name, y[rows], second[rows], w))

    value = gain(slice(None))
    draws = np.array([gain(rows) for rows in resamples(len(y), groups)])
    draws = draws[np.isfinite(draws)]
    method = "paired bootstrap of groups" if groups is not None else "paired bootstrap"
    n = len(np.unique(groups)) if groups is not None else len(y)
    if len(draws) < REPLICATES // 4:
        return Estimate(value, -np.inf, np.inf, method, n, level)
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value, float(min(low, value)), float(max(high, value)), method, n, level)
