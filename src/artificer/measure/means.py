"""Intervals of shares, means, ratios and quantiles of rows, some of which may belong together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import binomial_quantile, normal_reach, t_reach
from artificer.measure.scales import length


def wilson(k: float, n: float, *, level: float = 0.95) -> Estimate:
    """Interval of a share, k of n (Wilson 1927, JASA 22).

    >>> wilson(0, 10).low, round(wilson(0, 10).high, 3)
    (0.0, 0.278)
    """
    if n <= 0:
        return Estimate(float("nan"), 0.0, 1.0, "Wilson", 0, level)
    z = normal_reach(level)
    share = k / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low = 0.0 if k <= 0 else max(0.0, float(middle - half))
    high = 1.0 if k >= n else min(1.0, float(middle + half))
    return Estimate(share, low, high, "Wilson", int(n), level)


def mean_t(
    values: np.ndarray, weight: np.ndarray | None = None, *, level: float = 0.95, method: str = "t", worth: float = 1.0
) -> Estimate:
    """Interval of a (weighted) mean by Student's t; `worth` is how many independent rows a row is worth."""
    n = len(values) if weight is None else int(np.count_nonzero(weight))
    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), method, 0, level)
    w = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
    mean = float(w @ values)
    if worth * n < 2:
        return Estimate(mean, -np.inf, np.inf, method, n, level)
    error = np.sqrt(n / (n - 1) / worth) * length(w * (values - mean))
    half = float(t_reach(level, worth * n - 1) * error)
    return Estimate(mean, mean - half, mean + half, method, n, level)


def mean_of_rows(
    values: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    *,
    level: float = 0.95,
    method: str = "t over rows",
) -> Estimate:
    """Interval of a (weighted) mean over rows, of which those of one group are not independent."""
    if groups is None:
        return mean_t(values, weight, level=level, method=method)
    w = np.ones(len(values)) if weight is None else weight
    place = np.unique(groups, return_inverse=True)[1]
    found = ratio(np.bincount(place, weights=w * values), np.bincount(place, weights=w), level=level)
    return replace(found, method=method.replace("over rows", "over groups"))


def share_of(values: np.ndarray, weight: np.ndarray | None, group: np.ndarray | None, level: float) -> Estimate:
    """Mean of values from 0 to 1, one a row; Wilson's interval, over whole groups where there are any."""
    found = mean_of_rows(values, weight, group, level=level)
    n = effective_rows(len(values), weight)
    by_rows = replace(wilson(found.value * n, n, level=level), n=len(values))
    return by_rows if group is None else clipped(wider(found, by_rows), 0.0, 1.0)


def effective_rows(n_rows: int, weight: np.ndarray | None) -> float:
    """How many rows of equal weight would tell as much (Kish 1965, 11.7)."""
    if weight is None:
        return float(n_rows)
    return float(weight.sum() ** 2 / (weight @ weight)) if weight.any() else 0.0


def wider(found: Estimate, other: Estimate) -> Estimate:
    """The first estimate with an interval that holds the second's too."""
    return replace(found, low=min(found.low, other.low), high=max(found.high, other.high))


def ratio(numerators: np.ndarray, denominators: np.ndarray, *, level: float = 0.95) -> Estimate:
    """Interval of a ratio of sums over independent clusters, such as weeks: linearised, Student's t (Cochran 1977, 6.4)."""
    n, total = len(numerators), float(denominators.sum())
    value = float(numerators.sum()) / total if total > 0 else float("nan")
    if n < 2 or not total > 0:
        return Estimate(value, -np.inf, np.inf, "ratio over clusters", n, level)
    residuals = numerators - value * denominators
    error = np.sqrt(n / (n - 1)) * length(residuals) / total
    half = float(t_reach(level, n - 1) * error)
    return Estimate(value, value - half, value + half, "ratio over clusters", n, level)


def quantile_interval(
    values: np.ndarray, q: float, *, level: float = 0.95, ordered: bool = False, worth: float = 1.0
) -> Estimate:
    """Interval of a quantile between two order statistics (David and Nagaraja 2003, 7.1); no shape is assumed.

    Parameters
    ----------
    ordered : bool
        Whether the values are in rising order already, which spares sorting a million of them again.
    worth : float
        How many independent rows a row is worth, see `artificer.measure.clusters`; the order statistics lie further apart
        (Woodruff 1952, JASA 47).
    """
    if not ordered:
        values = np.sort(values)
    n = len(values)
    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "order statistics", 0, level)
    rows = max(1, round(worth * n))
    low = int(binomial_quantile(0.5 - level / 2, rows, q) * n / rows) - 1
    high = int(np.ceil(binomial_quantile(0.5 + level / 2, rows, q) * n / rows))
    # Too few values to bound the quantile from above leave the largest, and an interval that says so.
    upper = float(values[high]) if high < n else np.inf
    lower = float(values[low]) if low >= 0 else -np.inf
    place = int(q * (n - 1))
    middle = float(np.interp(q * (n - 1), [place, place + 1], [values[place], values[min(place + 1, n - 1)]]))
    return Estimate(middle, min(lower, middle), max(upper, middle), "order statistics", n, level)


def clipped(found: Estimate, low: float, high: float) -> Estimate:
    """An interval within bounds that no score passes."""
    return replace(found, low=max(low, found.low), high=min(high, found.high))
