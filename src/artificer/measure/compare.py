"""Comparisons of two models on the same rows: positive where the first is better. Every “better than” is made here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.delong import auc_covariance
from artificer.measure.distributions import normal_reach, t_reach
from artificer.measure.influence import of_list, of_numbers, of_ranks
from artificer.measure.intervals import (
    OF_NUMBERS,
    RANKED,
    around,
    influence_error,
    of_draws,
    rank_quantile,
    rarest,
    units,
)
from artificer.measure.jackknife import jackknife
from artificer.measure.means import effective_rows, mean_of_rows, mean_t, wider, wilson
from artificer.measure.metrics import Metric, metric, score, shaped
from artificer.measure.resampling import replicates
from artificer.measure.scores import Listed


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

    DeLong's covariance for the area under the ROC curve, the spread of the differences of rows' influences where rows are in
    groups or weighted, for average precision, lists, the share of variance explained and the median error, paired t for means
    of row losses, Bonett and Price's for accuracy, a paired bootstrap for other metrics of labels, a paired jackknife for a
    caller's own; with groups, all of them over whole groups.
    """
    found = metric(name)
    a, b = score(name, y, first, weight), score(name, y, second, weight)
    if not (np.isfinite(a) and np.isfinite(b)):
        return Estimate(float("nan"), -np.inf, np.inf, "not defined on these rows", len(y), level)
    told = _compared(found, (a, b), y, (first, second), weight, groups, level)
    return told if told.high > told.low or np.array_equal(first, second) else _without_spread(told, y, found, groups)


def _compared(
    found: Metric,
    scores: tuple[float, float],
    y: np.ndarray,
    both: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    name, (a, b), (first, second) = found.name, scores, both
    if name == "roc_auc" and weight is None and groups is None:
        return _delong(y, first[:, 1], second[:, 1], level)
    if name in RANKED or isinstance(found.score, Listed):
        return _of_influence(found, a - b, y, (first[:, 1], second[:, 1]), weight, groups, level)
    if name in OF_NUMBERS:
        one, other = (of_numbers(name, y, shaped(found, each), weight) for each in (first, second))
        spread = around(found.sign * (one - other), groups, level=level, method="paired influence over rows")
        gain = found.sign * (a - b)
        return replace(spread, value=gain, low=gain + spread.low, high=gain + spread.high)
    if found.of_labels:
        return _bootstrap(found, y, both, weight, groups, level)
    if found.losses is None:
        return _by_leaving_out(found, found.sign * (a - b), y, both, weight, groups, level)
    losses = [found.losses(y, shaped(found, one)) for one in (first, second)]
    if found.root:
        return _roots(losses, weight, groups, level)
    by_rows = mean_of_rows(losses[1] - losses[0], weight, groups, level=level, method="paired t over rows")
    return _of_hits(by_rows, losses, weight, groups, level) if found.of_hits else by_rows


def corrected_resampled_t(differences: np.ndarray, n_train: int, n_test: int, *, level: float = 0.95) -> Estimate:
    """Interval of a mean difference over folds whose training rows overlap (Nadeau and Bengio 2003, Machine Learning 52)."""
    n = len(differences)
    mean = float(differences.mean())
    if n < 2:
        return Estimate(mean, -np.inf, np.inf, "corrected resampled t", n, level)
    error = np.sqrt((1 / n + n_test / n_train) * differences.var(ddof=1))
    half = float(t_reach(level, n - 1) * error)
    return Estimate(mean, mean - half, mean + half, "corrected resampled t", n, level)


def _delong(y: np.ndarray, first: np.ndarray, second: np.ndarray, level: float) -> Estimate:
    (a, b), covariance = auc_covariance(y, np.stack([first, second]))
    variance = max(float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]), 0.0)
    half = float(rank_quantile(y, level) * np.sqrt(variance))
    gain = float(a - b)
    return Estimate(gain, gain - half, gain + half, "paired DeLong", len(y), level)


def _of_influence(
    found: Metric,
    gain: float,
    y: np.ndarray,
    both: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    if isinstance(found.score, Listed):
        (one, on_first), (other, on_second) = (of_list(found.score, y, success, weight) for success in both)
        few = units(on_first | on_second, groups)
        reach = t_reach(level, max(few - 1, 1))
    else:
        one, other = (of_ranks(found.name, y, success, weight) for success in both)
        few, reach = rarest(y, groups), rank_quantile(y, level, groups)
    half = reach * influence_error(one - other, few, groups)
    n, unit = (len(y), "rows") if groups is None else (len(np.unique(groups)), "groups")
    return Estimate(gain, gain - half, gain + half, f"paired influence over {unit}", n, level)


def _roots(losses: list[np.ndarray], weight: np.ndarray | None, groups: np.ndarray | None, level: float) -> Estimate:
    """Difference of roots of mean losses by the delta method: each row's influence is its loss over twice the root."""
    a, b = (float(np.average(one, weights=weight)) ** 0.5 for one in losses)
    influence = losses[1] / (2 * max(b, 1e-300)) - losses[0] / (2 * max(a, 1e-300))
    spread = mean_of_rows(influence, weight, groups, level=level, method="paired t over rows")
    gain, half = b - a, spread.high - spread.value
    return Estimate(gain, gain - half, gain + half, f"{spread.method}, delta method", spread.n, level)


def _of_hits(
    paired: Estimate, misses: list[np.ndarray], weight: np.ndarray | None, groups: np.ndarray | None, level: float
) -> Estimate:
    """Difference of shares on the same rows, honest where few rows differ (Bonett and Price 2012, JEBS 37)."""
    n = effective_rows(len(misses[0]), weight) + 2
    won, lost = (
        (n - 2) * float(np.average((one == 0) & (other == 1), weights=weight)) + 1
        for one, other in (misses, misses[::-1])
    )
    gain = (won - lost) / n
    half = float(normal_reach(level) * np.sqrt((won + lost) / n - gain**2) / np.sqrt(n))
    by_rows = Estimate(paired.value, gain - half, gain + half, "Bonett-Price", paired.n, level)
    return by_rows if groups is None else wider(paired, by_rows)


def _bootstrap(
    found: Metric,
    y: np.ndarray,
    both: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    first, second = (score(found.name, y, one, weight) for one in both)
    draws = found.sign * replicates(found, y, both, weight, groups) @ np.array([1.0, -1.0])
    method = "paired bootstrap of groups" if groups is not None else "paired bootstrap"
    n = len(np.unique(groups)) if groups is not None else len(y)
    return of_draws(found.sign * (first - second), draws, method, n, level)


def _by_leaving_out(
    found: Metric,
    gain: float,
    y: np.ndarray,
    both: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    def scored(rows: np.ndarray) -> float:
        kept = weight[rows] if weight is not None else None
        first, second = (score(found.name, y[rows], one[rows], kept) for one in both)
        return found.sign * (first - second)

    parts, n = jackknife(scored, len(y), groups), units(np.ones(len(y), bool), groups)
    spread = mean_t(len(parts) * parts, level=level) if len(parts) else Estimate(0.0, -np.inf, np.inf, "", 0)
    method = "paired jackknife" if groups is None else "paired jackknife of groups"
    return Estimate(gain, gain + spread.low, gain + spread.high, method, n, level)


def _without_spread(found: Estimate, y: np.ndarray, scored: Metric, groups: np.ndarray | None) -> Estimate:
    """A difference that does not vary proves little on few rows: Wilson's interval on the rarest class bounds it.

    Of a metric without bounds it proves nothing.
    """
    n = len(y) if groups is None else len(np.unique(groups))
    fewer = n if scored.tasks == ("regression",) else rarest(y, groups)
    width = np.inf if scored.worst is None else abs(scored.best - scored.worst)
    half = width * (1 - wilson(fewer, fewer, level=found.level).low) if fewer > 1 else np.inf
    return replace(found, low=found.value - half, high=found.value + half)
