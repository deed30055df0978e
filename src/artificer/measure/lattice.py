"""Where a loss is largest: groups of rows told by up to three conditions, found without trying every group.

SliceLine (Sagadeeva and Boehm 2021, "SliceLine: fast, linear-algebra-based slice finding for ML model debugging",
SIGMOD). A group's score weighs how much larger its mean loss is against how few rows it holds; all pairs, and then all
triples, are counted by one product of matrices, and a group is extended only while no group inside it could be among
the best. Groups found on some rows must be tested on others: the largest of many is large by luck too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_CONDITIONS, MOST_PAIRS = 500, 300  # extended at each level; of more, those with the highest scores
KEPT = 60  # groups whose scores set the mark that a bound must pass
SIZES = 0.98  # weight of the loss in the score; the rest is the size's. At 0.95 a slice of 5% hid behind wider ones


@dataclass(frozen=True, slots=True)
class Group:
    """One group of rows.

    Attributes
    ----------
    conditions : tuple of int
        Which conditions hold on all its rows, ascending.
    """

    conditions: tuple[int, ...]
    score: float
    n_rows: int
    loss: float


def largest(
    holds: np.ndarray, losses: np.ndarray, *, fewest: int, conjuncts: int = 3, alpha: float | None = SIZES
) -> list[Group]:
    """Find the groups with the highest score above 0, the highest first, at most 60.

    Parameters
    ----------
    holds : array of bool, (n_rows, n_conditions)
        Whether a condition holds on a row.
    losses : array of float64, (n_rows,)
        Shifted where any is negative, as the bounds need none to be.
    fewest : int
        Rows that a group must hold.
    conjuncts : int
        Conditions that a group may have, 1 to 3.
    alpha : float or None
        Weight of the loss against the size in SliceLine's score, above 0 and at most 1; None scores by how far the mean
        inside lies above that of all, times the root of the rows inside (Klösgen 1996, "Explora"): what a test would see.

    Returns
    -------
    list of Group
        `loss` is the group's mean, unshifted. At most 500 conditions and 300 pairs are
        extended; below these numbers nothing that could be among the best is left out.
    """
    shift = min(0.0, float(losses.min(initial=0.0)))
    errors = losses - shift
    if not len(errors) or not errors.sum() > 0:
        return []
    search = _Search(len(errors), float(errors.mean()), fewest, alpha)
    inside = [errors[holds[:, place]] for place in range(holds.shape[1])]  # one at a time: conditions may be thousands
    sizes = np.array([float(len(one)) for one in inside])
    sums, most = np.array([one.sum() for one in inside]), np.array([one.max(initial=0.0) for one in inside])
    found = search.groups([np.arange(holds.shape[1])], sizes, sums)
    if conjuncts > 1:
        bounds = search.bound(sizes, sums, most)
        kept = _best(bounds, search.score(sizes, sums), search.mark(found), MOST_CONDITIONS)
        found += _pairs(
            search, holds[:, kept].astype(np.float64), errors, most[kept], kept, found, deeper=conjuncts > 2
        )
    found.sort(key=lambda one: (-one.score, one.conditions))
    return [Group(one.conditions, one.score, one.n_rows, one.loss + shift) for one in found[:KEPT]]


@dataclass(frozen=True, slots=True)
class _Search:
    n_rows: int
    mean: float
    fewest: int
    alpha: float | None

    def score(self, sizes: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """SliceLine's: α(mean loss inside / overall − 1) − (1 − α)(rows / rows inside − 1); or Klösgen's."""
        inside = np.maximum(sizes, 1.0)
        if self.alpha is None:
            return np.asarray((sums / inside / self.mean - 1) * np.sqrt(inside / self.n_rows))
        worse = self.alpha * (sums / inside / self.mean - 1)
        return np.asarray(worse - (1 - self.alpha) * (self.n_rows / inside - 1))

    def bound(self, sizes: np.ndarray, sums: np.ndarray, most: np.ndarray) -> np.ndarray:
        """Highest score that any group within could have; −∞ where none is large enough.

        A group of t rows within has a loss of at most min(sum, t × largest loss). Either score rises in t up to
        sum / largest loss, if it can be above 0 at all, and has one direction after it: one of three sizes is the best.
        """
        turn = np.clip(sums / np.maximum(most, 1e-300), self.fewest, np.maximum(sizes, self.fewest))
        best = np.full(np.shape(sizes), -np.inf)
        for size in (np.full(np.shape(sizes), float(self.fewest)), turn, np.maximum(sizes, self.fewest)):
            best = np.maximum(best, self.score(size, np.minimum(sums, size * most)))
        return np.where(sizes >= self.fewest, best, -np.inf)

    def mark(self, found: list[Group]) -> float:
        """The score that a group must pass to be among the best."""
        scores = sorted((one.score for one in found), reverse=True)
        return scores[KEPT - 1] if len(scores) >= KEPT else 0.0

    def groups(self, places: list[np.ndarray], sizes: np.ndarray, sums: np.ndarray) -> list[Group]:
        """Those among the groups that are large enough and score above 0; `places` holds one array a conjunct."""
        scores = self.score(sizes, sums)
        good = np.flatnonzero((sizes >= self.fewest) & (sizes < self.n_rows) & (scores > 0))
        good = good[np.argsort(-scores[good], kind="stable")][:KEPT]
        return [
            Group(
                tuple(sorted(int(one[place]) for one in places)),
                float(scores[place]),
                int(sizes[place]),
                float(sums[place] / sizes[place]),
            )
            for place in good
        ]


def _pairs(
    search: _Search,
    h: np.ndarray,
    errors: np.ndarray,
    most: np.ndarray,
    names: np.ndarray,
    before: list[Group],
    *,
    deeper: bool,
) -> list[Group]:
    sizes, sums = h.T @ h, h.T @ (h * errors[:, None])
    alone = np.diag(sizes)
    i, j = np.triu_indices(len(names), 1)
    # A pair that leaves a condition's rows as they are says nothing new.
    own = sizes[i, j] < np.minimum(alone[i], alone[j])
    i, j = i[own], j[own]
    found = search.groups([names[i], names[j]], sizes[i, j], sums[i, j])
    if not deeper or not len(i):
        return found
    bounds = search.bound(sizes[i, j], sums[i, j], np.minimum(most[i], most[j]))
    kept = _best(bounds, search.score(sizes[i, j], sums[i, j]), search.mark(before + found), MOST_PAIRS)
    i, j = i[kept], j[kept]
    allowed = np.zeros(sizes.shape, bool)
    allowed[i, j] = allowed[j, i] = True
    both = h[:, i] * h[:, j]
    three_sizes, three_sums = both.T @ h, both.T @ (h * errors[:, None])
    pair, third = np.nonzero(allowed[i] & allowed[j])  # every pair within a triple could still be extended
    once = third > j[pair]
    pair, third = pair[once], third[once]
    own = three_sizes[pair, third] < np.minimum(
        sizes[i[pair], j[pair]], np.minimum(sizes[i[pair], third], sizes[j[pair], third])
    )
    pair, third = pair[own], third[own]
    places = [names[i[pair]], names[j[pair]], names[third]]
    return found + search.groups(places, three_sizes[pair, third], three_sums[pair, third])


def _best(bounds: np.ndarray, scores: np.ndarray, mark: float, most: int) -> np.ndarray:
    """Places whose bound passes the mark, in ascending order; of too many those with the highest scores."""
    good = np.flatnonzero(bounds > mark)
    return np.sort(good[np.argsort(-scores[good], kind="stable")][:most])
