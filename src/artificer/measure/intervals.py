"""Intervals: how far a score of predictions can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.delong import auc_covariance
from artificer.measure.distributions import normal_quantile, t_reach
from artificer.measure.influence import of_list, of_numbers, of_ranks
from artificer.measure.jackknife import jackknife
from artificer.measure.means import clipped, effective_rows, mean_of_rows, wider, wilson
from artificer.measure.metrics import Metric, metric, score, shaped
from artificer.measure.resampling import replicates
from artificer.measure.scores import TINY, Listed
from artificer.measure.skewed import skewed

# Kinds that rest on squared errors: on draws of 400 real rows their 95% intervals hold the truth in 94%, but where single
# rows carry most of it in 74 to 76% (bench/coverage.py: bike_sharing, airbnb_nyc). They say so wherever they are shown.
APPROXIMATE = ("rmse", "rmsle", "r2")
RANKED = ("roc_auc", "average_precision")
OF_NUMBERS = ("r2", "median_absolute_error")
FEWEST_ALIKE = 30  # rows, or groups
ROUNDING = (
    1e-14  # that weighted ranks, added up, may lie off 0 or 1: two pairs in a wrong order among a million rows are more
)
# Losses, or groups of them: of four squared errors a 95% interval ends below the truth in 10% of samples, of long tails in 18%.
FEWEST_LOSSES = 5


def estimate(
    name: str,
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Score predictions, with an interval.

    DeLong's for the area under the ROC curve (of rows in groups Obuchowski's, 1997, Biometrics 53), the spread of the rows'
    influences for average precision, lists, the share of variance explained and the median error, Wilson's for accuracy,
    Student's t without skewness for means of row losses, their root and what is left of the variance, a bootstrap for other
    metrics of labels, a jackknife for a caller's own; with groups, all of them over whole groups.

    Parameters
    ----------
    name : str
        As `metric` reads it.
    y : array, (n_rows,)
    prediction : array, (n_rows, n_classes) or (n_rows,)
    groups : array of int64, (n_rows,), optional
        Rows of one group are not independent.
    """
    found = metric(name)
    value = score(name, y, prediction, weight)
    if not np.isfinite(value):
        return Estimate(float("nan"), float("nan"), float("nan"), "not defined on these rows", len(y), level)
    told = _estimated(found, value, y, prediction, weight, groups, level)
    return replace(told, method=f"{told.method}, approximate") if found.name in APPROXIMATE else told


def _estimated(
    found: Metric,
    value: float,
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    name = found.name
    if name == "roc_auc" and weight is None and groups is None:
        return _delong(y, prediction[:, 1], level)
    if name in RANKED:
        error = influence_error(of_ranks(name, y, prediction[:, 1], weight), rarest(y, groups), groups)
        return _of_rank(value, error, y, level, _over("influence", groups), groups)
    if name in OF_NUMBERS:
        return _of_numbers(found, value, of_numbers(name, y, shaped(found, prediction), weight), groups, level)
    if isinstance(found.score, Listed):
        return _of_list(found.score, value, y, prediction[:, 1], weight, groups, level)
    if found.of_labels:
        return bootstrap(found, y, prediction, weight, groups=groups, level=level)
    if found.losses is None:
        return _by_leaving_out(found, value, y, prediction, weight, groups, level)
    losses = found.losses(y, shaped(found, prediction))
    if not found.of_hits:
        return _within(_of_losses(found, losses, weight, groups, level), _largest(name, prediction))
    mean, n = mean_of_rows(losses, weight, groups, level=level), effective_rows(len(y), weight)
    by_rows = replace(wilson(value * n, n, level=level), n=len(y))
    if groups is None:
        return by_rows
    by_groups = Estimate(value, 1 - mean.high, 1 - mean.low, mean.method, mean.n, level)
    return clipped(wider(by_groups, by_rows), 0.0, 1.0)


def bootstrap(
    found: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Percentile interval over resampled rows or whole groups (Efron and Tibshirani 1993, chapter 13), see `of_draws`."""
    value = score(found.name, y, prediction, weight)
    draws = replicates(found, y, (prediction,), weight, groups)[:, 0]
    n, unit = (len(y), "bootstrap") if groups is None else (len(np.unique(groups)), "bootstrap of groups")
    known = draws[np.isfinite(draws)]
    if found.worst is not None and len(known) and np.ptp(known) == 0:
        return _without_spread(value, y, n, level, found.worst, groups)
    bounds = sorted((found.best, found.sign * -np.inf if found.worst is None else found.worst))
    return clipped(of_draws(value, draws, unit, n, level), *bounds)


def _by_leaving_out(
    found: Metric,
    value: float,
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    def scored(rows: np.ndarray) -> float:
        return score(found.name, y[rows], prediction[rows], weight[rows] if weight is not None else None)

    n, method = units(np.ones(len(y), bool), groups), "jackknife" if groups is None else "jackknife of groups"
    told = replace(skewed(value, jackknife(scored, len(y), groups), level=level, method=method), n=n)
    if told.high == told.low and n < FEWEST_ALIKE:
        told = replace(told, low=-np.inf, high=np.inf)
    best = found.best if found.sign * (found.best - value) >= 0 else found.sign * np.inf  # a function may be odd
    return clipped(told, *sorted((best, -found.sign * np.inf)))


def of_draws(value: float, draws: np.ndarray, method: str, n: int, level: float) -> Estimate:
    """Interval from a bootstrap's replicates over `n` units.

    The percentiles of 95%, where there are enough replicates, stretched from the value to the level asked for and,
    because a bootstrap of few units is too narrow, by Student's t (Hesterberg 2015, American Statistician 69).
    """
    known = draws[np.isfinite(draws)]
    if n < 2 or len(known) < len(draws) / 2:
        return Estimate(value, -np.inf, np.inf, method, n, level)
    low, high = np.quantile(known, [0.025, 0.975])
    stretch = t_reach(level, n - 1) / normal_quantile(0.975) * np.sqrt(n / (n - 1))
    below, above = max(value - low, 0.0) * stretch, max(high - value, 0.0) * stretch
    return Estimate(value, float(value - below), float(value + above), method, n, level)


def _delong(y: np.ndarray, success: np.ndarray, level: float) -> Estimate:
    (auc,), covariance = auc_covariance(y, success[None, :])
    return _of_rank(float(auc), float(covariance[0, 0]) ** 0.5, y, level, "DeLong")


def _of_few(mean: Estimate) -> Estimate:
    """Few losses, or more that are all the same, prove little of the next, and nothing of how large it is."""
    few = mean.n < FEWEST_LOSSES or (mean.high == mean.low and mean.n < FEWEST_ALIKE)
    return replace(mean, high=np.inf) if few else mean


def _largest(name: str, prediction: np.ndarray) -> float:
    """The largest loss that a row can have: of chances there is one."""
    if name == "brier":
        return 1.0 if prediction.shape[1] == 2 else 2.0
    return -float(np.log(TINY)) if name == "log_loss" else np.inf


def _within(found: Estimate, largest: float) -> Estimate:
    """An end that no loss reaches is none: the rows do not tell how large the mean may be."""
    return replace(found, high=np.inf) if found.high >= largest else found


def _of_rank(
    value: float, error: float, y: np.ndarray, level: float, method: str, groups: np.ndarray | None = None
) -> Estimate:
    """Interval of a score between 0 and 1 from its standard error: symmetric in its log odds, which are closer to normal."""
    n = len(y) if groups is None else len(np.unique(groups))
    value = float(round(value)) if abs(value - round(value)) < ROUNDING else value
    if not 0 < value < 1 or not error > 0:
        return _without_spread(value, y, n, level, groups=groups)
    logit = np.log(value / (1 - value))
    half = rank_quantile(y, level, groups) * error / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(logit - half))), 1 / (1 + np.exp(-(logit + half)))
    return Estimate(value, float(low), float(high), method, n, level)


def influence_error(phi: np.ndarray, few: int, groups: np.ndarray | None) -> float:
    """Standard error of a score from the influences of its rows, of which those of one group are not independent.

    Parameters
    ----------
    few : int
        Rows, or groups, that it rests on: those of the rarer class, or those on a list.
    """
    sums = _of_units(phi, groups)
    return float(np.sqrt(few / (few - 1) * (sums @ sums)) / len(phi)) if few > 1 else 0.0


def units(rows: np.ndarray, groups: np.ndarray | None) -> int:
    """How many rows, or groups of them, a mask holds."""
    return int(rows.sum()) if groups is None else len(np.unique(groups[rows]))


def _of_list(
    listed: Listed,
    value: float,
    y: np.ndarray,
    success: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
) -> Estimate:
    """A share of a list holds Wilson's interval of its rows too: a list without failure proves no more than they do."""
    phi, rows = of_list(listed, y, success, weight)
    few = units(rows, groups)
    half = float(t_reach(level, max(few - 1, 1)) * influence_error(phi, few, groups)) if few > 1 else np.inf
    n = len(y) if groups is None else len(np.unique(groups))
    found = Estimate(value, value - half, value + half, _over("influence", groups), n, level)
    if not listed.each:
        return found
    few = min(few, round(listed.room(np.ones(len(y)))))
    return clipped(wider(found, wilson(value * few, few, level=level)), 0.0, 1.0)


def around(phi: np.ndarray, groups: np.ndarray | None, *, level: float, method: str) -> Estimate:
    """How far a score of numbers, or a difference of two, may lie from what was measured: an interval around 0.

    Two rows share their variance evenly, wherever they lie, which proves nothing.

    Parameters
    ----------
    phi : array of float64, (n_rows,)
        Influences, as `of_numbers` tells them.
    """
    spread = mean_of_rows(phi - phi.mean(), None, groups, level=level, method=method)
    return spread if spread.n > 2 else replace(spread, low=-np.inf, high=np.inf)


def _of_losses(
    found: Metric, losses: np.ndarray, weight: np.ndarray | None, groups: np.ndarray | None, level: float
) -> Estimate:
    w = np.full(len(losses), 1 / len(losses)) if weight is None else weight / weight.sum()
    mean = float(w @ losses)
    parts = _of_units((w * (losses - mean))[w > 0], None if groups is None else groups[w > 0])
    told = _of_few(skewed(mean, parts, level=level, method=_over("t", groups)))
    if found.larger_is_better:
        return -told
    power = 0.5 if found.root else 1.0
    low, high = max(0.0, told.low) ** power, told.high**power
    return replace(told, value=mean**power, low=low, high=high)


def _of_numbers(found: Metric, value: float, phi: np.ndarray, groups: np.ndarray | None, level: float) -> Estimate:
    """Of a median error, or of what is left of the variance, the logarithm is closer to normal; two rows prove nothing."""
    lost = 1 - value if found.larger_is_better else value
    parts, method = -found.sign * _of_units(phi, groups) / len(phi), _over("influence", groups)
    low, high = (lost, lost) if len(parts) >= FEWEST_ALIKE else (0.0, np.inf)
    if lost > 0 and len(parts) > 2 and parts.any():
        logarithm = skewed(float(np.log(lost)), parts / lost, level=level, method=method)
        low, high = float(np.exp(logarithm.low)), float(np.exp(logarithm.high))
    if found.larger_is_better:
        low, high = 1 - high, 1 - low
    return Estimate(value, low, high, method, len(parts), level)


def _of_units(parts: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """What each row adds, or each group of rows together."""
    return parts if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], parts)


def _over(what: str, groups: np.ndarray | None) -> str:
    return f"{what} over {'rows' if groups is None else 'groups'}"


def _without_spread(
    value: float, y: np.ndarray, n: int, level: float, worst: float = 0.0, groups: np.ndarray | None = None
) -> Estimate:
    """Perfect or useless predictions do not vary, which proves little on few rows: Wilson's on the rarer class bounds.

    The score lies between `worst` and 1; Wilson's interval is that of its place between them.
    """
    fewer, width = min(n, rarest(y, groups)), 1.0 - worst
    bound = wilson((value - worst) / width * fewer, fewer, level=level)
    low, high = worst + width * bound.low, worst + width * bound.high
    return Estimate(value, low, high, "Wilson on the rarer class", n, level)


def rarest(y: np.ndarray, groups: np.ndarray | None = None) -> int:
    """Rows, or groups of rows, of the rarest class that occurs."""
    if groups is not None:
        return min(units(y == one, groups) for one in np.unique(y))
    counts = np.bincount(y.astype(np.int64))
    return int(counts[counts > 0].min())


def rank_quantile(y: np.ndarray, level: float, groups: np.ndarray | None = None) -> float:
    """How many standard errors DeLong's interval reaches: Student's t, as the variance rests on the rarer class.

    Measured with 15 successes and an area of 0.96: it holds the truth in 94 of 100 samples, the normal one in 91.
    """
    return t_reach(level, max(rarest(y, groups) - 1, 1))
