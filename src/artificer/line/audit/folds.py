"""The few folds on which audit's yardstick measures: cut the way the client will meet new rows."""

from __future__ import annotations

import numpy as np

from artificer.line.ask.rows import Labelled
from artificer_runtime.parts import dealt

N_FOLDS = 3
Fold = tuple[np.ndarray, np.ndarray]


def yardstick_folds(rows: Labelled, kept: np.ndarray, draw: int = 0) -> tuple[list[Fold], str]:
    """Cut `kept` rows into (rows to train on, rows to measure on), and say how.

    Parameters
    ----------
    kept : array of int64, (n_kept,)
        Positions of the rows that the yardstick sees; folds hold positions within it.
    draw : int
        Which cut: another one shows whether what was seen on the first holds.

    Returns
    -------
    list of (array of int64, array of int64), str
        By time: the earliest two thirds train and the last third measures (in another cut: one half and the other). By
        group: three folds of whole groups. Else three folds with a like share of every class, or of every tenth of the target.
    """
    rng = np.random.default_rng(draw)
    if rows.time is not None and not np.isnan(rows.time).all():
        order = np.argsort(np.nan_to_num(rows.time[kept], nan=-np.inf), kind="stable")
        moments = rows.time[kept][order]
        at = len(order) * (N_FOLDS - 1) // N_FOLDS if draw == 0 else len(order) // 2
        cut = int(np.searchsorted(moments, moments[at], side="left"))
        if cut and len(np.unique(rows.y[kept][order[:cut]])) > 1 and len(np.unique(rows.y[kept][order[cut:]])) > 1:
            return [(np.sort(order[:cut]), np.sort(order[cut:]))], "on the last third of the rows, by the earlier ones"
    if rows.group is not None:
        group = rows.group[kept]
        if len(np.unique(group)) >= N_FOLDS:
            return _cut(dealt(N_FOLDS, len(kept), rng, group=group)), f"on {N_FOLDS} folds of whole groups"
    # In the order of the target: every fold gets a like share of every class or quantile.
    return _cut(dealt(N_FOLDS, len(kept), rng, strata=rows.y[kept])), f"on {N_FOLDS} stratified folds"


def _cut(of_row: np.ndarray) -> list[Fold]:
    return [(np.flatnonzero(of_row != fold), np.flatnonzero(of_row == fold)) for fold in range(N_FOLDS)]
