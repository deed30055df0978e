"""Quantiles and tails of known distributions, as intervals and tests ask for them.

They are those of `scipy.special`: `scipy.stats`, which wraps them, takes a second to import, and each call a tenth of a
millisecond.
"""

from __future__ import annotations

import numpy as np
import scipy


def normal_reach(level: float) -> float:
    """How many standard errors on either side hold `level` of a normal distribution.

    >>> round(normal_reach(0.95), 2)
    1.96
    """
    return normal_quantile(0.5 + level / 2)


def t_reach(level: float, freedom: float) -> float:
    """How many standard errors on either side hold `level` of Student's t with `freedom` degrees of freedom.

    >>> round(t_reach(0.95, 10), 2)
    2.23
    """
    return t_quantile(0.5 + level / 2, freedom)


def normal_quantile(p: float) -> float:
    """The value below which a standard normal lies with this chance."""
    return float(scipy.special.ndtri(p))


def t_quantile(p: float, freedom: float) -> float:
    """The value below which Student's t lies with this chance."""
    return float(scipy.special.stdtrit(freedom, p))


def t_above(value: np.ndarray | float, freedom: np.ndarray | float) -> np.ndarray:
    """Chance that Student's t lies above a value."""
    return np.asarray(scipy.special.stdtr(freedom, -np.asarray(value, np.float64)))


def chi2_above(value: float, freedom: float) -> float:
    """Chance that chi-square lies above a value."""
    return float(scipy.special.chdtrc(freedom, value))


def f_above(value: float, above: float, below: float) -> float:
    """Chance that F lies above a value; `above` and `below` are the degrees of freedom of numerator and denominator."""
    return float(scipy.special.fdtrc(above, below, value))


def f_quantile(p: float, above: float, below: float) -> float:
    """The value below which F lies with this chance."""
    return float(scipy.special.fdtri(above, below, p))


def binomial_quantile(p: float, n: int, share: float) -> int:
    """The least count that `n` draws of this share do not pass with a chance of `p`, between 0 and 1.

    >>> binomial_quantile(0.5, 10, 0.3)
    3
    """
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        at_most = scipy.special.betainc(
            n - middle, middle + 1, 1 - share
        )  # of millions of draws more exact than `bdtr`
        low, high = (low, middle) if at_most >= p else (middle, high)
    return high
