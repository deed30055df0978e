"""Folds: which training rows a candidate is measured on, and which train it then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from artificer.line.ask.rows import Labelled
from artificer_runtime.parts import dealt

# Many folds pay where rows are few: each fit then sees most of them.
FOLDS_OF_FEW, FOLDS, FEW_ROWS = 8, 5, 2_000
TIME_FOLDS, FEW_TIME_FOLDS = 4, 2
FIRST_SHARE = 0.4  # of time-ordered rows: they only ever train, so that even the earliest fold has something to learn
# Of time-ordered rows that one cut parts: what comes before it trains. The least share of either side, and the fewest rows
# of which one side alone is worth measuring on.
EARLY_SHARE, LEAST_SHARE, FEWEST_CUT = 0.6, 0.2, 50
MOST_BALANCED = 2_000_000  # groups times strata
_DRAW = 5


@dataclass(frozen=True, slots=True)
class Folds:
    """A cut of the training rows.

    Attributes
    ----------
    of_row : array of int8, (n_rows,)
        Fold that measures the row; -1 where the row only ever trains. By time, fold 0 is the latest.
    trains : array of bool, (n_folds, n_rows), or None
        Rows that train while a fold measures, where `training_rows` does not tell.
    """

    of_row: np.ndarray
    n_folds: int
    how: Literal["stratified", "grouped", "time", "drawn", "given"]
    because: str
    trains: np.ndarray | None = None

    def training(self, fold: int) -> np.ndarray:
        """Mask (n_rows,) of the rows that train when `fold` measures."""
        return training_rows(self.of_row, fold, self.how) if self.trains is None else self.trains[fold]


def given_fold(n_rows: int, n_valid: int) -> Folds:
    """The last rows measure, all others train."""
    of_row = np.full(n_rows, -1, np.int8)
    of_row[n_rows - n_valid :] = 0
    return Folds(of_row, 1, "given", "the caller gave rows to validate on")


def given_folds(of_row: np.ndarray, trains: np.ndarray) -> Folds:
    """The caller's own folds."""
    return Folds(of_row, len(trains), "given", "the caller gave the folds", trains)


def cut_folds(rows: Labelled, n_classes: int) -> Folds:
    """Cut the training rows into folds.

    By time where there is one, of whole groups where there are groups, by both where there are both; else drawn.

    Parameters
    ----------
    n_classes : int
        0 in regression.
    """
    strata = rows.y if n_classes else _tenths(rows.y)
    wanted = min(FOLDS_OF_FEW, rows.n_rows) if rows.n_rows < FEW_ROWS else FOLDS  # no fold without a row
    grouped = _grouped(rows.group, strata, wanted) if rows.group is not None else None
    why = ""
    if rows.time is not None:
        several = rows.group if grouped is not None else None
        cuts = _by_time(rows.time) if several is None else _grouped_by_time(several, rows.time, strata, wanted)
        by_time = next((one for one in cuts if _all_learnable(one, rows.y, n_classes)), None)
        if by_time is not None:
            return by_time
        why = "; not by time, as " + (
            "no cut of it leaves two classes on both sides" if cuts else "it parts too few rows"
        )
    found = grouped or _drawn(strata, n_classes, wanted)
    return replace(found, because=found.because + why)


def training_rows(of_row: np.ndarray, fold: int, how: str) -> np.ndarray:
    """Mask (n_rows,) of the rows that train when `fold` measures: by time, only earlier ones."""
    mask: np.ndarray = (of_row > fold) | (of_row == -1) if how == "time" else of_row != fold
    return mask


def _drawn(strata: np.ndarray, n_classes: int, wanted: int) -> Folds:
    if not n_classes:
        return Folds(
            _dealt(strata, wanted), wanted, "drawn", "each fold holds a like share of every tenth of the target"
        )
    counts = np.bincount(strata.astype(np.int64))
    # The second commonest class decides: a rarer third one may be absent from some folds.
    n_folds = int(np.clip(np.sort(counts)[-2], 2, wanted))
    return Folds(_dealt(strata, n_folds), n_folds, "stratified", "each fold holds a like share of every class")


def _by_time(time: np.ndarray) -> list[Folds]:
    """Cuts by time, the finest first: one with fewer folds may still have both of two classes where a rare one bunches."""
    cuts = [_blocks(time, n_folds) for n_folds in (TIME_FOLDS, FEW_TIME_FOLDS)]
    late = _late(time)
    if late is not None:
        because = "a model meets rows later than those it learned from, so later rows measure what earlier ones taught"
        cuts.append(Folds(np.where(late, np.int8(0), np.int8(-1)), 1, "time", because))
    return [one for one in cuts if one is not None]


def _blocks(time: np.ndarray, n_folds: int) -> Folds | None:
    """Blocks of later rows, each measured by all that is earlier; None where too few moments are told apart."""
    order = np.argsort(np.nan_to_num(time, nan=-np.inf), kind="stable")
    of_row = np.full(len(time), -1, np.int8)
    start = round(FIRST_SHARE * len(time))
    if len(time) - start < TIME_FOLDS:
        return None
    bounds = np.linspace(start, len(time), n_folds + 1).round().astype(int)
    moments = time[order]
    # A cut inside one moment moves to where the moment begins: rows of one moment stay together.
    bounds = np.array([_begins(moments, cut) for cut in bounds[:-1]] + [len(time)])
    if len(np.unique(bounds)) <= n_folds or bounds[0] == 0:
        return None
    for fold, (low, high) in enumerate(pairwise(bounds)):
        of_row[order[low:high]] = n_folds - 1 - fold
    because = "a model meets rows later than those it learned from, so each fold is measured by earlier rows alone"
    return Folds(of_row, n_folds, "time", because)


def _begins(moments: np.ndarray, cut: int) -> int:
    """Where the moment of a row begins; rows without one come first."""
    unknown = int(np.isnan(moments).sum())
    return unknown + int(np.searchsorted(moments[unknown:], moments[cut])) if cut >= unknown else cut


def _late(time: np.ndarray) -> np.ndarray | None:
    """Mask (n_rows,) of the rows from the moment on that leaves nearest to three fifths before it; None of too few rows."""
    known = np.nan_to_num(time, nan=-np.inf)
    moments, n_earlier = np.unique(np.sort(known), return_index=True)
    shares = n_earlier / max(len(time), 1)
    at = int(np.argmin(np.abs(shares - EARLY_SHARE))) if len(shares) else 0
    if len(time) < FEWEST_CUT or not LEAST_SHARE <= shares[at] <= 1 - LEAST_SHARE:
        return None
    return np.asarray(known >= moments[at])


def _all_learnable(folds: Folds, y: np.ndarray, n_classes: int) -> bool:
    sides = [folds.training(fold) for fold in range(folds.n_folds)]
    sides += [folds.of_row == fold for fold in range(folds.n_folds)]
    fewest = 2 if n_classes else 1
    return all(len(np.unique(y[side])) >= fewest for side in sides)


def _grouped_by_time(group: np.ndarray, time: np.ndarray, strata: np.ndarray, wanted: int) -> list[Folds]:
    """Whole groups, whose later rows measure what earlier rows of the other groups taught; the most folds first."""
    late = _late(time)
    if late is None:
        return []
    cuts = [_grouped(group[late], strata[late], n_folds) for n_folds in dict.fromkeys((wanted, FEW_TIME_FOLDS))]
    return [_of_earlier_others(one, group, late) for one in cuts if one is not None]


def _of_earlier_others(measured: Folds, group: np.ndarray, late: np.ndarray) -> Folds:
    of_row = np.full(len(group), -1, np.int8)
    of_row[late] = measured.of_row
    names, place = np.unique(group, return_inverse=True)
    fold_of_group = np.full(len(names), -1, np.int8)
    fold_of_group[place[late]] = measured.of_row
    trains = np.stack([~late & (fold_of_group[place] != fold) for fold in range(measured.n_folds)])
    because = (
        "the model meets new groups, later: later rows of a fold's groups measure what earlier rows of others taught"
    )
    return replace(measured, of_row=of_row, because=because, trains=trains)


def _grouped(group: np.ndarray, strata: np.ndarray, wanted: int) -> Folds | None:
    """The largest group first, each into the fold that holds least of the rows and of the strata that the group has.

    None where all rows are of one group.
    """
    names, place = np.unique(group, return_inverse=True)
    n_folds = min(wanted, len(names))
    if n_folds < 2:
        return None
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
