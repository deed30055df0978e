"""A coarse look at all pairs of columns at once: at most 15 levels each, crossed by one product of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from artificer.core.description import Map
from artificer.measure.any_shape import equal_bins
from artificer.measure.associate import p_of_table
from artificer.measure.clusters import extra_rows, likeness

MOST_LEVELS = 16  # with one for missing
MOST_SHOWN = 18


@dataclass(frozen=True, slots=True)
class Matrix:
    """How strongly columns go together, where both are known.

    Attributes
    ----------
    strengths : array of float64, (n_columns, n_columns)
        The larger of Spearman's correlation (two numbers) and Cramér's V of levels, corrected for bias; 0 to 1.
    p : array of float64, (n_columns, n_columns)
        Of the chi-square test of levels, the rarest taken together: it holds of few rows too, as permutations would take
        seconds.
    """

    names: tuple[str, ...]
    strengths: np.ndarray
    p: np.ndarray

    def place(self, name: str) -> int:
        """Position of a column."""
        return self.names.index(name)


def matrix(columns: dict[str, np.ndarray], group: np.ndarray | None = None) -> Matrix:
    """Cross columns.

    Parameters
    ----------
    columns : dict of str to array, (n_rows,)
        float64 with NaN for missing, or integer codes with 0 for missing.
    group : array of int64, (n_rows,), optional
        What rows belong to: a table of counts then weighs what its rows are worth.
    """
    names = tuple(columns)
    strengths, p = np.eye(len(names)), np.zeros((len(names), len(names)))
    if len(names) < 2:
        return Matrix(names, strengths, p)
    levels = [coarse(columns[name]) for name in names]
    hot = [(one[:, None] == np.arange(MOST_LEVELS)).astype(np.float32) for one in levels]
    alike = np.array([likeness(one, group) for one in levels]) if group is not None else np.zeros(len(names))
    worth = 1.0 / (1.0 + (extra_rows(group) if group is not None else 0.0) * np.outer(alike, alike))
    crossed = np.concatenate(hot, axis=1)
    tables = (crossed.T @ crossed).reshape(len(names), MOST_LEVELS, len(names), MOST_LEVELS).astype(np.float64)
    for a, b in combinations(range(len(names)), 2):
        strengths[a, b], p[a, b] = _cramer(worth[a, b] * tables[a, 1:, b, 1:])
        strengths[b, a], p[b, a] = strengths[a, b], p[a, b]
    numbers = [place for place, name in enumerate(names) if columns[name].dtype.kind == "f"]
    if len(numbers) > 1:
        here = np.ix_(numbers, numbers)
        strengths[here] = np.maximum(strengths[here], np.abs(_spearman([columns[names[one]] for one in numbers])))
    return Matrix(names, strengths, p)


def shown(found: Matrix, names: tuple[str, ...]) -> Map:
    """The first 18 of some columns, in an order that puts those that go together beside each other."""
    places = [found.place(name) for name in names if name in found.names][:MOST_SHOWN]
    if len(places) < 3:
        return Map()
    part = found.strengths[np.ix_(places, places)]
    distance = np.clip(1 - part, 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    order = leaves_list(linkage(squareform(distance, checks=False), "average", optimal_ordering=True))
    ordered = part[np.ix_(order, order)].round(3)
    return Map(tuple(found.names[places[one]] for one in order), tuple(tuple(map(float, row)) for row in ordered))


def coarse(values: np.ndarray) -> np.ndarray:
    """Levels of a column, 1 to 15, 0 where it is missing: bins of a number; the commonest codes, the last for all others."""
    if values.dtype.kind == "f":
        known = ~np.isnan(values)
        levels = np.zeros(len(values), np.int64)
        levels[known] = 1 + equal_bins(values[known], MOST_LEVELS - 1)
        return levels
    names, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(np.where(names == 0, 0, -counts), kind="stable")] = 1 + np.arange(len(names))
    rank[names == 0] = 0
    return np.minimum(rank, MOST_LEVELS - 1)[places]


def _cramer(table: np.ndarray) -> tuple[float, float]:
    """Cramér's V corrected for bias (Bergsma 2013), and the p-value of its table."""
    table = table[np.ix_(table.any(axis=1), table.any(axis=0))]
    if min(table.shape) < 2:
        return 0.0, 1.0
    n = float(table.sum())
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    phi2 = max(0.0, chi2 / n - freedom / max(n - 1, 1.0))
    least = min(size - (size - 1) ** 2 / max(n - 1, 1.0) for size in table.shape)
    return min(1.0, (phi2 / max(least - 1, 1e-12)) ** 0.5), p_of_table(table)


def _spearman(columns: list[np.ndarray]) -> np.ndarray:
    """Rank correlations of all pairs, each of the rows where both are known but by ranks among all; 0 for a constant."""
    ranks = np.zeros((len(columns), len(columns[0])))
    for place, values in enumerate(columns):
        known = ~np.isnan(values)
        ranked = stats.rankdata(values[known])
        spread = ranked.std() if known.any() else 0.0
        ranks[place, known] = (ranked - ranked.mean()) / spread if spread > 0 else 0.0
    both = np.array([~np.isnan(values) for values in columns], np.float64)
    return np.clip(ranks @ ranks.T / np.maximum(both @ both.T, 1.0), -1.0, 1.0)
