"""Lists of limited length: who would be acted on in each period, how many of them succeed, and what that is worth.

A row of weight 2 is two rows, and rows of one group are not independent: intervals of rows are then over whole groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import normal_reach
from artificer.measure.intervals import influence_error, of_draws, units
from artificer.measure.means import mean_of_rows, mean_t, ratio, wider, wilson
from artificer.measure.resampling import REPLICATES

CELLS = 2_000_000  # counts held at once while resampling: 16 MB


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows that lists are filled from.

    Attributes
    ----------
    success : array of float64, (n_rows,)
        1 is success.
    period : array of int64, (n_rows,)
        Counted from 0; -1 where a row is in no whole period: it is on no list.
    weight : array of float64, (n_rows,), or None
    group : array of int64, (n_rows,), or None
    """

    success: np.ndarray
    period: np.ndarray
    weight: np.ndarray | None = None
    group: np.ndarray | None = None

    @property
    def counted(self) -> np.ndarray:
        """How many rows each is: float64 (n_rows,)."""
        return np.ones(len(self.success)) if self.weight is None else self.weight


@dataclass(frozen=True, slots=True)
class Lists:
    """The picks of each period.

    Attributes
    ----------
    rows : Listed
    chance : array of float64, (n_rows,)
        Of each row to be on its period's list.
    chosen, succeeded : array of float64, (n_periods,)
        Rows on the period's list, and successes among them: expected ones where ties are broken by lot.
    n_binding : int
        Periods with more rows than the list holds; in the others every row is on it.
    """

    rows: Listed
    chance: np.ndarray
    chosen: np.ndarray
    succeeded: np.ndarray
    n_binding: int

    @property
    def share(self) -> float:
        """Of successes among the chosen."""
        total = float(self.chosen.sum())
        return float(self.succeeded.sum()) / total if total > 0 else float("nan")

    @property
    def n_told(self) -> float:
        """How many rows of equal weight would tell as much as those on the lists (Kish 1965, 11.7)."""
        return _kish(self.chance, self.rows.counted)


def expected_picks(score: np.ndarray, period: np.ndarray, room: float, weight: np.ndarray | None = None) -> np.ndarray:
    """Chance of each row to be on its period's list: 1 above the cut, 0 below, a share among rows tied at it.

    Parameters
    ----------
    score : array of float64, (n_rows,)
        The highest are chosen; a rule's is 0 and 1.
    period : array of int64, (n_rows,)
        -1 where a row is in no whole period: it is on no list.
    room : float
        How many rows a list holds.
    weight : array of float64, (n_rows,), optional
        How many rows each is.
    """
    chance = np.zeros(len(score))
    inside = np.flatnonzero(period >= 0)
    if not len(inside):
        return chance
    order = inside[np.lexsort((-score[inside], period[inside]))]
    new_period = np.diff(period[order], prepend=-1) != 0
    tied = np.cumsum(new_period | (np.diff(score[order], prepend=np.nan) != 0)) - 1
    rows = np.bincount(tied, weights=None if weight is None else weight[order]).astype(np.float64)
    before = np.cumsum(rows) - rows
    first = tied[new_period]  # the highest of each period
    before -= np.repeat(before[first], np.diff(first, append=len(rows)))
    taken = np.clip(room - before, 0.0, rows)
    chance[order] = np.divide(taken, rows, out=np.zeros_like(rows), where=rows > 0)[tied]
    return chance


def lists(rows: Listed, score: np.ndarray, room: float) -> Lists:
    """Fill each period's list with the rows of the highest scores."""
    chance, w = expected_picks(score, rows.period, room, rows.weight), rows.counted
    inside = rows.period >= 0
    names, place = np.unique(rows.period[inside], return_inverse=True)
    chosen, succeeded, sizes = (
        np.bincount(place, weights=one[inside], minlength=len(names)).astype(np.float64)
        for one in (chance * w, chance * w * rows.success, w)
    )
    return Lists(rows, chance, chosen, succeeded, int((sizes > room).sum()))


def list_precision(found: Lists, *, level: float = 0.95) -> Estimate:
    """Share of successes among the chosen, over all periods.

    Wilson's interval over the chosen rows, that over groups where there are any and, with two periods or more, the spread
    between periods: periods that happen to agree prove no more than their rows do.
    """
    n, rows = found.n_told, found.rows
    told = wilson(found.share * n, n, level=level) if n > 0 else wilson(0, 0, level=level)
    if rows.group is not None and n > 0:
        on = found.chance > 0
        told = wider(mean_of_rows(rows.success[on], _picked(found)[on], rows.group[on], level=level), told)
    if len(found.chosen) >= 2:
        told = wider(ratio(found.succeeded, found.chosen, level=level), told)
    return _within(told, 0.0, 1.0)


def precision_gain(
    rows: Listed, first: np.ndarray, second: np.ndarray, room: float, *, level: float = 0.95
) -> Estimate:
    """List precision by the scores `first` minus that by `second`, on the same rows.

    The interval holds that of the rows on the two lists (those on both cancel out), that of their groups where there are
    any and, with two periods or more, that of the spread of the periods' differences; with one, that of a paired bootstrap
    of its rows, or groups.
    """
    a, b = (lists(rows, score, room) for score in (first, second))
    if not len(a.chosen):
        return Estimate(float("nan"), -np.inf, np.inf, "no whole period", 0, level)
    value = a.share - b.share
    # Each row's part in the two shares, as deviations of its success; shares are drawn in, so that none is sure.
    parts = [_picked(one) * _deviation(one) / one.chosen.sum() for one in (a, b)]
    error = float(np.sqrt(((parts[0] - parts[1]) ** 2).sum()))
    if rows.group is not None:
        phi = [_picked(one) * (rows.success - one.share) / one.chosen.sum() for one in (a, b)]
        few = units((a.chance > 0) | (b.chance > 0), rows.group)
        by_groups = influence_error((phi[0] - phi[1]) * len(phi[0]), few, rows.group) if few > 1 else np.inf
        error = max(error, by_groups)
    half = normal_reach(level) * error
    n = int((rows.period >= 0).sum())
    by_rows = Estimate(value, value - half, value + half, "rows of the lists, paired", n, level)
    if len(a.chosen) < 2:
        draws = _resampled_gains(rows, (first, second), room)
        return wider(of_draws(value, draws, "paired bootstrap", n, level), by_rows)
    # Linearised: what each period adds to the difference of the two ratios.
    influence = (a.succeeded - a.share * a.chosen) / a.chosen.sum()
    influence = influence - (b.succeeded - b.share * b.chosen) / b.chosen.sum()
    spread = mean_t(influence * len(influence), level=level)
    half = spread.high - spread.value
    by_periods = Estimate(value, value - half, value + half, "ratio over periods, paired", len(a.chosen), level)
    return wider(by_periods, by_rows)


def _resampled_gains(rows: Listed, scores: tuple[np.ndarray, np.ndarray], room: float) -> np.ndarray:
    """Difference of the two lists' shares in each resample of one period's rows, or groups."""
    inside, rng = rows.period >= 0, np.random.default_rng(0)
    success, w = rows.success[inside], rows.counted[inside]
    drawn = np.arange(len(w)) if rows.group is None else np.unique(rows.group[inside], return_inverse=True)[1]
    n = int(drawn.max()) + 1
    at_once = max(1, CELLS // len(w))
    parts = []
    for start in range(0, REPLICATES, at_once):
        counts = rng.multinomial(n, np.full(n, 1 / n), min(at_once, REPLICATES - start))[:, drawn] * w
        first, second = (_resampled_shares(score[inside], success, counts, room) for score in scores)
        parts.append(first - second)
    return np.concatenate(parts)


def _resampled_shares(score: np.ndarray, success: np.ndarray, counts: np.ndarray, room: float) -> np.ndarray:
    """Share of successes on the list where row i occurs `counts[:, i]` times; ties as a lot would have it."""
    order = np.argsort(-score, kind="stable")
    ties = np.flatnonzero(np.diff(-score[order], prepend=-np.inf) > 0)
    rows = np.add.reduceat(counts[:, order], ties, axis=1)
    hits = np.add.reduceat((counts * success)[:, order], ties, axis=1)
    taken = np.clip(room - (np.cumsum(rows, axis=1) - rows), 0, rows)
    share = np.divide(hits, rows, out=np.zeros(hits.shape), where=rows > 0)
    return np.asarray((share * taken).sum(axis=1) / taken.sum(axis=1))


def value_per_period(
    rows: Listed,
    score: np.ndarray,
    acted: np.ndarray,
    gained: np.ndarray,
    room: float,
    *,
    level: float = 0.95,
) -> Estimate:
    """Mean worth of a period's list, by the spread between its rows and, with two periods or more, between periods.

    Where picks succeed or fail alike they do not vary, which proves little on few: Wilson's interval of their share of
    success bounds the worth too. It is worth no less than if every pick failed, and no more than if every one succeeded.

    Parameters
    ----------
    rows : Listed
        A period without rows is worth nothing and counts.
    acted, gained : array of float64, (n_rows,)
        What acting on a row costs (negative), and what its success brings, or would.
    """
    found = lists(rows, score, room)
    picked, inside = _picked(found), rows.period >= 0
    brought = acted + gained * rows.success
    worth = np.bincount(rows.period[inside], weights=(picked * brought)[inside])
    if not len(worth):
        return Estimate(float("nan"), -np.inf, np.inf, "no whole period", 0, level)
    on = picked > 0
    value, a_period = float(worth.mean()), float(picked.sum()) / len(worth)
    if not on.any():
        return Estimate(value, value, value, "nothing is acted on", 0, level)
    group = rows.group[on] if rows.group is not None else None
    a_pick = mean_of_rows(brought[on], picked[on], group, level=level)
    half = (a_pick.high - a_pick.value) * a_period
    by_rows = Estimate(value, value - half, value + half, "t over the rows of one period", int(on.sum()), level)
    told = _of_shares(by_rows, found, gained, len(worth))
    if len(worth) >= 2:
        told = wider(mean_t(worth, level=level, method="t over periods"), told)
    return _within(told, *_possible(acted[inside], gained[inside], np.bincount(rows.period[inside], picked[inside])))


def _possible(acted: np.ndarray, gained: np.ndarray, picks: np.ndarray) -> tuple[float, float]:
    """The least and the most that a period's list can be worth, by the rows' worth and the picks of each period."""
    few, many = float(picks.min()), float(picks.max())
    least, most = float(np.minimum(acted, acted + gained).min()), float(np.maximum(acted, acted + gained).max())
    return min(least * few, least * many), max(most * few, most * many)


def _of_shares(told: Estimate, found: Lists, gained: np.ndarray, n_periods: int) -> Estimate:
    """Widen an interval of worth by that of the share of success among picks that bring something."""
    chance, w = np.where(gained != 0, found.chance, 0.0), found.rows.counted
    n = _kish(chance, w)
    if not n:
        return told
    share = wilson(n * float(np.average(found.rows.success, weights=chance * w)), n, level=told.level)
    all_succeed = float((chance * w) @ gained) / n_periods
    ends = sorted(told.value + all_succeed * (one - share.value) for one in (share.low, share.high))
    return replace(told, low=min(told.low, ends[0]), high=max(told.high, ends[1]))


def _kish(chance: np.ndarray, weight: np.ndarray) -> float:
    squares = float(chance @ weight**2)
    return float(chance @ weight) ** 2 / squares if squares > 0 else 0.0


def _picked(found: Lists) -> np.ndarray:
    """How many rows of each are on a list: float64 (n_rows,)."""
    return np.asarray(found.chance * found.rows.counted)


def _deviation(found: Lists) -> float:
    """Deviation of one row's success, its share drawn in by a success and a failure (Agresti and Caffo 2000)."""
    share = (found.share * found.n_told + 1) / (found.n_told + 2) if found.n_told else 0.5
    return float(np.sqrt(share * (1 - share)))


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    return replace(estimate, low=max(low, estimate.low), high=min(high, estimate.high))
