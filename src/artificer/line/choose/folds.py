"""Folds: which training rows a candidate is measured on, and which train it then."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from artificer.line.ask.rows import Labelled
from artificer_runtime.parts import dealt

# Many folds pay where rows are few: each fit then sees most of them.
FOLDS_OF_FEW, FOLDS, FEW_ROWS = 8, 5, 2_000
TIME_FOLDS = 4
FIRST_SHARE = 0.4  # of time-ordered rows: they only ever train, so that even the earliest fold has something to learn
MOST_BALANCED = 2_000_000  # groups times strata
_DRAW = 5


@dataclass(frozen=True, slots=True)
class Folds:
    """A cut of the training rows.

    Attributes
    ----------
    of_row : array of int8, (n_rows,)
        Fold that measures the row; -1 where the row only ever trains. By time, fold 0 is the latest.
    """

    of_row: np.ndarray
    n_folds: int
    how: Literal["stratified", "grouped", "time", "drawn", "given"]
    because: str


def given_fold(n_rows: int, n_valid: int) -> Folds:
    """The last rows measure, all others train."""
    of_row = np.full(n_rows, -1, np.int8)
    of_row[n_rows - n_valid :] = 0
    return Folds(of_row, 1, "given", "the caller gave rows to validate on")


def given_folds(of_row: np.ndarray, trains: np.ndarray) -> Folds:
    """The caller's own folds."""
    return Folds(of_row, len(trains), "given", "the caller gave the folds")


def cut_folds(rows: Labelled, n_classes: int) -> Folds:
    """Cut the training rows into folds.

    Parameters
    ----------
    n_classes : int
        0 in regression.
    """
    wanted = min(FOLDS_OF_FEW, rows.n_rows) if rows.n_rows < FEW_ROWS else FOLDS  # no fold without a row
    if rows.group is not None:
        return _grouped(rows.group, rows.y if n_classes else _tenths(rows.y), wanted)
    if rows.time is not None:
        by_time = _by_time(rows.time)
        if by_time is not None and _all_learnable(by_time, rows.y, n_classes):
            return by_time
    if not n_classes:
        return Folds(
            _dealt(_tenths(rows.y), wanted),
            wanted,
            "drawn",
            "each fold holds a like share of every tenth of the target",
        )
    counts = np.bincount(rows.y.astype(np.int64))
    # The second commonest class decides: a rarer third one may be absent from some folds.
    n_folds = int(np.clip(np.sort(counts)[-2], 2, wanted))
    return Folds(_dealt(rows.y, n_folds), n_folds, "stratified", "each fold holds a like share of every class")


def training_rows(of_row: np.ndarray, fold: int, how: str) -> np.ndarray:
    """Mask (n_rows,) of the rows that train when `fold` measures: by time, only earlier ones."""
    mask: np.ndarray = (of_row > fold) | (of_row == -1) if how == "time" else of_row != fold
    return mask


def _by_time(time: np.ndarray) -> Folds | None:
    order = np.argsort(np.nan_to_num(time, nan=-np.inf), kind="stable")
    of_row = np.full(len(time), -1, np.int8)
    start = round(FIRST_SHARE * len(time))
    if len(time) - start < TIME_FOLDS:
        return None
    bounds = np.linspace(start, len(time), TIME_FOLDS + 1).round().astype(int)
    moments = time[order]
    # A cut inside one moment moves to where the moment begins: rows of one moment stay together.
    bounds = np.array([_begins(moments, cut) for cut in bounds[:-1]] + [len(time)])
    if len(np.unique(bounds)) <= TIME_FOLDS or bounds[0] == 0:
        return None
    for fold, (low, high) in enumerate(pairwise(bounds)):
        of_row[order[low:high]] = TIME_FOLDS - 1 - fold
    because = "a model meets rows later than those it learned from, so each fold is measured by earlier rows alone"
    return Folds(of_row, TIME_FOLDS, "time", because)


def _begins(moments: np.ndarray, cut: int) -> int:
    """Where the moment of a row begins; rows without one come first."""
    unknown = int(np.isnan(moments).sum())
    return unknown + int(np.searchsorted(moments[unknown:], moments[cut])) if cut >= unknown else cut


def _all_learnable(folds: Folds, y: np.ndarray, n_classes: int) -> bool:
    if not n_classes:
        return True
    sides = [training_rows(folds.of_row, fold, "time") for fold in range(folds.n_folds)]
    sides += [folds.of_row == fold for fold in range(folds.n_folds)]
    return all(len(np.unique(y[side])) > 1 for side in sides)


def _grouped(group: np.ndarray, strata: np.ndarray, wanted: int) -> Folds:
    """The largest group first, each into the fold that holds least of the rows and of the strata that the group has."""
    names, place = np.unique(group, return_inverse=True)
    n_folds = min(wanted, len(names))
    if n_folds < 2:
        return Folds(
            _dealt(np.zeros(len(group)), wanted), wanted, "drawn", "all rows are of one group, so they are drawn"
        )
    n_rows = np.bincount(place)
    shares = np.column_stack([_held(place, strata, len(names)), n_rows / len(group)])
    fold_of_group, filled = np.zeros(len(names), np.int8), np.zeros((n_folds, shares.shape[1]))
    for one in np.argsort(-n_rows, kind="stable"):
        fold = int(np.argmin(filled @ shares[one]))
        fold_of_group[one] = fold
        filled[fold] += shares[one]
    return Folds(
        fold_of_group[place], n_folds, "grouped", "rows of one group stay in one fold: the model meets new groups"
    )


def _held(place: np.ndarray, strata: np.ndarray, n_groups: int) -> np.ndarray:
    """Share of each stratum's rows that each group holds: (n_groups, n_strata); of very many groups, none."""
    levels, stratum = np.unique(strata, return_inverse=True)
    if n_groups * len(levels) > MOST_BALANCED:
        return np.empty((n_groups, 0))
    counts = np.bincount(place * len(levels) + stratum, minlength=n_groups * len(levels)).reshape(n_groups, -1)
    return np.asarray(counts / counts.sum(axis=0))


def _tenths(y: np.ndarray) -> np.ndarray:
    """Which tenth of the target a row is in: int64 (n_rows,)."""
    return np.searchsorted(np.quantile(y, np.linspace(0.1, 0.9, 9)), y)


def _dealt(strata: np.ndarray, n_folds: int) -> np.ndarray:
    return dealt(n_folds, len(strata), np.random.default_rng(_DRAW), strata=strata).astype(np.int8)
