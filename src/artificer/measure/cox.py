"""Whether chances can be right at all: Cox's score test of their slope and intercept, with its chance counted, not assumed.

Cox (1958, Biometrika 45) tests that log odds have slope 1 and intercept 0. That hypothesis names the chance of every
outcome, so how often right chances look as wrong is known on the fewest rows too: outcomes are drawn from them. An interval
of what recalibrating gains, learned on one half and measured on the other, needs many more.
"""

from __future__ import annotations

import numpy as np

from artificer.measure.distributions import chi2_above

DRAWS, AT_ONCE = 999, 2_000_000
# Outcomes that chances leave open (the sum of p (1 - p)), from which the score is as good as normal.
MANY = 200.0
TINY = 1e-6


def chance_if_right(y: np.ndarray, p: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """Chance that right probabilities look as wrong as these, and the spread that luck gives to their slope.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        1 where it came true; rows are independent.
    p : array of float64, (n_rows,)
        Its chance.
    weight : array of float64, (n_rows,), optional

    Returns
    -------
    float
        The p-value: exact within 999 draws where little is open, else of chi squared with 2 degrees of freedom.
    float
        Standard error of the slope, were they right; infinite where all chances are the same, or one row has all weight.
    """
    p = np.clip(p, TINY, 1 - TINY)
    w = np.ones(len(p)) if weight is None else weight
    if not w.any():
        return 1.0, np.inf
    open_yet, odds = p * (1 - p), np.log(p / (1 - p))
    odds = odds - np.average(odds, weights=w**2 * open_yet)
    directions = np.stack([w, w * odds], axis=1)
    spread = (directions * open_yet[:, None]).T @ directions
    inverse = np.linalg.pinv(spread, hermitian=True)
    # Newton's step from slope 1, and what luck adds to it.
    information = float((w * open_yet) @ odds**2)
    error = float(np.sqrt(spread[1, 1])) / information if np.ptp(p) > 0 and information > 0 else np.inf

    def score(outcomes: np.ndarray) -> np.ndarray:
        moved = (outcomes - p) @ directions
        return np.asarray(np.einsum("ni,ij,nj->n", moved, inverse, moved))

    found = float(score(y[None])[0])
    if open_yet.sum() >= MANY:
        return chi2_above(found, 2), error
    rng, n_reached, left = np.random.default_rng(0), 0, DRAWS
    while left:
        n = min(left, max(1, AT_ONCE // len(p)))
        n_reached += int((score(rng.random((n, len(p))) < p) >= found).sum())
        left -= n
    return (1 + n_reached) / (1 + DRAWS), error
