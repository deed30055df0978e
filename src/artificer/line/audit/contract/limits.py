"""How far a delivery may lie from earlier ones, for a stated number of false alarms a month.

Each limit is a two-sided prediction limit, and all have the same chance to be passed by a delivery like the earlier
ones: alarms a month over deliveries a month and number of limits. Expectations add up whether or not the limits hang
together, so no correction is needed beyond that. A new delivery varies by the draw of its rows and by what deliveries
differ beyond that; the sum is widened by Student's t over the normal quantile, as few deliveries tell it (Hahn and Meeker
1991, "Statistical Intervals", ch. 4), which keeps the alarms at or below what was asked. Counts are negative binomial,
shares beta-binomial, means normal with the variance that results, moved where values are skewed.
"""

from __future__ import annotations

import numpy as np
import scipy

from artificer.core.stages import Alarms, Rule
from artificer.line.audit.contract.delivery import Delivery
from artificer.measure.distributions import normal_quantile, t_quantile

WIDEST_WINDOW = 100_000  # counts looked at one by one; beyond, a beta distribution of the same variance
REACH = 40.0  # standard deviations
LARGEST_CHANCE = 0.5


def limits_of(delivery: Delivery, rule: Rule, n: int, count: int) -> tuple[float, float]:
    """Give the bounds of a rule: its own, or those that follow from history.

    Parameters
    ----------
    n : int
        Rows, or values, that the statistic is of.
    count : int
        How many of them count; of a mean or a number of rows, `n`.
    """
    alarms = delivery.contract.alarms
    if rule.about is None or alarms is None:
        return -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
    return predicted(rule, n, alarms, delivery.n_limits)


def predicted(rule: Rule, n: int, alarms: Alarms, n_limits: int) -> tuple[float, float]:
    """Prediction limits of a count of rows, or of a mean or share of `n` values, in its own unit."""
    assert rule.about is not None
    chance = min(LARGEST_CHANCE, alarms.per_month / (alarms.deliveries_per_month * max(1, n_limits)))
    tail, n_past = chance / 2, max(2, alarms.n_deliveries)
    widened = (t_quantile(tail, n_past - 1) / normal_quantile(tail)) ** 2 * (1 + 1 / n_past)
    n_rows = max(1, alarms.n_rows)
    if rule.kind == "mean":
        return _of_mean(rule, max(1, n), widened, -normal_quantile(tail))
    if rule.kind == "rows":
        return _of_count(rule.about, widened * (rule.spread**2 + rule.about) - rule.about, tail)
    share = (rule.about * n_rows + 0.5) / (n_rows + 1)  # so that what never occurred may, once in a while
    drawn = share * (1 - share) / n
    low, high = _of_share(share, n, widened * (rule.spread**2 + drawn) - drawn, tail)
    return low / n, high / n


def _of_mean(rule: Rule, n: int, widened: float, reach: float) -> tuple[float, float]:
    """A mean of `n` values; of skewed ones, moved by the first term of Cornish and Fisher's expansion (1938)."""
    assert rule.about is not None
    variance = rule.spread**2 + rule.sd**2 / n
    if not variance:
        return rule.about, rule.about
    skew = rule.skew * rule.sd**3 / n**2 / variance**1.5
    wide, sd = reach * np.sqrt(widened), float(np.sqrt(variance))
    moved = (wide**2 - 1) * skew / 6
    return rule.about + sd * (moved - wide), rule.about + sd * (moved + wide)


def _of_count(mean: float, variance: float, tail: float) -> tuple[float, float]:
    """A Poisson count whose rate has this mean and variance."""
    if mean <= 0:
        return 0.0, np.inf
    from scipy import stats

    size = mean**2 / variance
    found = stats.nbinom(size, size / (size + mean))
    return float(found.ppf(tail)), float(found.isf(tail))


def _of_share(share: float, n: int, variance: float, tail: float) -> tuple[float, float]:
    """A binomial count of `n` whose chance has this mean and variance."""
    variance = min(variance, 0.99 * share * (1 - share))
    sd = np.sqrt(n * share * (1 - share) + n * (n - 1) * variance)
    low, high = max(0, int(n * share - REACH * sd)), min(n, int(n * share + REACH * sd) + 1)
    if high - low > WIDEST_WINDOW:
        a, b = _beta(share, variance + share * (1 - share) / n)
        return float(n * scipy.special.betaincinv(a, b, tail)), float(n * scipy.special.betainccinv(a, b, tail))
    a, b = _beta(share, variance)
    k = np.arange(low, high + 1)
    log_mass = scipy.special.betaln(k + a, n - k + b) - scipy.special.betaln(a, b)
    log_mass -= scipy.special.betaln(k + 1, n - k + 1) + np.log(n + 1)
    mass = np.exp(log_mass)
    below, above = np.cumsum(mass), np.cumsum(mass[::-1])
    # The first count that is not too rare from either end.
    first, last = int(np.searchsorted(below, tail)), int(np.searchsorted(above, tail))
    return float(k[min(first, len(k) - 1)]), float(k[max(0, len(k) - 1 - last)])


def _beta(mean: float, variance: float) -> tuple[float, float]:
    precision = mean * (1 - mean) / variance - 1
    return mean * precision, (1 - mean) * precision
