"""Pairs of features that go together: the strongest ones, with intervals."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from artificer.core.records import Estimate
from artificer.core.stages import ColumnStory
from artificer.line.describe.associations import Readings, relation

MOST_COLUMNS = 40
MOST_ROWS = 5_000
MOST_LEVELS = 16
N_PAIRS = 10
N_MEASURED = 30  # of the pairs that a coarse look found strong


def strongest_pairs(sample: Readings, columns: tuple[ColumnStory, ...]) -> tuple[tuple[str, str, Estimate], ...]:
    """Find the ten strongest relations among the 40 features that tell most of the target.

    A coarse look at all pairs (Cramér's V of at most 16 levels each) finds those worth measuring.
    """
    strengths = {column.name: column.association.value for column in columns if column.association is not None}
    names = sorted(sample.values, key=lambda name: -strengths.get(name, 0.0))[:MOST_COLUMNS]
    if len(names) < 2:
        return ()
    kept = np.sort(np.random.default_rng(1).permutation(sample.n_rows)[:MOST_ROWS])
    values = {name: sample.values[name][kept] for name in names}
    found = [
        (names[a], names[b], relation(values[names[a]], values[names[b]]).strength)
        for a, b in _worth_measuring([_levels(values[name]) for name in names])
    ]
    return tuple(sorted(found, key=lambda pair: -pair[2].value)[:N_PAIRS])


def _worth_measuring(levels: list[np.ndarray]) -> list[tuple[int, int]]:
    """Pairs of positions, the strongest first by Cramér's V without correction."""
    n_rows = len(levels[0])
    hot = [(column[:, None] == np.arange(MOST_LEVELS)).astype(np.float32) for column in levels]
    crossed = np.concatenate(hot, axis=1)
    tables = (crossed.T @ crossed).reshape(len(levels), MOST_LEVELS, len(levels), MOST_LEVELS)
    shares = [column.sum(axis=0) / n_rows for column in hot]
    strengths = {}
    for a, b in combinations(range(len(levels)), 2):
        expected = n_rows * np.outer(shares[a], shares[b])
        there = expected > 0
        chi2 = float((np.square(tables[a, :, b, :] - expected)[there] / expected[there]).sum())
        fewer = min(int((shares[a] > 0).sum()), int((shares[b] > 0).sum()))
        strengths[a, b] = (chi2 / n_rows / max(fewer - 1, 1)) ** 0.5
    return sorted(strengths, key=lambda pair: -strengths[pair])[:N_MEASURED]


def _levels(values: np.ndarray) -> np.ndarray:
    """Coarse levels: quantiles of a number with a level for missing; of codes, the commonest and one for the others."""
    if values.dtype.kind == "f":
        known = ~np.isnan(values)
        if not known.any():
            return np.zeros(len(values), np.int64)
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, MOST_LEVELS)[1:-1]))
        return np.where(known, np.searchsorted(edges, np.nan_to_num(values), side="right") + 1, 0)
    names, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(names))
    return np.minimum(rank, MOST_LEVELS - 1)[places]
