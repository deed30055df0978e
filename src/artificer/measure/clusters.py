"""Rows that come in groups: how alike they are, and how many rows they are worth, for a mean or for a relation."""

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


def likeness(values: np.ndarray, groups: np.ndarray) -> float:
    """Intraclass correlation, 0 to 1: of ranks, or of codes, each of whose levels is 0 or 1.

    0 where each row is a group of its own; 1 where all are of one group, which shows nothing of how they differ.

    Parameters
    ----------
    values : array, (n_rows,)
        Numbers (float), none missing; or codes (integer).
    groups : array of int, (n_rows,)
    """
    place, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    n, k = len(values), len(sizes)
    if k < 2 or n <= k:
        return float(k < n)
    if values.dtype.kind == "f":
        from scipy import stats

        ranks = stats.rankdata(values)
        whole, every = ranks - ranks.mean(), float(np.square(ranks - ranks.mean()).sum())
        across = float((np.bincount(place, weights=whole) ** 2 / sizes).sum())
    else:
        code, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
        pairs, together = np.unique(place * len(counts) + code, return_counts=True)
        alike = float((counts.astype(np.float64) ** 2).sum()) / n
        across, every = float((together**2 / sizes[pairs // len(counts)]).sum()) - alike, n - alike
    if not every > 0:
        return 0.0
    f = (across / (k - 1)) / max((every - across) / (n - k), 1e-12 * across)
    usual = (n - (sizes.astype(np.float64) ** 2).sum() / n) / (k - 1)
    return float(np.clip((f - 1) / (f - 1 + usual), 0.0, 1.0)) if f > 1 else 0.0


def worth(a: np.ndarray, b: np.ndarray, groups: np.ndarray | None) -> float:
    """How many independent rows a row is worth for how two columns go together, at most 1.

    Rows of one group add to the variance as far as both columns are alike in it: the sum of squared sizes over the rows, less
    1, times both intraclass correlations (Moulton 1990, Review of Economics and Statistics 72). So a column that differs
    within groups is hardly worth less, and one that is the same in a group as little as the groups are.

    Parameters
    ----------
    a, b : array, (n_rows,)
        As for `likeness`; NaN is missing.
    groups : array of int, (n_rows,), or None
    """
    if groups is None:
        return 1.0
    known = np.ones(len(a), bool)
    for one in (a, b):
        known &= ~np.isnan(one) if one.dtype.kind == "f" else True
    if not known.any():
        return 1.0
    groups = groups[known]
    return 1.0 / (1.0 + extra_rows(groups) * likeness(a[known], groups) * likeness(b[known], groups))


def extra_rows(groups: np.ndarray) -> float:
    """How many other rows a row's group has, for the mean row."""
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return float((sizes**2).sum() / len(groups)) - 1.0
