"""What more rows would bring: a score against training rows, and the curve through it.

Scores on growing shares of the training rows follow a power law towards a limit (Hestness et al. 2017, arXiv 1712.00409;
Viering and Loog 2023, IEEE TPAMI 45). How far it can be trusted beyond the last point is told by resampling folds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from artificer.core.brief import Task
from artificer.core.clock import Clock
from artificer.core.records import Estimate
from artificer.measure.intervals import of_draws
from artificer.measure.metrics import metric, score
from artificer.measure.probe import Folds, probe

FEWEST_ROWS = 60
N_SIZES = 5
N_DRAWS = 400
EXPONENTS = np.linspace(0.1, 2.0, 39)


def sizes_of(n_train: int) -> tuple[int, ...]:
    """Training rows to measure at: halves of halves, from all down, none below 60.

    >>> sizes_of(1000)
    (62, 125, 250, 500, 1000)
    """
    return tuple(n_train >> k for k in reversed(range(N_SIZES)) if n_train >> k >= FEWEST_ROWS)


def growing(
    X: np.ndarray,
    y: np.ndarray,
    task: Task,
    n_classes: int,
    folds: Folds,
    *,
    metric: str,
    sizes: Sequence[int],
    categorical: Sequence[int] = (),
    groups: np.ndarray | None = None,
    clock: Clock | None = None,
) -> np.ndarray | None:
    """Score the yardstick on growing parts of each fold's training rows; larger parts hold the smaller ones.

    Where rows come in groups, a part holds all rows of the groups that it has, but of the last one: more rows come with more
    groups, and few rows of many groups tell more than as many of few.

    Parameters
    ----------
    X, y, task, n_classes, folds, metric, categorical
        As for `probe`.
    sizes : sequence of int
        Training rows, rising, none more than the smallest fold has.
    groups : array of int64, (n_rows,), optional
        Rows of one group come together.

    Returns
    -------
    array of float64, (n_folds, n_sizes), or None
        Scores in the metric; None where the clock ran out, so that what is returned never hangs on it.
    """
    found = np.empty((len(folds), len(sizes)))
    for place, (train, measured) in enumerate(folds):
        order = _order(train, groups, np.random.default_rng(place))
        for at, size in enumerate(sizes):
            if clock is not None and clock.expired:
                return None
            part = (np.sort(order[:size]), measured)
            told = probe(X, y, task, n_classes, [part], metric=metric, categorical=categorical, seed=place)
            found[place, at] = score(metric, told.y, told.prediction)
    return found


def _order(train: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """In which training rows are added: drawn, or one drawn group after another."""
    drawn = rng.permutation(train)
    if groups is None:
        return drawn
    names, place = np.unique(groups[drawn], return_inverse=True)
    return np.asarray(drawn[np.argsort(rng.permutation(len(names))[place], kind="stable")])


def curve(
    name: str, sizes: Sequence[int], scores: np.ndarray, at: Sequence[int], *, level: float = 0.95
) -> list[Estimate]:
    """Estimate the mean score at other numbers of rows.

    Parameters
    ----------
    name : str
        The metric.
    scores : array of float64, (n_folds, n_sizes)

    Returns
    -------
    list of Estimate
        In the metric's units; intervals by resampling folds, and what each size's scores leave open.
    """
    draws = _draws(name, sizes, scores, at)
    n = len(scores)
    return [
        of_draws(value, ends, "power law, bootstrap of folds", n, level)
        for value, ends in zip(draws[0], draws[1:].T, strict=True)
    ]


def gain(
    name: str, sizes: Sequence[int], scores: np.ndarray, n_rows: int, n_more: int, *, level: float = 0.95
) -> Estimate:
    """Estimate what going from `n_rows` to `n_more` training rows adds to the score: positive where it is better."""
    draws = _draws(name, sizes, scores, (n_rows, n_more))
    won = metric(name).sign * (draws[:, 1] - draws[:, 0])
    return of_draws(float(won[0]), won[1:], "power law, bootstrap of folds", len(scores), level)


def _draws(name: str, sizes: Sequence[int], scores: np.ndarray, at: Sequence[int]) -> np.ndarray:
    """The fitted curve at some numbers of rows: first of all folds, then of each resample, (1 + n_draws, n_at)."""
    rng = np.random.default_rng(0)
    sign, best = metric(name).sign, metric(name).best
    oriented, x, goal = sign * scores, np.asarray(sizes, np.float64), np.asarray(at, np.float64)
    limit = sign * best if np.isfinite(best) else np.inf
    n_folds = len(scores)
    # What the mean curve leaves at each size is unknown too, and folds say how large it is.
    noise = (oriented - oriented.mean(axis=1, keepdims=True)).std(axis=0, ddof=1) if n_folds > 1 else np.zeros(len(x))
    drawn = oriented[rng.integers(0, n_folds, (N_DRAWS, n_folds))].mean(axis=1)
    drawn = drawn + rng.normal(size=drawn.shape) * noise / n_folds**0.5
    return sign * _power_laws(x, np.concatenate([oriented.mean(axis=0, keepdims=True), drawn]), goal, limit)


def _power_laws(x: np.ndarray, y: np.ndarray, at: np.ndarray, limit: float) -> np.ndarray:
    """Least squares of limit - drop · n^-exponent, weighted by n as scores of few rows vary more: rising, below `limit`.

    Parameters
    ----------
    x : array of float64, (n_sizes,)
    y : array of float64, (n_curves, n_sizes)
    at : array of float64, (n_at,)

    Returns
    -------
    array of float64, (n_curves, n_at)
    """
    weight = x / x.sum()
    middle = y @ weight
    least = ((y - middle[:, None]) ** 2) @ weight
    told = np.repeat(middle[:, None], len(at), axis=1)  # a curve that does not rise is flat
    for exponent in EXPONENTS:
        basis = (x / x[-1]) ** -exponent
        centre = float(weight @ basis)
        drop = -((y - middle[:, None]) @ (weight * (basis - centre))) / float(weight @ (basis - centre) ** 2)
        top = middle + drop * centre
        capped = top > limit
        if capped.any():
            top = np.where(capped, limit, top)
            drop = np.where(capped, ((limit - y) @ (weight * basis)) / float(weight @ basis**2), drop)
        error = ((top[:, None] - drop[:, None] * basis - y) ** 2) @ weight
        better = (error < least) & (drop > 0)
        least = np.where(better, error, least)
        curve = top[:, None] - drop[:, None] * (at / x[-1]) ** -exponent
        told = np.where(better[:, None], curve, told)
    return told
