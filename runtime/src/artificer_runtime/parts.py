"""Rows shared out over parts, one of which is left out at a time: what a row is told must not come from its like."""

from __future__ import annotations

import numpy as np


def dealt(
    n_parts: int,
    n_rows: int,
    rng: np.random.Generator,
    *,
    strata: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> np.ndarray:
    """Draw which part each row is in: int64 (n_rows,), 0 to n_parts - 1.

    Parameters
    ----------
    strata : array, (n_rows,), optional
        Class or value: each part holds a like share of every class, or of low and high values.
    group : array, (n_rows,), optional
        Rows of one group are in one part, whatever their strata; parts beyond the number of groups are empty. A single group
        is no reason to leave nothing out: its rows are dealt as if there were none.

    >>> part = dealt(2, 4, np.random.default_rng(0), group=np.array([7, 7, 9, 9]))
    >>> bool(part[0] == part[1] != part[2] == part[3])
    True
    """
    if group is not None:
        names, inverse = np.unique(group, return_inverse=True)
        if len(names) > 1:
            return np.asarray((rng.permutation(len(names)) % n_parts)[inverse])
    order = rng.permutation(n_rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    part = np.empty(n_rows, np.int64)
    part[order] = np.arange(n_rows) % n_parts
    return part
