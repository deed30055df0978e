"""Weak slices: groups of rows, told by up to three conditions, on which the model loses clearly more than elsewhere.

Looked for on half of the rows as SliceLine does (`artificer.measure.lattice`, by Klösgen's score), tested on the other
half, so that the largest of many is not taken for a finding (Holm 1979 over those tested). Every metric is read by row losses:
its own where it is a mean of them, else log loss, or absolute errors; these in place of squared ones too, whose tail is so
heavy that a few rows hide a slice. The loss beyond what is foretold is searched too, of classes by the model's own
probabilities, of numbers by the errors of all rows with predictions alike: rows that are hard by nature are noted, and rows
on which it errs more than that are warned of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artificer.core.figures import counted, figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.conditions import MANY_COLUMNS, Condition, conditions, told
from artificer.line.judge.examined import Examined, examination
from artificer.measure.correct import holm
from artificer.measure.distributions import normal_quantile, normal_reach, t_above
from artificer.measure.lattice import Group, largest
from artificer.measure.means import mean_of_rows
from artificer.measure.metrics import metric, shaped

FEWEST, FEWEST_SHARE = (
    10,
    0.01,
)  # rows of a slice in each half, or groups of them: what varies between two cannot be told
SEARCHED, CELLS = 20_000, 40_000_000  # rows, and answers of conditions, that the search holds at once
TESTED = 8
SAME = 0.5  # slices that share more of the smaller one's rows are one
ALARM, LEAST_GAP = 0.05, 0.25  # of chance; of the mean loss, below which a gap is not worth a word
LOSSES = {
    "accuracy": "share of wrong labels",
    "mae": "mean absolute error",
    "rmse": "mean absolute error",
    "rmsle": "mean absolute error of logarithms",
}
ALONE = "log_loss", "rmse"  # by task, where the metric is no mean of row losses
SQUARED = "rmse", "rmsle"
FORETOLD = (
    ("rows with predictions alike", "rows with predictions alike lose it too"),
    ("its own probabilities", "it foretells itself"),
)
ALIKE, MOST_BINS = 100, 20  # rows whose predictions are alike, at least


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that may be served worse.

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


@examination("weak_slice")
def weak_slices(seen: Examined) -> Iterator[Finding]:
    """Search one half of the rows, test what was found on the other one; without columns there is nothing to slice by."""
    if not seen.rows.frame.width:
        return
    name, losses = row_losses(seen)
    search = searched(seen)
    fewest = least(len(losses))
    if min(search.sum(), (~search).sum()) < 4 * fewest or not losses.any():
        yield _note(
            f"{counted(len(losses), 'row is', 'rows are')} too few to look for weak slices, or none has a loss", ()
        )
        return
    sure = bool(np.isin(seen.prediction, (0.0, 1.0)).all())  # labels alone foretell nothing
    beyond = losses - foretold(seen, name, losses) if not (seen.classes and sure) else None
    found = candidates(seen, search, losses, beyond, fewest)
    fresh = ~search
    tests = [one for one in found if _enough(seen, one.rows & fresh) and _enough(seen, ~one.rows & fresh)]
    gaps = [gap(seen, losses, one.rows, fresh) for one in tests]
    surprises = [gap(seen, beyond, one.rows, fresh) for one in tests] if beyond is not None else gaps
    sizes = np.array([_units(seen, one.rows & fresh) for one in tests])
    worse, surer = (_chances(some, sizes) for some in (gaps, surprises))
    mean, n_told = _mean(seen, losses, fresh), 0
    for one, own, surprise, p, p_surprise in zip(tests, gaps, surprises, worse, surer, strict=True):
        warns = p_surprise < ALARM and surprise.value >= LEAST_GAP * mean
        if warns or (p < ALARM and own.value >= LEAST_GAP * mean):
            n_told += 1
            means = (_mean(seen, losses, fresh & one.rows), _mean(seen, losses, fresh & ~one.rows))
            unforetold = surprise if beyond is not None else None
            told_gap = _Gap(name, bool(seen.classes), means, own, unforetold, float(p_surprise if warns else p))
            yield _finding(told_gap, one, fresh, warns=warns)
    if not n_told:
        spread = float(losses[fresh].std()) / np.sqrt(0.05 * fresh.sum())
        seen_from = (normal_quantile(0.8) - normal_quantile(ALARM / TESTED)) * spread
        yield _note(
            f"no group of rows is clearly served worse: {len(found)} candidates were tested",
            (Fact("seen_from", seen_from, f"gap in {name} that a slice of 5% of the rows would show, 4 times in 5"),),
        )


def row_losses(seen: Examined) -> tuple[str, np.ndarray]:
    """The metric's row losses, or of its task's usual loss, roots of squares: its name, and float64 (n_rows,)."""
    name = seen.metric if metric(seen.metric).losses is not None else ALONE[seen.task == "regression"]
    losses = _losses(name, seen.rows.y, seen.prediction)
    return name, np.sqrt(losses) if name in SQUARED else losses


def foretold(seen: Examined, name: str, losses: np.ndarray) -> np.ndarray:
    """What each row's loss would be on average: float64 (n_rows,).

    Of classes, if the probabilities were right; of numbers, the mean loss of the rows whose predictions are alike: parts of a
    twentieth of the rows, or of a hundred rows where that is more.
    """
    p, n = seen.prediction, len(seen.prediction)
    if not seen.classes:
        n_bins = int(np.clip(n // ALIKE, 1, MOST_BINS))
        cuts = np.unique(np.quantile(p[:, -1], np.linspace(0, 1, n_bins + 1)[1:-1]))
        place = np.searchsorted(cuts, p[:, -1], "right")
        weight = np.ones(n) if seen.rows.weight is None else seen.rows.weight
        total = np.bincount(place, weight)
        return np.asarray((np.bincount(place, weight * losses) / np.where(total > 0, total, 1))[place])
    return np.asarray(sum(p[:, k] * _losses(name, np.full(n, float(k)), p) for k in range(p.shape[1])))


def candidates(
    seen: Examined, search: np.ndarray, losses: np.ndarray, beyond: np.ndarray | None, fewest: int
) -> list[Slice]:
    """The slices that are worth testing, found on the rows `search`: at most 8 by each loss, no two nearly the same."""
    frame = seen.rows.frame
    places = np.flatnonzero(search)
    n_columns = max(1, len(frame.columns))
    most = min(SEARCHED, CELLS // ((10 if n_columns > MANY_COLUMNS else 55) * n_columns))
    if len(places) > most:
        places = np.sort(np.random.default_rng(1).permutation(places)[:most])
        fewest = least(2 * most)
    some = frame[places]
    known = conditions(some, fewest=fewest)
    holds = np.stack([one.holds(some) for one in known], axis=1) if known else np.zeros((len(places), 0), bool)
    found: list[Slice] = []
    covers: list[np.ndarray] = []
    for values in (beyond, losses):
        if values is not None:
            # By SliceLine's own score, where rows lose a hundred times the mean, a piece of a slice beats the whole.
            groups = largest(holds, values[places], fewest=fewest, alpha=None)
            _add(found, covers, groups, holds, known, seen, unforetold=values is beyond)
    return found


def _add(
    found: list[Slice],
    covers: list[np.ndarray],
    groups: Sequence[Group],
    holds: np.ndarray,
    known: Sequence[Condition],
    seen: Examined,
    *,
    unforetold: bool,
) -> None:
    for group in groups:
        if sum(one.unforetold == unforetold for one in found) == TESTED:
            return
        rows = np.asarray(holds[:, list(group.conditions)].all(axis=1))
        if all((rows & other).sum() <= SAME * min(rows.sum(), other.sum()) for other in covers):
            parts = tuple(known[place] for place in group.conditions)
            everywhere = np.logical_and.reduce([one.holds(seen.rows.frame) for one in parts])
            found.append(Slice(parts, everywhere, unforetold))
            covers.append(rows)


def gap(seen: Examined, losses: np.ndarray, inside: np.ndarray, among: np.ndarray) -> Estimate:
    """Mean loss inside less that outside, of the rows `among`: linearised, over whole groups where there are any."""
    rows = seen.rows
    w = (np.ones(len(losses)) if rows.weight is None else rows.weight)[among]
    values, part = losses[among], inside[among]
    here, there = w * part, w * ~part
    if not (here.sum() > 0 and there.sum() > 0):
        return Estimate(float("nan"), -np.inf, np.inf, "no weight on one side", len(values), seen.level)
    means = [float(np.average(values, weights=one)) for one in (here, there)]
    moved = here / here.sum() * (values - means[0]) - there / there.sum() * (values - means[1])
    spread = mean_of_rows(
        moved * len(values), None, rows.group[among] if rows.group is not None else None, level=seen.level
    )
    value, half = means[0] - means[1], spread.high - spread.value
    return Estimate(value, value - half, value + half, spread.method, spread.n, seen.level)


def least(n_rows: int) -> int:
    """Rows that a slice must have in the searched half of so many."""
    return max(FEWEST, int(FEWEST_SHARE * n_rows / 2))


def searched(seen: Examined) -> np.ndarray:
    """Rows that are searched: a drawn half, of whole groups where there are any."""
    rng = np.random.default_rng(0)
    if seen.rows.group is None:
        return np.asarray(rng.permutation(len(seen.rows)) % 2 == 0)
    units = np.unique(seen.rows.group, return_inverse=True)[1]
    return np.asarray((rng.permutation(int(units.max()) + 1) % 2 == 0)[units])


def _mean(seen: Examined, losses: np.ndarray, rows: np.ndarray) -> float:
    return float(np.average(losses[rows], weights=None if seen.rows.weight is None else seen.rows.weight[rows]))


def _enough(seen: Examined, rows: np.ndarray) -> bool:
    return _units(seen, rows) >= FEWEST


def _units(seen: Examined, rows: np.ndarray) -> int:
    """Rows, or groups of rows, that are independent."""
    return int(rows.sum()) if seen.rows.group is None else len(np.unique(seen.rows.group[rows]))


def _losses(name: str, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    found = metric(name)
    assert found.losses is not None
    return np.asarray(found.losses(y, shaped(found, prediction)), np.float64)


def _chances(gaps: Sequence[Estimate], sizes: np.ndarray) -> np.ndarray:
    """Chance of each gap where none is above zero, by Student's t on the slice's rows, corrected for their number."""
    if not gaps:
        return np.empty(0)
    # An interval that is Student's over all rows reaches as far as a normal one, but for a handful of groups.
    errors = np.array([one.high - one.value for one in gaps]) / normal_reach(gaps[0].level)
    values = np.array([one.value for one in gaps])
    z = np.divide(values, errors, out=np.zeros(len(gaps)), where=np.isfinite(errors) & (errors > 0))
    return holm(t_above(z, np.maximum(sizes - 1, 1)))


@dataclass(frozen=True, slots=True)
class _Gap:
    """What was measured of a slice: its mean loss and that elsewhere, the gap and what of it is not foretold, the chance of it.

    Nothing is foretold by labels alone.
    """

    name: str
    of_classes: bool
    means: tuple[float, float]
    own: Estimate
    beyond: Estimate | None
    p: float


def _finding(found: _Gap, one: Slice, fresh: np.ndarray, *, warns: bool) -> Finding:
    (here, there), where, name = found.means, told(one.parts), found.name
    loss = LOSSES.get(name, f"mean {name.replace('_', ' ')}")
    says = f"where {where}, the {loss} is {figure(here)}, elsewhere {figure(there)}"
    facts = [
        Fact("rows", float((fresh & one.rows).sum()), f"tested, of {fresh.sum():,}; {one.rows.mean():.1%} of all"),
        Fact("gap", with_interval(found.own), f"{loss} inside less outside"),
        Fact("p", found.p, "Holm-corrected"),
    ]
    by, as_foretold = FORETOLD[found.of_classes]
    if found.beyond is not None:
        facts.append(Fact("beyond_foretold", with_interval(found.beyond), f"of the gap, what {by} do not foretell"))
    if warns:
        more = f"; {by} do not foretell that" if found.beyond is not None else ""
        fix = "look at the labels of these rows first, then bring more of them, or columns that tell them apart"
        return Finding("weak_slice", "warning", where, says + more, fix, tuple(facts))
    fix = f"nothing is wrong: these rows are harder, as {by} say; let a person see them"
    return Finding("weak_slice", "note", where, f"{says}, as {as_foretold}", fix, tuple(facts))


def _note(says: str, facts: tuple[Fact, ...]) -> Finding:
    return Finding("weak_slice", "note", "rows", says, "nothing to do", facts)
