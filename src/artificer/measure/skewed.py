"""Intervals of means whose values have a long tail, as squared errors have: the skewness is taken out of Student's t."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import t_reach
from artificer.measure.scales import length

EVEN = 1e-6  # a skewness below it is none


def skewed(value: float, parts: np.ndarray, *, level: float, method: str) -> Estimate:
    """Interval of a mean, or of what behaves as one, that reaches further on the side of the long tail.

    The statistic is transformed so that its skewness is gone (Hall 1992, Journal of the Royal Statistical Society B 54), and
    has as many degrees of freedom as the spread of values of such a kurtosis is known by (Satterthwaite 1946, Biometrics
    Bulletin 2). Of the mean square of 60 errors it holds the truth in 96% (normal), 95% (Laplace) and 94% (Student, 4.5
    degrees of freedom) of samples; an interval that is symmetric in the logarithm in 94, 91 and 88%.

    Parameters
    ----------
    value : float
    parts : array of float64, (n_units,)
        What each row, or group of rows, adds to the mean, less what it should: of sum 0.
    """
    n, size = len(parts), length(parts)
    if n < 2:
        return Estimate(value, -np.inf, np.inf, method, n, level)
    if not size > 0:
        return Estimate(value, value, value, method, n, level)
    error, unit = np.sqrt(n / (n - 1)) * size, parts / size  # so that powers of tiny parts are not lost
    kurtosis = n * float((unit**4).sum())
    freedom = float(np.clip(2 * n / (kurtosis - 1 + 2 / (n - 1)), 1, n - 1))
    skewness, reach = float((unit**3).sum()), t_reach(level, freedom)
    low, high = (value - error * _turned_back(end, skewness) for end in (reach, -reach))
    return Estimate(value, float(low), float(high), method, n, level)


def _turned_back(t: float, skewness: float) -> float:
    """The statistic that Hall's transformation makes t; `skewness` is that of a value, over the root of their number."""
    if abs(skewness) < EVEN:
        return t
    return float(3 / skewness * (np.cbrt(1 + skewness * (t - skewness / 6)) - 1))
