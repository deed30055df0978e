"""Redundancy: groups of columns that say nearly the same, and numbers that are nearly sums of others."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from artificer.core.description import Collinearity, Redundant
from artificer.line.describe.associations import Readings
from artificer.line.describe.matrix import Matrix
from artificer.measure.inflation import condition_number, variance_inflation

NEARLY_SAME = 0.9
FEWEST_KNOWN = 0.5


def collinearity(few: Readings, looked: Matrix, tells: dict[str, float]) -> Collinearity:
    """Measure redundancy among features.

    Parameters
    ----------
    few : Readings
    looked : Matrix
        Of these columns, and perhaps others.
    tells : dict of str to float
        Strength of each feature's relation to the target.
    """
    names, X = _numbers(few)
    groups = _groups([name for name in looked.names if name in few.values], looked, tells)
    if len(names) < 2:
        return Collinearity(redundant=groups)
    factors = sorted(zip(names, map(float, variance_inflation(X)), strict=True), key=lambda one: -one[1])
    return Collinearity(tuple(factors), condition_number(X), groups)


def _groups(names: list[str], looked: Matrix, tells: dict[str, float]) -> tuple[Redundant, ...]:
    """Clusters by complete linkage on 1 - strength: any two of a group have at least 0.9."""
    if len(names) < 2:
        return ()
    places = [looked.place(name) for name in names]
    strengths = looked.strengths[np.ix_(places, places)]
    distance = np.clip(1 - strengths, 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "complete")
    labels = fcluster(tree, 1 - NEARLY_SAME, "distance")
    found = []
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        if len(inside) > 1:
            columns = sorted((names[one] for one in inside), key=lambda name: -tells.get(name, 0.0))
            found.append(Redundant(tuple(columns), columns[0], float(strengths[np.ix_(inside, inside)].min())))
    return tuple(sorted(found, key=lambda group: (-len(group.columns), -group.strength)))


def _numbers(few: Readings) -> tuple[list[str], np.ndarray]:
    """Numbers that vary and are mostly known, gaps filled with their means: float64 (n_rows, n_columns)."""
    names, kept = [], []
    for name, values in few.values.items():
        known = values.dtype.kind == "f" and ~np.isnan(values)
        if np.mean(known) >= FEWEST_KNOWN and np.ptp(values[known]) > 0:
            names.append(name)
            kept.append(np.where(known, values, values[known].mean()))
    return names, np.stack(kept, axis=1) if kept else np.empty((few.n_rows, 0))
