"""What a shift does to the score: density ratio times conditional loss, bin by bin, with an interval.

A score changes by Cov(w, loss) where rows are drawn otherwise, w = p_T / p_S, and by the change of the loss itself where
the relation between inputs and target changed (decomposition after Cai, Namkoong and Yadlowsky 2023, arXiv 2303.02011). The
first part needs no labels, in the manner of performance estimation from density ratios (PAPE, Białek et al. 2024, arXiv
2401.08348); the second is what is left of the measured change. To first order, the first part is Σ (p_T - p_S) φ̄ over
bins of a column, φ̄ the mean influence of the reference rows in the bin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from artificer.core.life import Bins, Harm, Reference
from artificer.core.records import Estimate

# A loss of less than a twentieth of the model's skill is not worth an alarm.
MARGIN = 0.05
FEWEST_ROWS = 10


def effect_of(bins: Bins, counts: np.ndarray, n_unseen: int, *, level: float) -> Estimate:
    """What the move of one column does to the score, positive where it is better.

    Parameters
    ----------
    counts : array, (n_bins,)
        New rows in each bin, missing first.
    n_unseen : int
        New rows of levels that the reference lacks: nobody knows what they add.
    """
    n_s, n_t = np.array(bins.counts), counts.astype(float)
    total_s, total_t = n_s.sum(), n_t.sum() + n_unseen
    p_s, p_t = n_s / total_s, n_t / total_t
    known = n_s >= FEWEST_ROWS
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, np.array(bins.influence) / n_s, 0.0)
        square = np.where(known, np.array(bins.squares) / n_s, 0.0)
        ratio = np.where(known, p_t / p_s, 1.0)
    value = float(((p_t - p_s) * mean).sum())
    of_new = float((p_t * mean**2).sum() - (p_t * mean).sum() ** 2) / total_t
    of_reference = max(0.0, float((p_s * (ratio - 1) ** 2 * square).sum()) - value**2) / total_s
    half = float(stats.norm.ppf(0.5 + level / 2)) * float(np.sqrt(max(of_new, 0.0) + of_reference))
    # Rows that the reference has no like of may be as bad, or as good, as the extreme bins.
    strange = float(p_t[~known].sum()) + n_unseen / total_t
    half += strange * float(np.abs(mean).max(initial=0.0))
    return Estimate(value, value - half, value + half, "density ratio times influence", int(total_t), level)


def distance(bins: Bins, counts: np.ndarray, n_unseen: int) -> float:
    """Total variation between reference and new rows, 0 to 1, less what chance alone brings."""
    p_s, p_t = np.array(bins.counts) / sum(bins.counts), counts / (counts.sum() + n_unseen)
    noise = np.sqrt(2 / np.pi * p_s * (1 - p_s) * (1 / sum(bins.counts) + 1 / (counts.sum() + n_unseen))).sum() / 2
    unseen = n_unseen / (counts.sum() + n_unseen)
    return float(max(0.0, (np.abs(p_t - p_s).sum() + unseen) / 2 - noise))


def harm_of(effect: Estimate, reference: Reference) -> Harm:
    """Harmful when a loss is shown that matters, benign when none that matters can be, else undecidable."""
    margin = MARGIN * reference.skill
    if effect.high < 0 and effect.value < -margin:
        return "harmful"
    return "benign" if effect.low > -margin else "undecidable"


def apart(first: Estimate, second: Estimate, sign: float = 1.0) -> Estimate:
    """Difference of two estimates from different rows, at the first one's level, positive where the first is better.

    Their intervals are joined without a shape being assumed (MOVER, Zou and Donner 2008, Statistics in Medicine 27).
    """
    if sign < 0:
        first, second = -first, -second
    value = first.value - second.value
    low = value - float(np.hypot(first.value - first.low, second.high - second.value))
    high = value + float(np.hypot(first.high - first.value, second.value - second.low))
    return Estimate(value, low, high, "difference of two samples", min(first.n, second.n), first.level)


def at_level(estimate: Estimate, level: float) -> Estimate:
    """An interval widened or narrowed to another level, as a normal one would be."""
    by = float(stats.norm.ppf(0.5 + level / 2) / stats.norm.ppf(0.5 + estimate.level / 2))
    value = estimate.value
    return replace(
        estimate, low=value - by * (value - estimate.low), high=value + by * (estimate.high - value), level=level
    )
