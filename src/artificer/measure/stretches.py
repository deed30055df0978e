"""Scores within strata, such as stretches of time: rows are ranked among those of their own stratum alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.influence import influence
from artificer.measure.intervals import estimate
from artificer.measure.means import clipped, mean_of_rows
from artificer.measure.metrics import Metric, metric


def within(
    name: str,
    y: np.ndarray,
    prediction: np.ndarray,
    place: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Mean score within strata, each weighing as much as its rows: rows are ranked among those of their own stratum.

    Where success is commoner at one time than at another, a score over all rows also tells how well times are told
    apart; rows that compete for the same list do not. Strata on which the metric is not defined are left out.

    Parameters
    ----------
    name : str
        With groups a metric for which `has_influence` is true.
    place : array of int64, (n_rows,)
        Stratum of each row; -1 for none.
    """
    found, sizes, known = [], [], []
    for stratum in np.unique(place[place >= 0]):
        rows = np.flatnonzero(place == stratum)
        one = estimate(name, y[rows], prediction[rows], _at(weight, rows), groups=_at(groups, rows), level=level)
        if np.isfinite([one.value, one.low, one.high]).all():
            found.append(one)
            sizes.append(len(rows))
            known.append(stratum)
    if len(found) < 2:
        return estimate(name, y, prediction, weight, groups=groups, level=level)
    share = np.array(sizes) / sum(sizes)
    value = float(sum(w * one.value for w, one in zip(share, found, strict=True)))
    if groups is not None:
        counted = np.where(np.isin(place, known), place, -1)
        return _within_groups(metric(name), value, y, prediction, counted, weight, groups, level)
    low = value - float(np.sqrt(sum((w * (one.value - one.low)) ** 2 for w, one in zip(share, found, strict=True))))
    high = value + float(np.sqrt(sum((w * (one.high - one.value)) ** 2 for w, one in zip(share, found, strict=True))))
    return Estimate(value, low, high, f"{found[0].method}, within {len(found)} stretches of time", sum(sizes), level)


def _within_groups(
    found: Metric,
    value: float,
    y: np.ndarray,
    prediction: np.ndarray,
    place: np.ndarray,
    weight: np.ndarray | None,
    groups: np.ndarray,
    level: float,
) -> Estimate:
    """A group has rows in several strata, which are then no more independent than its rows are: by its rows' influences."""
    inside = place >= 0
    phi = influence(found.name, y[inside], prediction[inside], _at(weight, inside), place[inside])
    spread = mean_of_rows(phi, None, groups[inside], level=level, method="influence over groups")
    half, n_strata = spread.high - spread.value, len(np.unique(place[inside]))
    told = replace(spread, value=value, low=value - half, high=value + half)
    bounds = sorted((found.best, found.sign * -np.inf if found.worst is None else found.worst))
    return replace(clipped(told, *bounds), method=f"{spread.method}, within {n_strata} stretches of time")


def _at(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return values[rows] if values is not None else None
