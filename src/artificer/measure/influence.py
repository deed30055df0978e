"""What each row adds to a score: the first-order (von Mises) expansion of a metric in the distribution of its rows.

For rows drawn otherwise, score(P_T) - score(P_S) ≈ E_T[φ] - E_S[φ], where φ is the influence of a row (Hampel 1974, JASA
69). For means of losses this is exact. The area under the ROC curve is a ratio of sums over pairs, for which the first order
is not enough (where success goes from 7% to 29%, it is off by 0.2): `pairs_won` gives the sums themselves, by bins of rows.
"""

from __future__ import annotations

import numpy as np

from artificer.core.brief import Task
from artificer.measure.metrics import is_metric, metric, shaped
from artificer.measure.scores import Listed, median_absolute_error

# Rows near the k-th, such as a list's last: so many, and half of k to this power, on either side.
NEAREST, NEAR = 5, 0.8
# So many levels of a score tell its area to 0.001 and better.
LEVELS = 1024


def influence(
    name: str,
    y: np.ndarray,
    prediction: np.ndarray,
    weight: np.ndarray | None = None,
    place: np.ndarray | None = None,
) -> np.ndarray:
    """Influence of each row on a metric: float64 (n_rows,), of mean 0, positive where a row makes the score better.

    That of the area under the ROC curve is made of DeLong's placements (DeLong et al. 1988, Biometrics 44), that of a root
    of a mean follows by the delta method.

    Parameters
    ----------
    name : str
        A metric for which `has_influence` is true.
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
    weight : array of float64, (n_rows,), optional
        Row weights of the metric; the influence is that of a row with its weight.
    place : array of int64, (n_rows,), optional
        Strata within which the score is taken, as in `intervals.within`; -1 for rows that do not count.
    """
    n = len(y)
    w = np.ones(n) if weight is None else weight
    strata = np.zeros(n, np.int64) if place is None else place
    phi = np.zeros(n)
    total = float((strata >= 0).sum())
    rows_of = [np.flatnonzero(strata == one) for one in np.unique(strata[strata >= 0])]
    if name == "roc_auc":
        won = [_placements(y[rows], prediction[rows, 1], w[rows]) for rows in rows_of]
        area = sum(len(rows) * one[1] for rows, one in zip(rows_of, won, strict=True)) / total
        for rows, (placement, _) in zip(rows_of, won, strict=True):
            phi[rows] = len(rows) * w[rows] / _side(y[rows], w[rows]) * (placement - area)
        return phi * n / total
    found = metric(name)
    assert found.losses is not None
    losses = found.losses(y, shaped(found, prediction))
    means = [float(np.average(losses[rows], weights=w[rows])) for rows in rows_of]
    scores = [mean**0.5 if found.root else mean for mean in means]
    whole = sum(len(rows) * one for rows, one in zip(rows_of, scores, strict=True)) / total
    for rows, mean, one in zip(rows_of, means, scores, strict=True):
        slope = (1 / (2 * one) if one > 0 else 0.0) if found.root else 1.0
        phi[rows] = whole - one + w[rows] / w[rows].mean() * slope * (mean - losses[rows])
    return phi * n / total


def of_ranks(name: str, y: np.ndarray, success: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Influence of each row on the area under the ROC curve, or on average precision: float64 (n_rows,), of mean 0.

    A row moves the precision at its own score and at every lower one; a success moves the share that each success has too.

    Parameters
    ----------
    name : {"roc_auc", "average_precision"}
    success : array of float64, (n_rows,)
        What rows are ranked by.
    """
    w = np.ones(len(y)) if weight is None else weight
    if name == "roc_auc":
        placement, area = _placements(y, success, w)
        return np.asarray(len(y) * w / _side(y, w) * (placement - area))
    values, place = np.unique(-success, return_inverse=True)
    here = np.bincount(place, weights=w * (y == 1), minlength=len(values))
    hits, chosen = np.cumsum(here), np.maximum(np.cumsum(np.bincount(place, weights=w, minlength=len(values))), 1e-300)
    precision = hits / chosen
    gained, lost = (np.cumsum(one[::-1])[::-1] for one in (here / chosen, here * precision / chosen))
    mean = here @ precision / hits[-1]
    slope = np.where(y == 1, (precision - mean + gained)[place], 0.0) - lost[place]
    return np.asarray(len(y) * w * slope / hits[-1])


def of_numbers(name: str, y: np.ndarray, value: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Influence of each row on the share of variance that is explained, or on the median error: float64 (n_rows,), of mean 0.

    Of the share, a row adds its squared error, and its own part of the variance, which makes what is left smaller. A median is
    pulled to the side on which a row lies, the more so the fewer errors are near it.

    Parameters
    ----------
    name : {"r2", "median_absolute_error"}
    value : array of float64, (n_rows,)
        Predictions.
    """
    w = np.ones(len(y)) if weight is None else weight
    if name == "r2":
        errors, spread = (y - value) ** 2, (y - np.average(y, weights=w)) ** 2
        left = (w @ errors) / (w @ spread)
        phi = (left * spread - errors) / (w @ spread)
    else:
        errors = np.abs(y - value)
        phi = _slope_at_median(errors, w) * np.sign(errors - median_absolute_error(y, value, w)) / (2 * w.sum())
    return np.asarray(len(y) * (w * phi - (w @ phi) / len(y)))


def of_list(
    listed: Listed, y: np.ndarray, success: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Influence of each row on a score of the rows of highest probability, of mean 0, and which rows are listed.

    A row that is listed pushes one out at the cut, which brings what rows near the cut bring.

    Parameters
    ----------
    success : array of float64, (n_rows,)
        What rows are ranked by.

    Returns
    -------
    influence : array of float64, (n_rows,)
    listed : array of bool, (n_rows,)
        Those that lots may put on the list are.
    """
    w = np.ones(len(y)) if weight is None else weight
    chance, brought, room = listed.chance(success, w), listed.brought(y), min(listed.room(w), float(w.sum()))
    order = np.argsort(-success, kind="stable")
    before = np.cumsum(w[order]) - w[order] / 2
    near = order[np.abs(before - room) <= w.mean() * _reach(room)]
    cut = float(np.average(brought[near], weights=w[near])) if w[near].any() else 0.0
    wider = listed.top if listed.top < 1 else 0.0  # what the list grows by with a row more
    value = float((chance * w) @ brought) / (room if listed.each else float(w.sum()))
    slope = chance * (brought - cut) + wider * (cut - value * listed.each) - value * (not listed.each)
    phi = len(y) * w * slope / (room if listed.each else w.sum())
    return np.asarray(phi - phi.mean()), np.asarray(chance > 0)


def pairs_won(
    y: np.ndarray,
    success: np.ndarray,
    bins: np.ndarray,
    n_bins: int,
    weight: np.ndarray | None = None,
    place: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over pairs of a success and a failure, by their bins: the area under the curve is the first's sum by the second's.

    Where bin b weighs v_b times as much as here, it is (v' won v) / (v' pairs v).

    Parameters
    ----------
    success : array of float64, (n_rows,)
        What rows are ranked by.
    bins : array of int64, (n_rows,)
    place : array of int64, (n_rows,), optional
        Only pairs within a stratum count, and a stratum as much as its rows; -1 for rows that do not count.

    Returns
    -------
    won, pairs : arrays of float64, (n_bins, n_bins)
        Pairs that are ranked rightly (ties count half), and all of them: bin of the success, bin of the failure.
    """
    w = np.ones(len(y)) if weight is None else weight
    strata = np.zeros(len(y), np.int64) if place is None else place
    rank = _ranks(success)
    n_ranks = int(rank.max(initial=0)) + 1
    won, pairs = np.zeros((n_bins, n_bins)), np.zeros((n_bins, n_bins))
    for one in np.unique(strata[strata >= 0]):
        rows = np.flatnonzero(strata == one)
        up, down = (_histogram(bins, rank, w * side, rows, (n_bins, n_ranks)) for side in (y == 1, y != 1))
        scale = len(rows) / (strata >= 0).sum() / max(up.sum() * down.sum(), 1e-300)
        won += scale * (up @ (np.cumsum(down, axis=1) - down / 2).T)
        pairs += scale * np.outer(up.sum(axis=1), down.sum(axis=1))
    return won, pairs


def has_influence(name: str) -> bool:
    """Whether the metric is a mean over rows, a root of one, or the area under the ROC curve."""
    return name == "roc_auc" or (is_metric(name) and metric(name).losses is not None)


def tracked_metric(name: str, task: Task) -> str:
    """The metric itself where it has an influence, else the loss that learners lower."""
    return name if has_influence(name) else "rmse" if task == "regression" else "log_loss"


def _side(y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weight of all rows of a row's own class."""
    return np.asarray(np.where(y == 1, weight @ (y == 1), weight @ (y != 1)))


def _reach(n_rows: float) -> float:
    """How many rows on either side of the n-th are near it."""
    return float(NEAREST + n_rows**NEAR / 2)


def _slope_at_median(errors: np.ndarray, weight: np.ndarray) -> float:
    """By how much errors rise for a share more of the rows, near their median: one over their density there."""
    order = np.argsort(errors, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    middle, reach = int(np.searchsorted(share, 0.5)), int(_reach(len(errors) / 2))
    first, last = max(middle - reach, 0), min(middle + reach, len(errors) - 1)
    return float((errors[order[last]] - errors[order[first]]) / max(share[last] - share[first], 1e-300))


def _placements(y: np.ndarray, success: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Share of the other class that each row is ranked rightly against, and the area."""
    values, place = np.unique(success, return_inverse=True)
    up = np.bincount(place, weights=weight * (y == 1), minlength=len(values))
    down = np.bincount(place, weights=weight * (y != 1), minlength=len(values))
    n_up, n_down = up.sum(), down.sum()
    above_down = (np.cumsum(down) - down / 2) / n_down
    below_up = (n_up - np.cumsum(up) + up / 2) / n_up
    return np.where(y == 1, above_down[place], below_up[place]), float(up @ above_down / n_up)


def _ranks(success: np.ndarray) -> np.ndarray:
    """Level of each score: all that differ where they are few, else as many quantiles."""
    values, place = np.unique(success, return_inverse=True)
    if len(values) <= LEVELS:
        return np.asarray(place)
    edges = np.unique(np.quantile(success, np.linspace(0, 1, LEVELS + 1)[1:-1]))
    return np.searchsorted(edges, success, side="right")


def _histogram(
    bins: np.ndarray, rank: np.ndarray, weight: np.ndarray, rows: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    flat = bins[rows] * shape[1] + rank[rows]
    return np.bincount(flat, weights=weight[rows], minlength=shape[0] * shape[1]).reshape(shape)
