"""Which labelled rows are sealed for the last test, before anything looks at them.

A fifth: the latest where there is a time (rows of the same moment stay together), whole groups where there are groups,
else drawn, stratified by class or by the target's quantile. The draw depends on the rows alone, never on the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from artificer.core.figures import counted

SHARE, MOST = 0.2, 0.5
FEWEST_ROWS = 500
FEWEST_OF_A_CLASS = 50
DRAWS, MANY_GROUPS = 32, 100_000
_DRAW = 20

How = Literal["file", "time", "group", "stratified", "drawn"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are sealed: a mask (n_rows,), how and why; the mask is all False where nothing is."""

    mask: np.ndarray
    how: How
    because: str


def choose_sealed(y: np.ndarray, n_classes: int, time: np.ndarray | None, group: np.ndarray | None) -> Choice:
    """Choose the sealed fifth.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index or value.
    n_classes : int
        0 in regression.
    time : array of float64, (n_rows,), or None
        Moment of each row; rows without one (NaN) are never sealed.
    group : array of int64, (n_rows,), or None
    """
    reason = _too_few(y, n_classes)
    if reason:
        return Choice(np.zeros(len(y), bool), "drawn", reason)
    if group is not None:
        return _groups(group, time, _strata(y, n_classes))
    latest = _latest(time) if time is not None else None
    if latest is not None:
        return Choice(latest, "time", "the latest fifth: the model will meet rows later than those it learned from")
    what = "class" if n_classes else "tenth of the target"
    why = "the brief names no time and no group" if time is None else "no moment parts the latest rows from the others"
    return Choice(_stratified(_strata(y, n_classes)), "stratified", f"a fifth of each {what}, drawn: {why}")


def _strata(y: np.ndarray, n_classes: int) -> np.ndarray:
    """What each part is to hold a like share of: classes, or tenths of the target."""
    return y if n_classes else np.searchsorted(np.quantile(y, np.linspace(0.1, 0.9, 9)), y)


def _too_few(y: np.ndarray, n_classes: int) -> str:
    if len(y) < FEWEST_ROWS:
        few = counted(len(y), "labelled row is", "labelled rows are")
        return f"{few} fewer than {FEWEST_ROWS}: all of them train, and the verdict is out of fold"
    if n_classes:
        # A rare class among many must not forbid sealing, so the second commonest decides; for two it is the rarer.
        second = int(np.sort(np.bincount(y.astype(np.int64), minlength=n_classes))[-2])
        if second < FEWEST_OF_A_CLASS:
            return f"{second} rows of a class are fewer than {FEWEST_OF_A_CLASS}: all train, and the verdict is out of fold"
    return ""


def _latest(time: np.ndarray) -> np.ndarray | None:
    """Rows from the moment on that parts a share nearest to a fifth; None where only most of the rows could be parted."""
    known = np.sort(time[~np.isnan(time)])
    moments, first = np.unique(known, return_index=True)
    n_later = len(known) - first[1:]
    cuts = np.flatnonzero(n_later <= MOST * len(time))
    if not len(cuts):
        return None
    best = cuts[int(np.argmin(np.abs(n_later[cuts] - SHARE * len(time))))]
    mask: np.ndarray = time >= moments[best + 1]
    return mask


def _groups(group: np.ndarray, time: np.ndarray | None, strata: np.ndarray) -> Choice:
    names, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    if len(names) == 1:
        return Choice(np.zeros(len(group), bool), "group", "all rows are of one group: all of them train")
    if time is None:
        mask = _evenest(inverse, counts, strata)
        return Choice(mask, "group", "whole groups, drawn: rows of one group stay together")
    last = np.full(len(names), -np.inf)
    np.maximum.at(last, inverse, np.nan_to_num(time, nan=-np.inf))
    order = np.argsort(-last, kind="stable")
    mask = np.isin(inverse, order[_nearest(counts[order], SHARE * len(group))])
    later = float(np.mean(time[mask] > np.nanmax(time[~mask], initial=-np.inf)))
    return Choice(
        mask,
        "group",
        f"the groups seen last, whole: rows of one group stay together; {later:.0%} of the test rows are later than all that "
        "train",
    )


def _evenest(group: np.ndarray, counts: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Of draws of whole groups, the one whose share of every stratum is nearest to a fifth; of very many groups the first."""
    rng, stratum = np.random.default_rng(_DRAW), np.unique(strata, return_inverse=True)[1]
    n_rows, best, least = np.bincount(stratum), np.zeros(len(group), bool), np.inf
    for _ in range(DRAWS if len(counts) < MANY_GROUPS else 1):
        order = rng.permutation(len(counts))
        taken = np.zeros(len(counts), bool)
        taken[order[_nearest(counts[order], SHARE * len(group))]] = True
        mask = taken[group]
        off = float(((np.bincount(stratum[mask], minlength=len(n_rows)) / n_rows - SHARE) ** 2).sum())
        if off < least:
            best, least = mask, off
    return best


def _nearest(counts: np.ndarray, wanted: float) -> np.ndarray:
    """Which to take, in their order, for a sum near what is wanted: what leads further off, as one large group, is passed."""
    taken, total = [], 0
    for place, n in enumerate(counts.tolist()):
        if abs(total + n - wanted) < abs(total - wanted):
            taken.append(place)
            total += n
        if total >= wanted:
            break
    return np.array(taken or [int(np.argmin(counts))])


def _stratified(strata: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(strata), bool)
    rng = np.random.default_rng(_DRAW)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        mask[rng.permutation(rows)[: round(SHARE * len(rows))]] = True
    return mask
