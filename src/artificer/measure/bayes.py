"""Bayesian estimates, where a chance reads better than a test: rates, means, and which of two is better.

Intervals hold the truth with the probability of their level, given the prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from artificer.core.records import Estimate

N_DRAWS = 20_000
JEFFREYS = (0.5, 0.5)
# Rows that the common mean may weigh in a level: beyond, levels do not differ.
LEAST_PRIOR, MOST_PRIOR = 0.1, 1e6


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of a difference.

    Attributes
    ----------
    difference : Estimate
        First minus second.
    better, same, worse : float
        Chances that it lies above, within and below the region of practical equivalence; they add up to 1.
    """

    difference: Estimate
    better: float
    same: float
    worse: float


def rate(k: float, n: float, prior: tuple[float, float] = JEFFREYS, *, level: float = 0.95) -> Estimate:
    """Believe a share from k of n: Beta posterior, mean and equal tails.

    Parameters
    ----------
    prior : (float, float)
        Successes and failures that are believed before any row is seen; default: Jeffreys'.

    Examples
    --------
    >>> found = rate(0, 10)
    >>> round(found.value, 3), round(found.high, 3)
    (0.045, 0.217)
    """
    posterior = stats.beta(k + prior[0], n - k + prior[1])
    low, high = posterior.interval(level)
    return Estimate(float(posterior.mean()), float(low), float(high), "Beta posterior", int(n), level)


def mean(values: np.ndarray, centre: float = 0.0, prior_rows: float = 0.0, *, level: float = 0.95) -> Estimate:
    """Believe a mean: Student-t posterior under a normal model of unknown spread.

    Parameters
    ----------
    centre : float
        What is believed before any row is seen.
    prior_rows : float
        How many rows that weighs; 0 for the reference prior, under which the interval is Student's.

    Raises
    ------
    ValueError
        For fewer than two values, of which no spread is known.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"a posterior of a mean needs two values or more, there is {n}; give more rows")
    found = float(values.mean())
    weight = n + prior_rows
    middle = (n * found + prior_rows * centre) / weight
    squares = float(((values - found) ** 2).sum()) + n * prior_rows / weight * (found - centre) ** 2
    freedom = n - 1 if not prior_rows else n
    half = float(stats.t.ppf(0.5 + level / 2, freedom)) * (squares / freedom / weight) ** 0.5
    return Estimate(middle, middle - half, middle + half, "Student-t posterior", n, level)


def rates_differ(
    first: tuple[float, float],
    second: tuple[float, float],
    prior: tuple[float, float] = JEFFREYS,
    *,
    rope: float = 0.0,
    level: float = 0.95,
) -> Posterior:
    """Compare two shares, each (k, n), by draws of a fixed seed.

    Parameters
    ----------
    rope : float
        Half the width of the region of practical equivalence (Kruschke 2018, AMPPS 1): differences that do not matter.
    """
    rng = np.random.default_rng(0)
    draws = [rng.beta(k + prior[0], n - k + prior[1], N_DRAWS) for k, n in (first, second)]
    return _drawn(draws[0] - draws[1], int(first[1] + second[1]), rope, level)


def means_differ(first: np.ndarray, second: np.ndarray, *, rope: float = 0.0, level: float = 0.95) -> Posterior:
    """Compare two means whose spreads may differ (Behrens-Fisher posterior), by draws of a fixed seed."""
    rng = np.random.default_rng(0)
    draws = [
        one.mean() + rng.standard_t(len(one) - 1, N_DRAWS) * one.std(ddof=1) / len(one) ** 0.5
        for one in (first, second)
    ]
    return _drawn(draws[0] - draws[1], len(first) + len(second), rope, level)


def folds_differ(
    differences: np.ndarray, n_train: int, n_test: int, *, rope: float = 0.0, level: float = 0.95
) -> Posterior:
    """Compare two models over folds: correlated t-test (Benavoli, Corani, Demšar and Zaffalon 2017, JMLR 18).

    Parameters
    ----------
    differences : array of float64, (n_folds,)
        Score of the first minus score of the second, fold by fold.
    n_train, n_test : int
        Rows that train and measure in a fold: what training rows folds share makes differences alike.
    """
    n, found = len(differences), float(differences.mean())
    variance = float(differences.var(ddof=1)) if n > 1 else float("inf")
    if not np.isfinite(variance):
        return Posterior(Estimate(found, -np.inf, np.inf, "correlated t posterior", n, level), 0.5, 0.0, 0.5)
    if not variance > 0:
        better, worse = float(found > rope), float(found < -rope)
        return Posterior(
            Estimate(found, found, found, "correlated t posterior", n, level), better, 1 - better - worse, worse
        )
    posterior = stats.t(n - 1, found, ((1 / n + n_test / n_train) * variance) ** 0.5)
    low, high = posterior.interval(level)
    better, worse = float(posterior.sf(rope)), float(posterior.cdf(-rope))
    told = Estimate(found, float(low), float(high), "correlated t posterior", n, level)
    return Posterior(told, better, max(0.0, 1 - better - worse), worse)


def shrunk_rates(k: np.ndarray, n: np.ndarray, *, level: float = 0.95) -> tuple[list[Estimate], float]:
    """Believe the shares of several levels together: each is drawn towards the common one, the more, the fewer rows it has.

    Beta-binomial, its prior fitted to the levels by maximum likelihood (empirical Bayes: Efron and Morris 1975, JASA 70).

    Parameters
    ----------
    k, n : array, (n_levels,)
        Successes and rows of each level.

    Returns
    -------
    list of Estimate
    float
        How many rows the common share weighs.
    """
    share = float(np.clip(k.sum() / n.sum(), 1e-9, 1 - 1e-9))

    def unlikely(at: np.ndarray) -> float:
        middle, rows = special.expit(at[0]), np.exp(np.clip(at[1], np.log(LEAST_PRIOR), np.log(MOST_PRIOR)))
        a, b = middle * rows, (1 - middle) * rows
        return -float((special.betaln(k + a, n - k + b) - special.betaln(a, b)).sum())

    start = np.array([special.logit(share), np.log(20.0)])
    best = optimize.minimize(unlikely, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    middle = float(special.expit(best.x[0]))
    rows = float(np.exp(np.clip(best.x[1], np.log(LEAST_PRIOR), np.log(MOST_PRIOR))))
    prior = (middle * rows, (1 - middle) * rows)
    return [rate(float(a), float(b), prior, level=level) for a, b in zip(k, n, strict=True)], rows


def shrunk_means(
    means: np.ndarray, n: np.ndarray, within: float, *, level: float = 0.95
) -> tuple[list[Estimate], float]:
    """Believe the means of several levels together, as `shrunk_rates` does shares: normal levels, by moments.

    Parameters
    ----------
    means, n : array, (n_levels,)
        Mean and rows of each level.
    within : float
        Variance of values within a level.
    """
    total, k = float(n.sum()), len(n)
    middle = float(n @ means) / total
    usual = (total - float(n @ n) / total) / max(k - 1, 1)
    between = (float(n @ (means - middle) ** 2) / max(k - 1, 1) - within) / max(usual, 1e-12)
    rows = float(np.clip(within / between if between > 0 else MOST_PRIOR, 0.0, MOST_PRIOR))
    reach = float(stats.norm.ppf(0.5 + level / 2))
    found = []
    for one, size in zip(means, n, strict=True):
        value = float((size * one + rows * middle) / (size + rows))
        half = reach * float(within / (size + rows)) ** 0.5
        found.append(Estimate(value, value - half, value + half, "normal posterior", int(size), level))
    return found, rows


def _drawn(draws: np.ndarray, n: int, rope: float, level: float) -> Posterior:
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    better, worse = float((draws > rope).mean()), float((draws < -rope).mean())
    told = Estimate(float(draws.mean()), float(low), float(high), f"{N_DRAWS:,} posterior draws", n, level)
    return Posterior(told, better, max(0.0, 1 - better - worse), worse)
