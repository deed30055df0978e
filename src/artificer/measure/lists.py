"""Lists of limited length: who would be acted on in each period, how many of them succeed, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.distributions import normal_reach
from artificer.measure.intervals import mean_t, of_draws, ratio, wider, wilson
from artificer.measure.resampling import REPLICATES

CELLS = 2_000_000  # counts held at once while resampling: 16 MB


@dataclass(frozen=True, slots=True)
class Lists:
    """The picks of each period.

    Attributes
    ----------
    chosen, succeeded : array of float64, (n_periods,)
        Rows on the period's list, and successes among them: expected ones where ties are broken by lot.
    n_binding : int
        Periods with more rows than the list holds; in the others every row is on it.
    """

    chosen: np.ndarray
    succeeded: np.ndarray
    n_binding: int


def expected_picks(score: np.ndarray, period: np.ndarray, top: int) -> np.ndarray:
    """Chance of each row to be on its period's list: 1 above the cut, 0 below, a share among rows tied at it.

    Parameters
    ----------
    score : array of float64, (n_rows,)
        The highest are chosen; a rule's is 0 and 1.
    period : array of int64, (n_rows,)
        -1 where a row is in no whole period: it is on no list.
    top : int
        Length of the list.
    """
    chance = np.zeros(len(score))
    for one in np.unique(period[period >= 0]):
        rows = np.flatnonzero(period == one)
        if len(rows) <= top:
            chance[rows] = 1.0
            continue
        cut = np.partition(score[rows], len(rows) - top)[len(rows) - top]
        above, tied = rows[score[rows] > cut], rows[score[rows] == cut]
        chance[above] = 1.0
        chance[tied] = (top - len(above)) / len(tied)
    return chance


def lists(score: np.ndarray, success: np.ndarray, period: np.ndarray, top: int) -> Lists:
    """Fill each period's list with the rows of the highest scores."""
    return _filled(expected_picks(score, period, top), success, period, top)


def _filled(chance: np.ndarray, success: np.ndarray, period: np.ndarray, top: int) -> Lists:
    inside = period >= 0
    names, place = np.unique(period[inside], return_inverse=True)
    n = len(names)
    chosen = np.bincount(place, weights=chance[inside], minlength=n)
    succeeded = np.bincount(place, weights=(chance * success)[inside], minlength=n)
    sizes = np.bincount(place, minlength=n)
    return Lists(chosen, succeeded, int((sizes > top).sum()))


def list_precision(found: Lists, *, level: float = 0.95) -> Estimate:
    """Share of successes among the chosen, over all periods.

    Wilson's interval over the chosen rows and, with two periods or more, the spread between periods: periods that
    happen to agree prove no more than their rows do.
    """
    by_rows = wilson(float(found.succeeded.sum()), float(found.chosen.sum()), level=level)
    if len(found.chosen) < 2:
        return by_rows
    return _within(wider(ratio(found.succeeded, found.chosen, level=level), by_rows), 0.0, 1.0)


def precision_gain(
    first: np.ndarray, second: np.ndarray, success: np.ndarray, period: np.ndarray, top: int, *, level: float = 0.95
) -> Estimate:
    """List precision by the scores `first` minus that by `second`, on the same rows.

    The interval holds that of the rows on the two lists (those on both cancel out) and, with two periods or more, that
    of the spread of the periods' differences; with one, that of a paired bootstrap of its rows.
    """
    chances = [expected_picks(score, period, top) for score in (first, second)]
    a, b = (_filled(chance, success, period, top) for chance in chances)
    if not len(a.chosen):
        return Estimate(float("nan"), -np.inf, np.inf, "no whole period", 0, level)
    value = _share(a) - _share(b)
    # Each row's part in the two shares, as deviations of its success; shares are drawn in, so that none is sure.
    parts = [chance * _deviation(one) / one.chosen.sum() for chance, one in zip(chances, (a, b), strict=True)]
    error = float(np.sqrt(((parts[0] - parts[1]) ** 2).sum()))
    half = normal_reach(level) * error
    by_rows = Estimate(value, value - half, value + half, "rows of the lists, paired", int((period >= 0).sum()), level)
    if len(a.chosen) < 2:
        inside = period >= 0
        draws = _resampled_gains((first[inside], second[inside]), success[inside], top)
        return wider(of_draws(value, draws, "paired bootstrap", by_rows.n, level), by_rows)
    # Linearised: what each period adds to the difference of the two ratios.
    influence = (a.succeeded - _share(a) * a.chosen) / a.chosen.sum()
    influence = influence - (b.succeeded - _share(b) * b.chosen) / b.chosen.sum()
    spread = mean_t(influence * len(influence), level=level)
    half = spread.high - spread.value
    by_periods = Estimate(value, value - half, value + half, "ratio over periods, paired", len(a.chosen), level)
    return wider(by_periods, by_rows)


def _resampled_gains(scores: tuple[np.ndarray, np.ndarray], success: np.ndarray, top: int) -> np.ndarray:
    """Difference of the two lists' shares in each resample of one period's rows."""
    rng = np.random.default_rng(0)
    n = len(success)
    at_once = max(1, CELLS // n)
    parts = []
    for start in range(0, REPLICATES, at_once):
        counts = rng.multinomial(n, np.full(n, 1 / n), min(at_once, REPLICATES - start))
        first, second = (_resampled_shares(score, success, counts, top) for score in scores)
        parts.append(first - second)
    return np.concatenate(parts)


def _resampled_shares(score: np.ndarray, success: np.ndarray, counts: np.ndarray, top: int) -> np.ndarray:
    """Share of successes on the list where row i occurs `counts[:, i]` times; ties as a lot would have it."""
    order = np.argsort(-score, kind="stable")
    ties = np.flatnonzero(np.diff(-score[order], prepend=-np.inf) > 0)
    rows = np.add.reduceat(counts[:, order], ties, axis=1)
    hits = np.add.reduceat((counts * success)[:, order], ties, axis=1)
    taken = np.clip(top - (np.cumsum(rows, axis=1) - rows), 0, rows)
    return np.asarray((hits * taken / np.maximum(rows, 1)).sum(axis=1) / taken.sum(axis=1))


def value_per_period(
    score: np.ndarray,
    acted: np.ndarray,
    gained: np.ndarray,
    period: np.ndarray,
    top: int,
    *,
    level: float = 0.95,
) -> Estimate:
    """Mean worth of a period's list, by the spread between its rows and, with two periods or more, between periods.

    Parameters
    ----------
    acted, gained : array of float64, (n_rows,)
        What acting on a row costs (negative) and what it brought: 0 without success.
    period : array of int64, (n_rows,)
        Counted from 0; a period without rows is worth nothing and counts. -1 where a row is in no whole period.
    """
    chance = expected_picks(score, period, top)
    inside = period >= 0
    worth = np.bincount(period[inside], weights=(chance * (acted + gained))[inside])
    if not len(worth):
        return Estimate(float("nan"), -np.inf, np.inf, "no whole period", 0, level)
    picked = chance > 0
    a_pick = mean_t((acted + gained)[picked], chance[picked], level=level)
    value = float(worth.mean())
    half = (a_pick.high - a_pick.value) * float(chance.sum()) / len(worth)
    by_rows = Estimate(value, value - half, value + half, "t over the rows of one period", int(picked.sum()), level)
    return by_rows if len(worth) < 2 else wider(mean_t(worth, level=level, method="t over periods"), by_rows)


def _share(found: Lists) -> float:
    total = float(found.chosen.sum())
    return float(found.succeeded.sum()) / total if total > 0 else float("nan")


def _deviation(found: Lists) -> float:
    """Deviation of one row's success, its share drawn in by a success and a failure (Agresti and Caffo 2000)."""
    share = (found.succeeded.sum() + 1) / (found.chosen.sum() + 2)
    return float(np.sqrt(share * (1 - share)))


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    return Estimate(
        estimate.value, max(low, estimate.low), min(high, estimate.high), estimate.method, estimate.n, estimate.level
    )
