"""Strength of relations between columns, 0 to 1, with intervals and p-values: one function for each pair of kinds.

`worth` is how many independent rows a row is worth, see `artificer.measure.clusters.worth`: of rows in groups, tests and
intervals rest on fewer (Rao and Scott 1981, JASA 76, for tables). Up to 50 rows are tested by permutation, and no interval
leaves out 0 where its test does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy

from artificer.core.records import Estimate
from artificer.measure.distributions import chi2_above, f_above, normal_reach, t_above
from artificer.measure.permutations import MOST_ROWS, chance_of, permuted

# From here the noncentral chi-square is as good as normal (bounds differ by 0.3% of their distance), and its series
# takes seconds, or does not converge.
LARGE = 10_000.0


@dataclass(frozen=True, slots=True)
class Association:
    """A strength and the p-value of there being none."""

    strength: Estimate
    p: float


def numbers(x: np.ndarray, y: np.ndarray, *, level: float = 0.95, worth: float = 1.0) -> Association:
    """Spearman's rank correlation, in absolute value, of two numeric columns with NaN for missing.

    Interval by Fisher's z with the variance of Bonett and Wright (2000), Psychometrika 65.
    """
    both = ~(np.isnan(x) | np.isnan(y))
    n, rows = int(both.sum()), worth * float(both.sum())
    if rows < 4 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return _none("Spearman", n, level)
    left, right = _ranks(x[both]), _ranks(y[both])
    rho = float(np.clip((_columns(left) * _columns(right)).sum(), -1, 1))
    # Perfect order reaches as far as that of neighbours that changed places: its own variance would be none.
    inside = float(np.clip(rho, -1 + 12 / (rows**3 - rows), 1 - 12 / (rows**3 - rows)))
    z, half = np.arctanh(inside), normal_reach(level) * np.sqrt((1 + inside**2 / 2) / (rows - 3))
    strength = _folded(rho, float(np.tanh(z - half)), float(np.tanh(z + half)), "Spearman", n, level)
    strength = replace(strength, high=max(strength.high, strength.value))
    step = (
        6 / (rows**3 - rows) if worth < 1 and rows <= MOST_ROWS else 0.0
    )  # half of what two such rows move it by: a correction for continuity

    def above(squared: float) -> float:
        r = min(max(squared**0.5 - step, 0.0), 1 - 1e-12)
        return 2 * float(t_above(r * np.sqrt((rows - 2) / (1 - r**2)), rows - 2))

    return _tested(strength, _p(left, right, rho**2, above, worth))


def categories(a: np.ndarray, b: np.ndarray, *, level: float = 0.95, worth: float = 1.0) -> Association:
    """Cramér's V of two columns of codes, corrected for bias (Bergsma 2013, Journal of the Korean Statistical Society 42).

    Interval from the noncentral chi-square distribution (Smithson 2003, "Confidence intervals", chapter 4).
    """
    table = _crossed(a, b)
    n, (rows, columns) = int(table.sum()), table.shape
    if min(rows, columns) < 2 or worth * n < 2:
        return _none("Cramér's V", n, level)
    table = worth * table
    total = float(table.sum())
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / total
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)

    def strength(statistic: float) -> float:
        phi2 = max(0.0, statistic / total - freedom / (total - 1))
        r, c = (size - (size - 1) ** 2 / (total - 1) for size in (rows, columns))
        return float(np.sqrt(min(1.0, phi2 / max(min(r, c) - 1, 1e-12))))

    low, high = (strength(one + freedom) for one in _noncentral(chi2, freedom, level))
    value = strength(chi2)
    estimate = Estimate(value, min(low, value), max(high, value), "Cramér's V", n, level)

    def above(squared: float) -> float:
        return chi2_above(total * squared, freedom)

    return _tested(estimate, _p(a, b, chi2 / total, above, worth) if total <= MOST_ROWS else p_of_table(table))


def category_and_number(codes: np.ndarray, y: np.ndarray, *, level: float = 0.95, worth: float = 1.0) -> Association:
    """Root of the share of a number's variance between the levels of a category, corrected for bias (Kelley 1935).

    The number is ranked first, so that far values do not decide; interval from the noncentral chi-square of the F test.
    """
    known = ~np.isnan(y)
    ranks = _ranks(y[known])
    groups = np.unique(codes[known], return_inverse=True)[1]
    n, k, rows = len(ranks), int(groups.max(initial=-1)) + 1, worth * len(ranks)
    if k < 2 or rows <= k + 1 or np.ptp(ranks) == 0:
        return _none("correlation ratio of ranks", n, level)
    counts, sums = np.bincount(groups), np.bincount(groups, weights=ranks)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    between = float((counts * (sums / counts - ranks.mean()) ** 2).sum())
    within = max(total - between, 1e-12 * total)
    f = (between / (k - 1)) / (within / (rows - k))

    def strength(noncentrality: float) -> float:
        return float(np.sqrt(noncentrality / (noncentrality + rows)))

    value = float(np.sqrt(max(0.0, 1 - (within / (rows - k)) / (total / (rows - 1)))))
    low, high = (strength(one) for one in _noncentral((k - 1) * f, k - 1, level))
    estimate = Estimate(value, min(low, value), min(1.0, max(high, value)), "correlation ratio of ranks", n, level)

    def above(squared: float) -> float:
        return f_above(squared / (k - 1) / (max(1 - squared, 1e-12) / (rows - k)), k - 1, rows - k)

    return _tested(estimate, _p(groups, ranks, between / total, above, worth))


def _p(a: np.ndarray, b: np.ndarray, squared: float, above: Callable[[float], float], worth: float) -> float:
    """By permutation where rows are few; of groups, which have no such test, no less than the number of their orders allows.

    Parameters
    ----------
    a, b : array, (n_rows,)
        Ranks (float) or codes (integer).
    squared : float
        The share of what varies that they have in common: a squared correlation, or chi-square over the rows.
    """
    if worth * len(a) > MOST_ROWS:
        return above(squared)
    if worth < 1:
        return min(1.0, max(above(squared), 2 * chance_of(a, b, worth)))
    return permuted(_columns(a), _columns(b), above)


def p_of_table(table: np.ndarray) -> float:
    """Of the chi-square test, the rarest levels taken together until every cell expects a row (Cochran 1954, Biometrics 10).

    One meeting of two rare levels would otherwise be beyond chance. Of two by two levels that expect fewer than five rows,
    Fisher's exact test.
    """
    total = table.sum()
    while max(table.shape) > 2 and (least := [table.sum(axis=1 - axis).min() for axis in (0, 1)])[0] * least[1] < total:
        axis = 1 if table.shape[0] == 2 or (table.shape[1] > 2 and least[1] < least[0]) else 0
        order = np.argsort(table.sum(axis=1 - axis), kind="stable")
        table = np.moveaxis(np.moveaxis(table, axis, 0)[order], 0, axis)
        table = np.add.reduceat(table, [0, *range(2, table.shape[axis])], axis=axis)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / total
    if table.shape == (2, 2) and expected.min() < 5:
        from scipy import stats

        return float(stats.fisher_exact(np.rint(table).astype(np.int64))[1])
    chi2 = float(((table - expected) ** 2 / expected).sum())
    return chi2_above(chi2, (table.shape[0] - 1) * (table.shape[1] - 1))


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy import stats

    found: np.ndarray = stats.rankdata(values)
    return found


def _columns(values: np.ndarray) -> np.ndarray:
    """Ranks as one column of length 1, or codes as one for each level, whose products are the shares that `_p` reads."""
    if values.dtype.kind == "f":
        centred = values - values.mean()
        return np.asarray(centred / np.linalg.norm(centred))[:, None]
    hot = values[:, None] == np.unique(values)
    root = np.sqrt(hot.sum(axis=0))
    return np.asarray(hot / root - root / len(values))


def _tested(strength: Estimate, p: float) -> Association:
    return Association(strength if p <= 1 - strength.level else replace(strength, low=0.0), p)


def _crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    left, right = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    width = int(right.max(initial=0)) + 1
    flat = np.bincount(left * width + right, minlength=(int(left.max(initial=0)) + 1) * width)
    return flat.reshape(-1, width).astype(np.float64)


def _noncentral(statistic: float, freedom: int, level: float) -> tuple[float, float]:
    """Noncentralities for which `statistic` is at the upper and at the lower tail."""
    if statistic > LARGE:
        return _noncentral_of_large(statistic, freedom, level)
    tail = 0.5 - level / 2
    if chi2_above(statistic, freedom) > tail:
        low = 0.0
    else:
        low = _solve(lambda nc: 1 - scipy.special.chndtr(statistic, freedom, nc) - tail, statistic)
    if chi2_above(statistic, freedom) > 1 - tail:
        return low, 0.0
    return low, _solve(lambda nc: tail - scipy.special.chndtr(statistic, freedom, nc), statistic)


def _noncentral_of_large(statistic: float, freedom: int, level: float) -> tuple[float, float]:
    """The same from the normal distribution of mean f + nc and variance 2 (f + 2 nc), solved for nc."""
    z = normal_reach(level)
    middle = np.sqrt(max(2 * z**2 + 2 * statistic - freedom, 0.0))
    low, high = (max(0.0, ((middle + side * z * np.sqrt(2)) ** 2 - freedom) / 2) for side in (-1, 1))
    return float(low), float(high)


def _solve(rising: Callable[[float], float], statistic: float) -> float:
    from scipy import optimize

    return float(optimize.brentq(rising, 0.0, statistic + 10 * np.sqrt(statistic + 1) + 50, xtol=1e-9))


def _folded(value: float, low: float, high: float, method: str, n: int, level: float) -> Estimate:
    if low <= 0 <= high:
        return Estimate(abs(value), 0.0, max(-low, high), method, n, level)
    return Estimate(abs(value), min(abs(low), abs(high)), max(abs(low), abs(high)), method, n, level)


def _none(method: str, n: int, level: float) -> Association:
    return Association(Estimate(0.0, 0.0, 1.0, method, n, level), 1.0)
