"""Rows that come in groups: how alike they are, and how many rows they are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import f_above, f_quantile


@dataclass(frozen=True, slots=True)
class Alike:
    """An intraclass correlation, the p-value of there being none, and what it does to a mean."""

    correlation: Estimate
    p: float
    design_effect: float
    effective_rows: Estimate


def intraclass(values: np.ndarray, groups: np.ndarray, *, level: float = 0.95) -> Alike | None:
    """Correlation of two rows of one group: one-way analysis of variance (Donner 1986, International Statistical Review 54).

    The interval is Searle's, exact where groups are equally large; the design effect Kish's (1965, 5.4), for a mean over
    rows.

    Parameters
    ----------
    values : array of float64, (n_rows,)
    groups : array of int, (n_rows,)

    Returns
    -------
    Alike or None
        None where there are no groups of several rows, or fewer than two groups, or one value.
    """
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    place = np.unique(groups, return_inverse=True)[1]
    n, k = len(values), len(sizes)
    if k < 2 or n <= k or np.ptp(values) == 0:
        return None
    means = np.bincount(place, weights=values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (k - 1)
    within = max(float(((values - means[place]) ** 2).sum()) / (n - k), 1e-12 * between)
    f, usual = between / within, (n - (sizes**2).sum() / n) / (k - 1)
    ends = (f, f / f_quantile(0.5 + level / 2, k - 1, n - k), f * f_quantile(0.5 + level / 2, n - k, k - 1))
    value, low, high = (float(np.clip((one - 1) / (one - 1 + usual), -1.0, 1.0)) for one in ends)
    found = Estimate(value, low, high, "intraclass correlation", k, level)
    extra = float((sizes**2).sum() / n) - 1
    rows = [n / (1 + extra * max(one, 0.0)) for one in (value, high, low)]
    effective = replace(found, value=rows[0], low=rows[1], high=rows[2], method="rows over the design effect")
    return Alike(found, f_above(f, k - 1, n - k), 1 + extra * max(value, 0.0), effective)
