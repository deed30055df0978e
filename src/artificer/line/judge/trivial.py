"""What one would predict without a model: a constant, or the value that came last."""

from __future__ import annotations

import numpy as np

from artificer.line.design.loss import fitting_loss
from artificer.line.fit.losses import constant
from artificer.line.judge.examined import Examined, Rows


def best_constant(y: np.ndarray, weight: np.ndarray | None, n_classes: int, metric: str) -> np.ndarray:
    """Class shares; of numbers what loses least: the mean, the median, a quantile.

    Returns
    -------
    array of float64, (n_classes,) or (1,)
    """
    if n_classes:
        counts = np.bincount(y.astype(np.int64), weight, n_classes)
        return np.asarray(counts / counts.sum())
    if metric == "rmsle":
        return np.array([np.expm1(np.average(np.log1p(np.maximum(y, 0.0)), weights=weight))])
    return np.array([constant(fitting_loss(metric), y, weight)])


def constant_prediction(seen: Examined) -> np.ndarray:
    """The best constant of the training rows, or of the judged ones where those are not there, for each row."""
    rows = seen.train if seen.train is not None else seen.rows
    found = best_constant(rows.y, rows.weight, len(seen.classes), seen.metric)
    return np.tile(found, (len(seen.rows), 1))


def last_value(rows: Rows, start: float) -> np.ndarray:
    """The mean value at the latest earlier moment, of the same group where there are groups: float64 (n_rows, 1).

    Parameters
    ----------
    rows : Rows
        With moments.
    start : float
        Stands where nothing came before, or the moment is missing.
    """
    assert rows.time is not None
    found = np.full(len(rows), start)
    dated = np.flatnonzero(~np.isnan(rows.time))
    if not len(dated):
        return found[:, None]
    group = rows.group if rows.group is not None else np.zeros(len(rows), np.int64)
    order = dated[np.lexsort((rows.time[dated], group[dated]))]
    new_group = np.diff(group[order], prepend=group[order[0]] - 1) != 0
    moment = np.cumsum(new_group | (np.diff(rows.time[order], prepend=np.nan) != 0)) - 1
    means = np.bincount(moment, rows.y[order]) / np.bincount(moment)
    is_first = np.zeros(len(means), bool)  # of its group
    is_first[moment[new_group]] = True
    found[order] = np.where(is_first, start, np.roll(means, 1))[moment]
    return found[:, None]
