"""Each line of `[accept]`, tested: met, not shown (and how many rows would show it), or unmet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from artificer.core.records import Estimate
from artificer.core.stages import Line, Requirement
from artificer.data.expression import amounts
from artificer.line.ask.durations import seconds
from artificer.line.ask.requirements import VALUE_PERIODS
from artificer.line.judge.acted import chosen, worth
from artificer.line.judge.fairness import gap_of
from artificer.line.judge.flips import flips
from artificer.line.judge.latency import machine
from artificer.line.judge.seen import Seen
from artificer.measure.calibration import calibration_error, came_true
from artificer.measure.intervals import quantile_interval
from artificer.measure.lists import list_precision, lists, precision_gain, value_per_period
from artificer.measure.metrics import metric
from artificer.measure.verdict import outcome, rows_to_show

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test found: the estimate, a note for a person, and whether more rows would narrow the interval."""

    estimate: Estimate
    note: str = ""
    by_rows: bool = True


def test_lines(seen: Seen) -> tuple[Line, ...]:
    """Test every requirement of the brief, in its order."""
    return tuple(_line(seen, requirement) for requirement in seen.asked.requirements)


def _line(seen: Seen, requirement: Requirement) -> Line:
    tested = _test_of(requirement)(seen, requirement)
    bounds = {"at_least": requirement.at_least, "at_most": requirement.at_most}
    result = outcome(tested.estimate, **bounds)
    n_to_show = 0
    if result == "not shown" and tested.by_rows:
        n_to_show = rows_to_show(tested.estimate, len(seen.y), **bounds) or 0
    undefined = tested.estimate.method if np.isnan(tested.estimate.value) else ""
    return Line(requirement, result, tested.estimate, n_to_show, tested.note or undefined)


def _test_of(requirement: Requirement) -> Callable[[Seen, Requirement], Tested]:
    special = {
        "list_precision": _list_precision,
        "beats": _beats,
        "latency_ms": _latency,
        "size_mb": _size,
        "calibration": _calibration,
        "flips": _flips,
        **dict.fromkeys(VALUE_PERIODS, _value),
    }
    if requirement.by:
        return _gap
    return special.get(requirement.id, _metric)


def _metric(seen: Seen, requirement: Requirement) -> Tested:
    found = metric(requirement.id)
    note = ""
    bound = requirement.at_least if requirement.at_least is not None else requirement.at_most
    assert bound is not None
    if found.sign * (bound - found.best) > 0:
        note = f"no model can: the best {requirement.id} there is is {found.best:g}"
    return Tested(seen.estimate(requirement.id, seen.prediction), note)


def _calibration(seen: Seen, requirement: Requirement) -> Tested:
    rows = seen.rows
    came, chance = came_true(seen.y, seen.prediction)
    found = calibration_error(came, chance, rows.weight, groups=rows.group, level=seen.level)
    of = " by the chance of the likeliest class" if len(seen.asked.classes) > 2 else ""
    return Tested(found, f"predicted less actual shares, over tenths of the rows{of}")


def _gap(seen: Seen, requirement: Requirement) -> Tested:
    return Tested(*gap_of(seen, requirement.id, requirement.by))


def _list_precision(seen: Seen, requirement: Requirement) -> Tested:
    if not seen.chooses:
        return _undefined(seen, _all_listed(seen))
    if not seen.top:
        return _undefined(seen, f"none of {len(seen.y):,} rows reaches the threshold")
    found = list_precision(lists(seen.listed, seen.success, seen.room), level=seen.level)
    return Tested(found, _about_lists(seen))


def _about_lists(seen: Seen) -> str:
    capacity, threshold = seen.run.brief.decision.capacity, seen.run.brief.decision.threshold
    if threshold is not None:
        return f"acting on {seen.top:,} of {len(seen.y):,} rows: those that score {threshold:g} or more"
    if capacity is None or not seen.period_s:
        return ""
    if not seen.n_periods:
        return f"no whole period of {capacity.every} among the rows"
    over = f"over {seen.n_periods} whole periods of {capacity.every}"
    if seen.n_binding == seen.n_periods:
        return over
    return f"{over}; {f'only {seen.n_binding}' if seen.n_binding else 'none'} of them with more than {seen.top:,} rows"


def _all_listed(seen: Seen) -> str:
    return f"a list of {seen.top:,} holds all {len(seen.y):,} rows, so nothing is chosen"


def _value(seen: Seen, requirement: Requirement) -> Tested:
    if not seen.chooses:
        return _undefined(seen, _all_listed(seen))
    acted, success = worth(seen)
    note = _about_lists(seen)
    room, threshold = seen.room, seen.run.brief.decision.threshold
    if seen.run.brief.decision.capacity is None:
        # All rows stay, those that are left at no worth: how many are acted on is part of what varies.
        room = np.inf
        pays = chosen(seen) > 0
        acted, success = acted * pays, success * pays
        if threshold is None:
            note = f"acting on {pays.sum():,} of {len(pays):,} rows: those whose expected worth is above 0"
    found = value_per_period(seen.listed, seen.success, acted, success, room, level=seen.level)
    by = seconds(VALUE_PERIODS[requirement.id], requirement.id) / (seen.period_s or _span(seen))
    return Tested(replace(found, value=found.value * by, low=found.low * by, high=found.high * by), note)


def _span(seen: Seen) -> float:
    """Seconds from the first row to the last one, at least a day."""
    assert seen.rows.time is not None
    known = seen.rows.time[~np.isnan(seen.rows.time)]
    return max(float(np.ptp(known)), DAY_S) if len(known) else float("nan")


def _beats(seen: Seen, requirement: Requirement) -> Tested:
    held = amounts(requirement.rule, seen.rows.frame, "accept.beats")
    if seen.periods is not None and seen.run.brief.decision.capacity is not None:
        if not seen.n_binding:
            return _undefined(seen, _about_lists(seen) if seen.period_s else _all_listed(seen))
        gain = precision_gain(seen.listed, seen.success, held, seen.room, level=seen.level)
        note = "in the share of the chosen that succeeds"
        return Tested(gain, f"{note}, {_about_lists(seen)}" if seen.period_s else note)
    if seen.asked.task == "regression":
        return Tested(seen.against(held[:, None], seen.metric), f"in {seen.metric}")
    # A rule orders or picks rows; it gives no probability that a loss could read.
    metric = "roc_auc" if seen.metric in ("log_loss", "brier") else seen.metric
    spread = (held - held.min()) / max(np.ptp(held), np.finfo(np.float64).tiny)
    return Tested(seen.against(np.stack([1 - spread, spread], axis=1), metric), f"in {metric}")


def _undefined(seen: Seen, why: str) -> Tested:
    nan = float("nan")
    return Tested(Estimate(nan, nan, nan, "not defined", len(seen.y), seen.level), why)


def _flips(seen: Seen, requirement: Requirement) -> Tested:
    found = flips(seen)
    if found.estimate is None:
        return _undefined(seen, found.note)
    return Tested(found.estimate, found.note, by_rows=seen.champion is not None)


def _latency(seen: Seen, requirement: Requirement) -> Tested:
    found = quantile_interval(seen.took_ms, 0.99, level=seen.level)
    return Tested(found, f"one row as a dict, in process, on {machine()}", by_rows=False)


def _size(seen: Seen, requirement: Requirement) -> Tested:
    size = sum(path.stat().st_size for path in seen.folder.rglob("*") if path.is_file()) / 1e6
    return Tested(Estimate(size, size, size, "measured", 1, seen.level), "schema, recipe and members", by_rows=False)
