"""What a shift does to the score: density ratio times conditional loss, bin by bin, with an interval.

A score changes by Cov(w, loss) where rows are drawn otherwise, w = p_T / p_S, and by the change of the loss itself where
the relation between inputs and target changed (decomposition after Cai, Namkoong and Yadlowsky 2023, arXiv 2303.02011). The
first part needs no labels, in the manner of performance estimation from density ratios (PAPE, Białek et al. 2024, arXiv
2401.08348); the second is what is left of the measured change. The first part is Σ (p_T - p_S) φ̄ over bins of a column, φ̄
the mean influence of the judged rows in a bin; of the area under the ROC curve it is taken from the sums over pairs of
rows, reweighted, as the first order is not enough there. Simulated in tests/line/track: intervals of 95% hold the change
that moved inputs make in 88% to 100% of the cases, down to a success of 7% and up to one that quadruples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from artificer.core.life import Bins, Harm, Reference
from artificer.core.records import Estimate
from artificer.measure.distributions import normal_reach
from artificer.measure.metrics import metric

# A loss of less than a twentieth of the model's skill is not worth an alarm.
MARGIN = 0.05
FEWEST_ROWS = 10
OUTER = 0.5


def effect_of(bins: Bins, counts: np.ndarray, n_unseen: int, *, level: float) -> Estimate:
    """What the move of one column does to the score, positive where it is better.

    The interval is wider by what rows of a kind that the judged rows lack could do, if they were as extreme as the most
    extreme bin, or a standard deviation of the influence of a row.

    Parameters
    ----------
    counts : array, (n_bins,)
        New rows in each bin, missing first.
    n_unseen : int
        New rows of levels that training lacked: nobody knows what they add.
    """
    n_s, total_t = np.array(bins.counts), float(counts.sum() + n_unseen)
    known = n_s >= FEWEST_ROWS
    if not known.any() or not (counts * known).any():
        return Estimate(0.0, -np.inf, np.inf, "no judged row is like the new ones", int(total_t), level)
    p_s, p_t = n_s / n_s.sum(), counts / total_t
    z = normal_reach(level)
    change = _of_pairs(bins, p_s, p_t, known) if bins.won else _of_rows(bins, p_s, p_t, known)
    # A few new rows in one bin would have no variance of their own: z² rows as before stand in (Agresti and Coull 1998).
    drawn = (p_t * total_t + p_s * z**2) / (total_t + z**2)
    slope = change.slope - float(drawn @ change.slope)
    of_new = float(drawn @ slope**2) / total_t
    strange = float(p_t[~known].sum()) + n_unseen / total_t
    half = z * float(np.sqrt(of_new + change.of_reference / n_s.sum()))
    spread = float(np.sqrt(sum(bins.squares) / n_s.sum()))
    half += strange * max(spread, float(np.abs(change.slope[known]).max())) + _drift(bins, p_s, p_t, change.slope)
    value = change.value
    return Estimate(value, value - half, value + half, "density ratio times influence", int(total_t), level)


def _drift(bins: Bins, p_s: np.ndarray, p_t: np.ndarray, slope: np.ndarray) -> float:
    """What rows may move within bins of numbers, judged by how density ratio and influence go on from bin to bin.

    Where both are linear in a bin, rows of the new density have the mean influence of the old ones plus the product of the
    two rises over 12; in the open outer bins they go further than half a bin.
    """
    if bins.levels or not bins.edges:
        return 0.0
    there = np.flatnonzero(np.array(bins.counts[1:]) >= FEWEST_ROWS) + 1
    if len(there) < 3:
        return 0.0
    rises = [np.gradient(values[there]) for values in (p_t / np.where(p_s > 0, p_s, 1.0), slope)]
    part = np.full(len(there), 1 / 12)
    part[[0, -1]] = OUTER
    return float((p_s[there] * np.abs(rises[0] * rises[1])) @ part)


@dataclass(frozen=True)
class _Change:
    """A change of the score.

    Attributes
    ----------
    slope : array, (n_bins,)
        Its derivative by the share of new rows in each bin; 0 where nothing is known of a bin.
    of_reference : float
        Variance that one judged row brings.
    """

    value: float
    slope: np.ndarray
    of_reference: float


def _of_rows(bins: Bins, p_s: np.ndarray, p_t: np.ndarray, known: np.ndarray) -> _Change:
    n_s = np.maximum(bins.counts, 1.0)
    mean = np.where(known, np.array(bins.influence) / n_s, 0.0)
    within = np.maximum(np.array(bins.squares) / n_s - mean**2, 0.0)
    ratio = np.where(known, p_t / np.where(p_s > 0, p_s, 1.0), 1.0)
    return _Change(float((p_t - p_s) @ mean), mean, float(p_s @ ((ratio - 1) ** 2 * within + mean**2)))


def _of_pairs(bins: Bins, p_s: np.ndarray, p_t: np.ndarray, known: np.ndarray) -> _Change:
    """The area under the ROC curve where bins weigh otherwise: (v' won v) / (v' pairs v)."""
    n_s = np.array(bins.counts)
    shape = (len(n_s), len(n_s))
    won, pairs = np.array(bins.won).reshape(shape), np.array(bins.pairs).reshape(shape)
    safe = np.where(p_s > 0, p_s, 1.0)
    v = np.where(known, p_t / safe, 0.0)
    v = np.where(known, v / (v @ p_s) * (p_s @ known), 0.0)
    weighed = float(v @ pairs @ v)
    if not weighed > 0:
        return _Change(0.0, np.full(len(n_s), 0.0), np.inf)
    before, after = float(won.sum() / pairs.sum()), float(v @ won @ v) / weighed
    less = won - after * pairs
    slope = np.where(known, (less @ v + less.T @ v) / weighed / safe, 0.0)
    return _Change(after - before, slope, _of_judged(bins, p_s, v))


def _of_judged(bins: Bins, p_s: np.ndarray, v: np.ndarray) -> float:
    """Variance from the judged rows: those of a bin weigh v times as much, and more where their class became rarer."""
    n, won = np.array(bins.counts), np.array(bins.successes)
    share, later = won.sum() / n.sum(), float(v @ won) / max(float(v @ n), 1e-300)
    by_class = []
    for count, influence, squares, before, now in (
        (won, bins.success_influence, bins.success_squares, share, later),
        (n - won, *_less(bins), 1 - share, 1 - later),
    ):
        assert len(count) == len(n)
        by_class.append((np.array(influence), np.array(squares), v * before / max(now, 1e-12) - 1))
    first = sum(by * one for one, _, by in by_class) / np.maximum(n, 1.0)
    second = sum(by**2 * two for _, two, by in by_class) / np.maximum(n, 1.0)
    mean = np.array(bins.influence) / np.maximum(n, 1.0)
    return float(p_s @ (np.maximum(second - first**2, 0.0) + mean**2))


def _less(bins: Bins) -> tuple[np.ndarray, np.ndarray]:
    """Influence and squares of the rows that are no success."""
    return (
        np.array(bins.influence) - np.array(bins.success_influence),
        np.array(bins.squares) - np.array(bins.success_squares),
    )


def possible(change: Estimate, reference: Reference) -> Estimate:
    """A change of the score within what the metric allows: no area goes below 0 or beyond 1."""
    found = metric(reference.metric)
    bounds = [found.sign * (bound - reference.score.value) for bound in (found.worst, found.best) if bound is not None]
    low = min(bounds) if len(bounds) == 2 else -np.inf
    value, bottom, top = (float(np.clip(one, low, max(bounds))) for one in (change.value, change.low, change.high))
    return replace(change, value=value, low=bottom, high=top)


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
    by = normal_reach(level) / normal_reach(estimate.level)
    value = estimate.value
    return replace(
        estimate, low=value - by * (value - estimate.low), high=value + by * (estimate.high - value), level=level
    )
