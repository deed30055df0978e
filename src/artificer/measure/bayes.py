"""Chances, where they read better than a test: which of two is better, and which of several levels lies above which.

Intervals hold the truth with the probability of their level, given the prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from artificer.core.records import Chances, Estimate
from artificer.measure.distributions import normal_reach, t_above, t_reach
from artificer.measure.metrics import metric

N_DRAWS = 20_000
# Rows that the common mean may weigh in a level: beyond, levels do not differ.
LEAST_PRIOR, MOST_PRIOR = 0.1, 1e6
# Spreads of levels that are looked at: so many, up to so many times what their means show.
N_SPREADS, WIDEST = 60, 3.0
# Of a score that is best at 1, or of a loss: what does not matter (Benavoli and others 2017 take a point of accuracy).
POINT = 0.01


@dataclass(frozen=True, slots=True)
class Levels:
    """What is believed of several levels together.

    Attributes
    ----------
    each : list of Estimate, (n_levels,)
    prior_rows : float
        How many rows the common share or mean weighs.
    above : array of float64, (n_levels, n_levels)
        Chance that the level of the row lies above that of the column.
    """

    each: list[Estimate]
    prior_rows: float
    above: np.ndarray


def chances(difference: Estimate, within: float) -> Chances | None:
    """Read a difference with its interval as chances; None where the interval has no end.

    Under a flat prior an interval is that of a posterior, Student's t with as many degrees of freedom as it has units
    less one, its two halves as wide as the interval's.

    Parameters
    ----------
    difference : Estimate
        First minus second, positive where the first is better.
    within : float
        Half the width of the region of practical equivalence (Kruschke 2018, AMPPS 1), in the difference's units.
    """
    value, reach = difference.value, (difference.value - difference.low, difference.high - difference.value)
    if not np.isfinite([value, *reach]).all():
        return None
    freedom = max(difference.n - 1, 1)
    down, up = (max(half, 1e-300) / t_reach(difference.level, freedom) for half in reach)

    def above(x: float) -> float:
        return float(t_above((x - value) / (up if x > value else down), freedom))

    return _chances(above(within), 1 - above(-within), within, difference.method)


def practically(name: str, score: float) -> float:
    """How much of a metric does not matter: a point of a score that is best at 1, a hundredth of a loss or of a value.

    >>> practically("roc_auc", 0.8), practically("rmse", 40.0)
    (0.01, 0.4)
    """
    return POINT if metric(name).best == 1 else POINT * abs(score)


def folds_differ(differences: np.ndarray, n_train: float, n_test: float, within: float) -> Chances | None:
    """Compare two models over folds: correlated t-test (Benavoli, Corani, Demšar and Zaffalon 2017, JMLR 18).

    Parameters
    ----------
    differences : array of float64, (n_folds,)
        How much better the first is than the second, fold by fold.
    n_train, n_test : float
        Rows that train and measure in a fold: what training rows folds share makes differences alike.
    within : float
        As for `chances`.

    Returns
    -------
    Chances or None
        None for fewer than two folds, of which no spread is known.
    """
    n = len(differences)
    if n < 2:
        return None
    method = f"correlated t over {n} folds"
    found, variance = float(differences.mean()), float(differences.var(ddof=1))
    scale = max(((1 / n + n_test / n_train) * variance) ** 0.5, 1e-300)
    return _chances(
        float(t_above((within - found) / scale, n - 1)),
        float(t_above((within + found) / scale, n - 1)),
        within,
        method,
    )


def shrunk_rates(k: np.ndarray, n: np.ndarray, *, level: float = 0.95) -> Levels:
    """Believe the shares of several levels together: each is drawn towards the common one, the more, the fewer rows it has.

    Beta-binomial, its prior fitted to the levels by maximum likelihood (empirical Bayes: Efron and Morris 1975, JASA 70). How
    unsure a level is counts what is open of the common share, and of how far levels lie apart, which few of them hardly tell.

    Parameters
    ----------
    k, n : array, (n_levels,)
        Successes and rows of each level.
    """
    from scipy import stats

    share = float(np.clip(k.sum() / n.sum(), 1e-9, 1 - 1e-9))

    def unlikely(at: np.ndarray) -> float:
        middle, rows = special.expit(at[0]), np.exp(np.clip(at[1], np.log(LEAST_PRIOR), np.log(MOST_PRIOR)))
        a, b = middle * rows, (1 - middle) * rows
        return -float((special.betaln(k + a, n - k + b) - special.betaln(a, b)).sum())

    start = np.array([special.logit(share), np.log(20.0)])
    best = optimize.minimize(unlikely, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    middle = float(special.expit(best.x[0]))
    rows = float(np.exp(np.clip(best.x[1], np.log(LEAST_PRIOR), np.log(MOST_PRIOR))))
    believed = stats.beta((k + middle * rows)[:, None], (n - k + (1 - middle) * rows)[:, None])
    value = believed.mean()[:, 0]
    unsure = np.minimum(_unsure(k / n, value * (1 - value) / n, value), value * (1 - value))
    worth = np.maximum(value * (1 - value) / unsure - 1, LEAST_PRIOR)
    low, high = stats.beta(value * worth, (1 - value) * worth).interval(level)
    ends = np.stack([value, low, high], axis=1)
    each = [
        Estimate(value, low, high, "Beta posterior", int(size), level)
        for (value, low, high), size in zip(ends.tolist(), n, strict=True)
    ]
    return Levels(each, rows, _above(believed.rvs((len(k), N_DRAWS), random_state=0)))


def shrunk_means(means: np.ndarray, n: np.ndarray, within: float, *, level: float = 0.95) -> Levels:
    """Believe the means of several levels together, as `shrunk_rates` does shares: normal levels, by moments.

    Parameters
    ----------
    means, n : array, (n_levels,)
        Mean and rows of each level.
    within : float
        Variance of values within a level.
    """
    from scipy import stats

    total, k = float(n.sum()), len(n)
    middle = float(n @ means) / total
    usual = (total - float(n @ n) / total) / max(k - 1, 1)
    between = (float(n @ (means - middle) ** 2) / max(k - 1, 1) - within) / max(usual, 1e-12)
    rows = float(np.clip(within / between if between > 0 else MOST_PRIOR, 0.0, MOST_PRIOR))
    believed = stats.norm(
        ((n * means + rows * middle) / (n + rows))[:, None], np.sqrt(max(within, 1e-300) / (n + rows))[:, None]
    )
    value = believed.mean()[:, 0]
    half = normal_reach(level) * np.sqrt(_unsure(means, max(within, 1e-300) / n, value))
    ends = np.stack([value, value - half, value + half], axis=1)
    each = [
        Estimate(value, low, high, "normal posterior", int(size), level)
        for (value, low, high), size in zip(ends.tolist(), n, strict=True)
    ]
    return Levels(each, rows, _above(believed.rvs((k, N_DRAWS), random_state=0)))


def _unsure(means: np.ndarray, error: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Mean square of how far levels may lie from what is believed of them: float64 (n_levels,).

    Over all spreads of the levels that the means leave open, even ones beforehand, and over what the common mean may be
    (Gelman and others 2013, "Bayesian Data Analysis", 5.4): of few levels neither is known well.

    Parameters
    ----------
    error : array, (n_levels,)
        Square of each mean's standard error.
    value : array, (n_levels,)
        What is believed.
    """
    spread = np.linspace(0.0, WIDEST * (means.std() + np.sqrt(error.mean())), N_SPREADS)[:, None]
    whole = spread**2 + error
    known = (1 / whole).sum(axis=1, keepdims=True)
    middle = (means / whole).sum(axis=1, keepdims=True) / known
    likely = -0.5 * (np.log(whole) + (means - middle) ** 2 / whole).sum(axis=1) - 0.5 * np.log(known[:, 0])
    drawn = error / whole
    off = means + drawn * (middle - means) - value
    return np.asarray(special.softmax(likely) @ ((1 - drawn) * error + drawn**2 / known + off**2))


def _above(draws: np.ndarray) -> np.ndarray:
    """Share of draws in which each level lies above each other one, from (n_levels, n_draws)."""
    return np.array([[(one > other).mean() for other in draws] for one in draws])


def _chances(better: float, worse: float, within: float, method: str) -> Chances:
    return Chances(better, max(0.0, 1 - better - worse), worse, within, method)
