"""How often rows may yet break what no row, or few rows, broke in training: what every learned rule allows rests on it."""

from __future__ import annotations

import math

import scipy

from artificer.measure.distributions import binomial_quantile

RISK = 0.001  # that the true share lies above what is allowed
QUIET_SHARE = 0.001


def largest_share(n: int, n_broke: int = 0) -> float:
    """Give the largest share of rows that would break a rule that `n_broke` of the `n` rows of training broke.

    A row that holds a bound up by itself breaks it: left out, it would lie beyond what the others tell. For levels, these
    are the ones that one row holds, and the share is that of levels not seen yet (Good 1953, "The population frequencies of
    species").

    The upper limit of Clopper and Pearson (1934) at 99.9%; for none of `n` it is nearly 7 / n, as the rule of three is 3 / n
    at 95% (Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?"). A rule that allows it is
    broken by another sample of as many rows with a chance of about one in a thousand; one that allows nothing, by up to
    one in four, however many rows it was learned from.

    Returns
    -------
    float
        0.001 to 1, rounded up to two digits.
    """
    share = float(scipy.special.betaincinv(n_broke + 1, max(1, n - n_broke), 1 - RISK)) if n else 1.0
    share = max(QUIET_SHARE, share)
    digit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return min(1.0, round(math.ceil(share / digit - 1e-9) * digit, 6))


def most_by_chance(n_rows: int, share: float) -> int:
    """Rows of a delivery that may break a rule, of `n_rows` that could, where this share of such rows may break it.

    The count that a binomial draw passes once in a thousand deliveries. Without it few rows would alarm often: of a hundred,
    one alone is 1%, and a rule that one row in a thousand breaks is then broken in every tenth delivery.

    >>> most_by_chance(100, 0.001), most_by_chance(100_000, 0.001), most_by_chance(100, 0.0)
    (2, 132, 0)
    """
    return binomial_quantile(1 - RISK, n_rows, share) if share > 0 else 0
