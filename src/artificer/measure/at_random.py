"""Little's test: do numbers have the same means whichever of the others are missing?

Little (1988), "A test of missing completely at random for multivariate data with missing values", JASA 83: means of each
pattern of gaps are held against those of all rows, by maximum likelihood under one normal distribution (EM). Here it sees
normal scores of ranks, so that a heavy tail is none, and patterns of ten rows or more. It assumes that covariances are
the same in all patterns and that ranks go together as normal ones would, and sees differences of means alone: a test that
says nothing is no proof, and none can see that gaps hang on the missing values themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from artificer.core.description import AtRandom
from artificer.measure.distributions import chi2_above

FEWEST_ROWS = 10
MOST_STEPS, CLOSE = 100, 1e-4
# Added to each variance of scores, near 1: columns that others give would leave no inverse.
RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class _Pattern:
    known: np.ndarray
    scores: np.ndarray


def little(X: np.ndarray) -> AtRandom | None:
    """Test that values are missing completely at random.

    Parameters
    ----------
    X : array of float64, (n_rows, n_columns)
        Numbers, with NaN for missing.

    Returns
    -------
    AtRandom or None
        None where no two patterns of gaps share a column, or have ten rows each.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> X[X[:, 0] > 1, 1] = np.nan
    >>> little(X).p < 0.001
    True
    """
    patterns = _patterns(_scores(X))
    if len(patterns) < 2:
        return None
    seen = np.any([one.known for one in patterns], axis=0)
    freedom = sum(int(one.known.sum()) for one in patterns) - int(seen.sum())
    if freedom < 1:
        return None
    mean, covariance = _likeliest(patterns, X.shape[1])
    statistic = 0.0
    for one in patterns:
        off = one.scores.mean(axis=0) - mean[one.known]
        statistic += len(one.scores) * float(off @ np.linalg.solve(covariance[np.ix_(one.known, one.known)], off))
    n_rows = sum(len(one.scores) for one in patterns)
    return AtRandom(statistic, freedom, chi2_above(statistic, freedom), len(patterns), n_rows)


def _scores(X: np.ndarray) -> np.ndarray:
    """Normal scores of each column's ranks (van der Waerden); NaN stays."""
    from scipy import stats

    ranks = stats.rankdata(X, axis=0, nan_policy="omit")
    found: np.ndarray = special.ndtri(ranks / (np.sum(~np.isnan(X), axis=0) + 1))
    return found


def _patterns(scores: np.ndarray) -> list[_Pattern]:
    masks, place, counts = np.unique(~np.isnan(scores), axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    kept = [one for one in range(len(masks)) if counts[one] >= FEWEST_ROWS and masks[one].any()]
    return [_Pattern(masks[one], scores[place == one][:, masks[one]]) for one in kept]


def _likeliest(patterns: list[_Pattern], n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all columns by EM (Dempster, Laird and Rubin 1977)."""
    mean, covariance = np.zeros(n_columns), np.eye(n_columns)
    n = sum(len(one.scores) for one in patterns)
    for _ in range(MOST_STEPS):
        total, squares = np.zeros(n_columns), np.zeros((n_columns, n_columns))
        for one in patterns:
            filled, left = _filled(one, mean, covariance)
            total += filled.sum(axis=0)
            squares += filled.T @ filled + len(filled) * left
        before, mean = mean, total / n
        moved = squares / n - np.outer(mean, mean) + RIDGE * np.eye(n_columns)
        step = max(np.abs(moved - covariance).max(), np.abs(mean - before).max())
        covariance = moved
        if step < CLOSE:
            break
    return mean, covariance


def _filled(one: _Pattern, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with what is expected where they are missing, and the covariance that is left there."""
    known, gone = one.known, ~one.known
    filled = np.empty((len(one.scores), len(known)))
    filled[:, known] = one.scores
    left = np.zeros_like(covariance)
    if gone.any():
        slopes = np.linalg.solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, gone)])
        filled[:, gone] = mean[gone] + (one.scores - mean[known]) @ slopes
        left[np.ix_(gone, gone)] = covariance[np.ix_(gone, gone)] - covariance[np.ix_(gone, known)] @ slopes
    return filled, left
