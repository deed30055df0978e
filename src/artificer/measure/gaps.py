"""Gaps between groups of rows: how far rates lie apart, with intervals that hold for all pairs of groups at once.

A gap is the largest rate less the smallest one, as fairlearn defines differences (Bird et al. 2020, "Fairlearn", MSR
TR-2020-32). Where groups do not differ at all, the largest of them still lies above the smallest by luck: a plain
bootstrap of the gap never reaches zero. So every pair's difference gets an interval by squares and additions (Newcombe
1998, Statistics in Medicine 17; Zou and Donner 2008, ibid. 27) at a level divided by the number of pairs (Bonferroni);
the gap lies between the largest of the lower ends and the largest of the upper ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.means import mean_of_rows, share_of

FEWEST = 30  # rows that a group's rate must rest on, to be compared; rows of one unit count as one
TOO_FEW = f"fewer than two groups of {FEWEST} independent rows"

Rate = Callable[[np.ndarray, float], Estimate]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Who was chosen, and who succeeded.

    Attributes
    ----------
    y : array of float64, (n_rows,)
        1 is success.
    chosen : array of float64, (n_rows,)
        Share of a decision for the row, 0 to 1: 1 where it is acted on.
    chance : array of float64, (n_rows,)
        Predicted probability of success.
    weight : array of float64, (n_rows,), or None
    units : array of int64, (n_rows,), or None
        Rows of one unit are not independent.
    """

    y: np.ndarray
    chosen: np.ndarray
    chance: np.ndarray
    weight: np.ndarray | None = None
    units: np.ndarray | None = None


def rate(name: str, seen: Outcomes, rows: np.ndarray, level: float) -> Estimate:
    """A rate of some rows, with its interval.

    Parameters
    ----------
    name : str
        "selection", "recall", "false_positive", "precision", or "calibration": predicted less actual share.
    rows : array of bool, (n_rows,)
    """
    w = np.ones(len(seen.y)) if seen.weight is None else seen.weight
    if name == "calibration":
        return _mean(seen.chance - seen.y, rows, w, seen, level, share=False)
    if name == "precision":
        return _mean(seen.y, rows & (seen.chosen > 0), w * seen.chosen, seen, level, share=True)
    among = {"selection": rows, "recall": rows & (seen.y == 1), "false_positive": rows & (seen.y != 1)}[name]
    return _mean(seen.chosen, among, w, seen, level, share=True)


def gap(rates: Sequence[Rate], groups: Mapping[str, np.ndarray], *, level: float = 0.95) -> tuple[Estimate, str]:
    """Largest difference between two groups in any of the rates, and who differs.

    Parameters
    ----------
    rates : sequence of callable (rows, level) → Estimate
    groups : mapping of str to array of bool, (n_rows,)
        Rows of each group. A group whose rate rests on fewer than 30 rows, or units of them, is left out of
        that rate.

    Returns
    -------
    Estimate
        `n` is the number of rows of the smaller group of the pair; NaN where fewer than two groups can be compared.
    str
        "LARGEST over SMALLEST".
    """
    known = [[name for name, rows in groups.items() if _told(one(rows, level))] for one in rates]
    n_pairs = sum(len(names) * (len(names) - 1) // 2 for names in known)
    if not n_pairs:
        nan = float("nan")
        return Estimate(nan, nan, nan, TOO_FEW, 0, level), ""
    strict = 1 - (1 - level) / n_pairs
    found: list[tuple[Estimate, str]] = []
    for one, names in zip(rates, known, strict=True):
        each = {name: one(groups[name], strict) for name in names}
        found += [(difference(each[a], each[b], level), f"{a} over {b}") for a, b in permutations(names, 2)]
    largest, who = max(found, key=lambda pair: pair[0].value)
    low, high = (max(getattr(pair, end) for pair, _ in found) for end in ("low", "high"))
    n = f"{n_pairs} pair{'s' if n_pairs > 1 else ''}"
    return Estimate(
        largest.value, max(low, 0.0), high, f"squares and additions, {n} (Bonferroni)", largest.n, level
    ), who


def difference(first: Estimate, second: Estimate, level: float) -> Estimate:
    """One estimate less another that is independent of it, from their own intervals.

    >>> one = difference(Estimate(0.7, 0.5573, 0.8139, "", 50), Estimate(0.4, 0.2760, 0.5382, "", 50), 0.95)
    >>> round(one.low, 3), round(one.high, 3)
    (0.102, 0.468)
    """
    value = first.value - second.value
    low = value - np.hypot(first.value - first.low, second.high - second.value)
    high = value + np.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, float(low), float(high), "squares and additions", min(first.n, second.n), level)


def _mean(
    values: np.ndarray, rows: np.ndarray, w: np.ndarray, seen: Outcomes, level: float, *, share: bool
) -> Estimate:
    n, weight = int(rows.sum()), w[rows]
    if not n or not weight.sum() > 0:
        return Estimate(float("nan"), -np.inf, np.inf, "no rows", n, level)
    units = seen.units[rows] if seen.units is not None else None
    if not share:
        return mean_of_rows(values[rows], weight, units, level=level)
    found = share_of(values[rows], weight, units, level)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _told(found: Estimate) -> bool:
    return found.n >= FEWEST and bool(np.isfinite([found.value, found.low, found.high]).all())
