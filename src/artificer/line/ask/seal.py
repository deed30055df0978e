"""Which labelled rows are sealed for the last test, before anything looks at them.

A fifth: the latest where there is a time (rows of the same moment stay together), whole groups where there are groups,
else drawn, stratified by class or by the target's quantile. The draw depends on the rows alone, never on the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SHARE = 0.2
FEWEST_ROWS = 500
FEWEST_OF_A_CLASS = 50
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
        return _groups(group, time)
    if time is not None:
        return Choice(
            _latest(time), "time", "the latest fifth: the model will meet rows later than those it learned from"
        )
    strata = y if n_classes else np.searchsorted(np.quantile(y, np.linspace(0.1, 0.9, 9)), y)
    what = "class" if n_classes else "tenth of the target"
    return Choice(
        _stratified(strata), "stratified", f"a fifth of each {what}, drawn: the brief names no time and no group"
    )


def _too_few(y: np.ndarray, n_classes: int) -> str:
    if len(y) < FEWEST_ROWS:
        return f"{len(y)} labelled rows are fewer than {FEWEST_ROWS}: all of them train, and the verdict is out of fold"
    if n_classes:
        # A rare class among many must not forbid sealing, so the second commonest decides; for two it is the rarer.
        second = int(np.sort(np.bincount(y.astype(np.int64), minlength=n_classes))[-2])
        if second < FEWEST_OF_A_CLASS:
            return f"{second} rows of a class are fewer than {FEWEST_OF_A_CLASS}: all train, and the verdict is out of fold"
    return ""


def _latest(time: np.ndarray) -> np.ndarray:
    known = np.sort(time[~np.isnan(time)])
    if len(known) == 0 or known[0] == known[-1]:
        return _stratified(np.zeros(len(time)))
    wanted = SHARE * len(time)
    moments, first = np.unique(known, return_index=True)
    n_later = len(known) - first
    best = int(np.argmin(np.abs(n_later[1:] - wanted))) + 1
    mask: np.ndarray = time >= moments[best]
    return mask


def _groups(group: np.ndarray, time: np.ndarray | None) -> Choice:
    names, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    if time is None:
        order = np.random.default_rng(_DRAW).permutation(len(names))
        because = "whole groups, drawn: rows of one group stay together"
    else:
        last = np.full(len(names), -np.inf)
        np.maximum.at(last, inverse, np.nan_to_num(time, nan=-np.inf))
        order = np.argsort(-last, kind="stable")
        because = "the groups seen last, whole: rows of one group stay together, and the test is later than training"
    filled = np.cumsum(counts[order])
    n_sealed = max(1, int(np.argmin(np.abs(filled - SHARE * len(group)))) + 1)
    sealed = order[: min(n_sealed, len(names) - 1)]
    return Choice(np.isin(inverse, sealed), "group", because)


def _stratified(strata: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(strata), bool)
    rng = np.random.default_rng(_DRAW)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        mask[rng.permutation(rows)[: round(SHARE * len(rows))]] = True
    return mask
