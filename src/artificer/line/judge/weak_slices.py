"""Weak slices: groups of rows, told by up to three conditions, on which the model loses clearly more than elsewhere.

Searched and tested by `artificer.measure.slices`. Every metric is read by row losses: its own where it is a mean of them, else
log loss, or squared errors. Of classes, the loss beyond what the model's own probabilities foretell is searched too: rows
that are hard by nature are noted, and rows on which it errs while sure of itself are warned of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.measure.conditions import told
from artificer.measure.metrics import metric, shaped
from artificer.measure.slices import MOST, Lost, Slice, candidates, tested

ALARM, LEAST_GAP = 0.05, 0.25  # of chance; of the mean loss, below which a gap is not worth a word
LOSSES = {
    "accuracy": "share of wrong labels",
    "rmse": "mean squared error",
    "rmsle": "mean squared error of logarithms",
}
ALONE = "log_loss", "rmse"  # by task, where the metric is no mean of row losses


@examination("weak_slice")
def weak_slices(seen: Examined) -> Iterator[Finding]:
    """Search one half of the rows, test what was found on the other one; without columns there is nothing to slice by."""
    if not seen.rows.frame.width:
        return
    name, lost = lost_of(seen)
    if not lost.tells:
        yield _note(f"{len(seen.rows):,} rows are too few to look for weak slices, or none has a loss", ())
        return
    found, fresh = candidates(lost), ~lost.searched
    mean, n_told = float(lost.losses[fresh].mean()), 0
    for one in tested(lost, found):
        warns = one.p_beyond < ALARM and one.beyond.value >= LEAST_GAP * mean
        if warns or (one.p < ALARM and one.gap.value >= LEAST_GAP * mean):
            n_told += 1
            beyond = one.beyond if lost.beyond is not None else None
            told_gap = _Gap(name, one.gap, beyond, one.p_beyond if warns else one.p)
            yield _finding(told_gap, one.slice, fresh, lost.losses, warns=warns)
    if not n_told:
        spread = float(lost.losses[fresh].std()) / np.sqrt(0.05 * fresh.sum())
        seen_from = float(stats.norm.isf(ALARM / MOST) + stats.norm.ppf(0.8)) * spread
        yield _note(
            f"no group of rows is clearly served worse: {len(found)} candidates were tested",
            (Fact("seen_from", seen_from, f"gap in {name} that a slice of 5% of the rows would show, 4 times in 5"),),
        )


def lost_of(seen: Examined) -> tuple[str, Lost]:
    """The metric's row losses, or of its task's usual loss: its name, and what the model loses."""
    name = seen.metric if metric(seen.metric).losses is not None else ALONE[seen.task == "regression"]
    losses = _losses(name, seen.rows.y, seen.prediction)
    beyond = losses - _foretold(seen, name) if seen.classes else None
    return name, Lost(seen.rows.frame, losses, beyond, seen.rows.weight, seen.rows.group, seen.level)


def _foretold(seen: Examined, name: str) -> np.ndarray:
    """What each row's loss would be on average if the probabilities were right: float64 (n_rows,)."""
    p, n = seen.prediction, len(seen.prediction)
    return np.asarray(sum(p[:, k] * _losses(name, np.full(n, float(k)), p) for k in range(p.shape[1])))


def _losses(name: str, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    found = metric(name)
    assert found.losses is not None
    return np.asarray(found.losses(y, shaped(found, prediction)), np.float64)


@dataclass(frozen=True, slots=True)
class _Gap:
    """What was measured of a slice: its gap, the part that is not foretold (None of numbers), and the chance of it."""

    name: str
    own: Estimate
    beyond: Estimate | None
    p: float


def _finding(found: _Gap, one: Slice, fresh: np.ndarray, losses: np.ndarray, *, warns: bool) -> Finding:
    here, there = float(losses[fresh & one.rows].mean()), float(losses[fresh & ~one.rows].mean())
    where, name = told(one.parts), found.name
    loss = LOSSES.get(name, f"mean {name.replace('_', ' ')}")
    says = f"where {where}, the {loss} is {figure(here)}, elsewhere {figure(there)}"
    facts = [
        Fact("rows", float((fresh & one.rows).sum()), f"tested, of {fresh.sum():,}; {one.rows.mean():.1%} of all"),
        Fact("gap", with_interval(found.own), f"{loss} inside less outside"),
        Fact("p", found.p, "Holm-corrected"),
    ]
    if found.beyond is not None:
        about = "of the gap, what its probabilities do not foretell"
        facts.append(Fact("beyond_foretold", with_interval(found.beyond), about))
    if warns:
        more = "; its own probabilities do not foretell that" if found.beyond is not None else ""
        fix = "look at the labels of these rows first, then bring more of them, or columns that tell them apart"
        return Finding("weak_slice", "warning", where, says + more, fix, tuple(facts))
    fix = "nothing is wrong: these rows are harder, and the model says so by its probabilities; let a person see them"
    return Finding("weak_slice", "note", where, f"{says}, as it foretells itself", fix, tuple(facts))


def _note(says: str, facts: tuple[Fact, ...]) -> Finding:
    return Finding("weak_slice", "note", "rows", says, "nothing to do", facts)
