"""What sets of rows add to a score that is known only by calling it, as a caller's own function is.

A call may take longer than fitting a model does, and intervals are asked for often: there are few calls, and always as many,
so that no interval hangs on the clock.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

N_SETS = 20
# Of more rows, sets of so many rows or groups are scored alone: one pass in place of 20.
MANY_ROWS, MANY_IN_SET = 10_000, 50


def jackknife(scored: Callable[[np.ndarray], float], n_rows: int, groups: np.ndarray | None) -> np.ndarray:
    """What each set of rows, or of whole groups, adds to a score, less what it should.

    Each set is left out in turn (the delete-a-group jackknife, Shao and Tu 1995, "The Jackknife and Bootstrap", 2.3), or, of
    many rows, scored alone (random groups, Wolter 2007, "Introduction to Variance Estimation", 2), for scores that are smooth
    in their rows. Of 300 rows, in 1,000 simulations each, intervals of 95% that are made of these parts hold the truth in 95
    to 98% for F2 and 94 to 96% for the mean absolute error, and that of two models' difference in 94 to 95%; for the median
    error, which is not smooth, in 92 and 95%.

    Parameters
    ----------
    scored : callable (rows) → float
        The score of some rows, given by their places.
    groups : array of int64, (n_rows,), or None
        Rows of one group are not independent, and are left out together.

    Returns
    -------
    array of float64, (n_sets,)
        Of sum 0, as `artificer.measure.skewed` reads them; empty where a score is not defined, or nothing can be left out.
    """
    place = np.arange(n_rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = int(place.max()) + 1
    n_sets = min(n_units, N_SETS)
    if n_sets < 2:
        return np.empty(0)
    of_set = np.random.default_rng(0).permutation(np.arange(n_units) % n_sets)[place]
    if n_rows > MANY_ROWS and n_units >= MANY_IN_SET * n_sets:
        alone = np.array([scored(np.flatnonzero(of_set == one)) for one in range(n_sets)])
        if np.isfinite(alone).all():
            return np.asarray((alone - alone.mean()) / n_sets)
    left = np.array([scored(np.flatnonzero(of_set != one)) for one in range(n_sets)])
    if not np.isfinite(left).all():
        return np.empty(0)
    return np.asarray((left.mean() - left) * (n_sets - 1) / n_sets)
