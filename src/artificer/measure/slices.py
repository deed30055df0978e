"""Slices of the rows on which losses are larger: searched on one half of them, tested on the other.

Looked for as SliceLine does (`artificer.measure.lattice`, by Klösgen's score); tested on rows that did not choose them, so
that the largest of many is not taken for a finding (Holm 1979 over those tested).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from artificer.core.records import Estimate
from artificer.measure.conditions import MANY_COLUMNS, Condition, conditions
from artificer.measure.correct import holm
from artificer.measure.intervals import mean_of_rows
from artificer.measure.lattice import Group, largest

# Rows of a slice in each half, or groups of them: what varies between two cannot be told.
FEWEST, FEWEST_SHARE = 10, 0.01
SEARCHED, CELLS = 20_000, 40_000_000  # rows, and answers of conditions, that the search holds at once
MOST = 8
SAME = 0.5  # slices that share more of the smaller one's rows are one


@dataclass(frozen=True, slots=True)
class Lost:
    """What a model loses, row by row.

    Attributes
    ----------
    frame : DataFrame
        The columns that slices are told by.
    losses : array of float64, (n_rows,)
    beyond : array of float64, (n_rows,), or None
        Losses less what the model's own probabilities foretell; None of numbers.
    weight : array of float64, (n_rows,), or None
    group : array of int64, (n_rows,), or None
    level : float
        Of the intervals.
    """

    frame: pl.DataFrame
    losses: np.ndarray
    beyond: np.ndarray | None = None
    weight: np.ndarray | None = None
    group: np.ndarray | None = None
    level: float = 0.95

    @property
    def searched(self) -> np.ndarray:
        """Rows that are searched, a drawn half, of whole groups where there are any; the others test: bool (n_rows,)."""
        rng = np.random.default_rng(0)
        if self.group is None:
            return np.asarray(rng.permutation(len(self.losses)) % 2 == 0)
        units = np.unique(self.group, return_inverse=True)[1]
        return np.asarray((rng.permutation(int(units.max()) + 1) % 2 == 0)[units])

    @property
    def fewest(self) -> int:
        """Rows that a slice must have in the searched half."""
        return _least(len(self.losses))

    @property
    def tells(self) -> bool:
        """Whether there are columns, losses, and rows enough to look for slices."""
        n_searched = self.searched.sum()
        few = min(n_searched, len(self.losses) - n_searched) < 4 * self.fewest
        return bool(self.frame.width) and not few and bool(self.losses.any())


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows on which more may be lost.

    Attributes
    ----------
    parts : tuple of Condition
        All hold on its rows.
    rows : array of bool, (n_rows,)
    unforetold : bool
        Whether it was found by losses beyond what the model foretells.
    """

    parts: tuple[Condition, ...]
    rows: np.ndarray
    unforetold: bool = False


@dataclass(frozen=True, slots=True)
class Tested:
    """A slice on rows that did not find it.

    Attributes
    ----------
    gap, beyond : Estimate
        Mean loss inside less outside, and of what was not foretold; the same of numbers.
    p, p_beyond : float
        Chance of each where there is no gap, corrected for the number of slices tested.
    """

    slice: Slice
    gap: Estimate
    beyond: Estimate
    p: float
    p_beyond: float


def tested(lost: Lost, found: Sequence[Slice]) -> list[Tested]:
    """Test slices on the rows that were not searched; those with too few of them are left out."""
    fresh = ~lost.searched
    kept = [one for one in found if min(_units(lost, one.rows & fresh), _units(lost, ~one.rows & fresh)) >= FEWEST]
    gaps = [_gap(lost, lost.losses, one.rows, fresh) for one in kept]
    beyond = lost.beyond
    surprises = [_gap(lost, beyond, one.rows, fresh) for one in kept] if beyond is not None else gaps
    sizes = np.array([_units(lost, one.rows & fresh) for one in kept])
    told = zip(kept, gaps, surprises, _chances(gaps, sizes), _chances(surprises, sizes), strict=True)
    return [Tested(one, gap, surprise, float(p), float(q)) for one, gap, surprise, p, q in told]


def candidates(lost: Lost) -> list[Slice]:
    """The slices that are worth testing, found on the rows searched: at most 8 by each loss, no two nearly the same."""
    frame, fewest = lost.frame, lost.fewest
    places = np.flatnonzero(lost.searched)
    n_columns = max(1, len(frame.columns))
    most = min(SEARCHED, CELLS // ((10 if n_columns > MANY_COLUMNS else 55) * n_columns))
    if len(places) > most:
        places = np.sort(np.random.default_rng(1).permutation(places)[:most])
        fewest = _least(2 * most)
    some = frame[places]
    known = conditions(some, fewest=fewest)
    holds = np.stack([one.holds(some) for one in known], axis=1) if known else np.zeros((len(places), 0), bool)
    found: list[Slice] = []
    covers: list[np.ndarray] = []
    for values in (lost.beyond, lost.losses):
        if values is not None:
            # By SliceLine's own score, where rows lose a hundred times the mean, a piece of a slice beats the whole.
            groups = largest(holds, values[places], fewest=fewest, alpha=None)
            _add(found, covers, groups, holds, known, frame, unforetold=values is lost.beyond)
    return found


def held(frame: pl.DataFrame, parts: Sequence[Condition]) -> np.ndarray:
    """Rows on which all the conditions hold: bool (n_rows,)."""
    return np.asarray(np.logical_and.reduce([one.holds(frame) for one in parts]))


def _add(
    found: list[Slice],
    covers: list[np.ndarray],
    groups: Sequence[Group],
    holds: np.ndarray,
    known: Sequence[Condition],
    frame: pl.DataFrame,
    *,
    unforetold: bool,
) -> None:
    for group in groups:
        if sum(one.unforetold == unforetold for one in found) == MOST:
            return
        rows = np.asarray(holds[:, list(group.conditions)].all(axis=1))
        if all((rows & other).sum() <= SAME * min(rows.sum(), other.sum()) for other in covers):
            parts = tuple(known[place] for place in group.conditions)
            found.append(Slice(parts, held(frame, parts), unforetold))
            covers.append(rows)


def _gap(lost: Lost, losses: np.ndarray, inside: np.ndarray, among: np.ndarray) -> Estimate:
    """Mean loss inside less that outside, of the rows `among`: linearised, over whole groups where there are any."""
    w = (np.ones(len(losses)) if lost.weight is None else lost.weight)[among]
    values, part = losses[among], inside[among]
    here, there = w * part, w * ~part
    if not (here.sum() > 0 and there.sum() > 0):
        return Estimate(float("nan"), -np.inf, np.inf, "no weight on one side", len(values), lost.level)
    means = [float(np.average(values, weights=one)) for one in (here, there)]
    moved = here / here.sum() * (values - means[0]) - there / there.sum() * (values - means[1])
    group = lost.group[among] if lost.group is not None else None
    spread = mean_of_rows(moved * len(values), None, group, level=lost.level)
    value, half = means[0] - means[1], spread.high - spread.value
    return Estimate(value, value - half, value + half, spread.method, spread.n, lost.level)


def _least(n_rows: int) -> int:
    """Rows that a slice must have in the searched half of so many."""
    return max(FEWEST, int(FEWEST_SHARE * n_rows / 2))


def _units(lost: Lost, rows: np.ndarray) -> int:
    """Rows, or groups of rows, that are independent."""
    return int(rows.sum()) if lost.group is None else len(np.unique(lost.group[rows]))


def _chances(gaps: Sequence[Estimate], sizes: np.ndarray) -> np.ndarray:
    """Chance of each gap where none is above zero, by Student's t on the slice's rows, corrected for their number."""
    if not gaps:
        return np.empty(0)
    # An interval that is Student's over all rows reaches as far as a normal one, but for a handful of groups.
    errors = np.array([one.high - one.value for one in gaps]) / stats.norm.ppf(0.5 + gaps[0].level / 2)
    values = np.array([one.value for one in gaps])
    z = np.divide(values, errors, out=np.zeros(len(gaps)), where=np.isfinite(errors) & (errors > 0))
    return holm(stats.t.sf(z, np.maximum(sizes - 1, 1)))
