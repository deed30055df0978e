"""Each line of `[accept]`, tested: met, not shown (and how many rows would show it), or unmet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Estimate
from artificer.core.stages import Line, Requirement
from artificer.data.expression import expression
from artificer.line.ask.durations import seconds
from artificer.line.ask.requirements import VALUE_PERIODS
from artificer.line.judge.latency import latency
from artificer.line.judge.seen import Seen
from artificer.measure.lists import list_precision, lists, precision_gain, value_per_period
from artificer.measure.metrics import METRICS
from artificer.measure.verdict import outcome, rows_to_show


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
    return Line(requirement, result, tested.estimate, n_to_show, tested.note)


def _test_of(requirement: Requirement) -> Callable[[Seen, Requirement], Tested]:
    special = {
        "list_precision": _list_precision,
        "beats": _beats,
        "latency_ms": _latency,
        "size_mb": _size,
        **dict.fromkeys(VALUE_PERIODS, _value),
    }
    return special.get(requirement.id, _metric)


def _metric(seen: Seen, requirement: Requirement) -> Tested:
    found = METRICS[requirement.id]
    note = ""
    bound = requirement.at_least if requirement.at_least is not None else requirement.at_most
    assert bound is not None
    if found.sign * (bound - found.best) > 0:
        note = f"no model can: the best {requirement.id} there is is {found.best:g}"
    return Tested(seen.estimate(requirement.id, seen.prediction), note)


def _list_precision(seen: Seen, requirement: Requirement) -> Tested:
    assert seen.periods is not None
    found = list_precision(lists(seen.success, seen.y, seen.periods, seen.top), level=seen.level)
    return Tested(found, _about_lists(seen))


def _about_lists(seen: Seen) -> str:
    if not seen.period_s:
        return "" if seen.n_binding else f"the list holds all {len(seen.y):,} rows, so nothing was chosen"
    every = seen.run.brief.decision.capacity.every if seen.run.brief.decision.capacity else ""
    few = f"; only {seen.n_binding} of them hold more than {seen.top}" if seen.n_binding < seen.n_periods else ""
    return f"over {seen.n_periods} whole periods of {every}{few}"


def worth(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """What acting on each row costs, and what it brought: float64 (n_rows,) each."""
    value = seen.run.brief.decision.value
    assert value is not None
    acted, success = (
        _amount(seen, given, name) for given, name in ((value.acted, "acted"), (value.success, "success"))
    )
    return acted, success * seen.y


def _amount(seen: Seen, given: float | str, name: str) -> np.ndarray:
    if not isinstance(given, str):
        return np.full(len(seen.y), float(given))
    found = expression(given, seen.rows.frame.columns, f"decision.value.{name}")
    return seen.rows.frame.select(found.cast(pl.Float64).fill_null(0.0).alias("value"))["value"].to_numpy()


def _value(seen: Seen, requirement: Requirement) -> Tested:
    assert seen.periods is not None
    acted, gained = worth(seen)
    wanted = seconds(VALUE_PERIODS[requirement.id], requirement.id)
    found = value_per_period(seen.success, acted, gained, seen.periods, seen.top, level=seen.level)
    length = seen.period_s or _span(seen)
    return Tested(_scaled(found, wanted / length), _about_lists(seen))


def _span(seen: Seen) -> float:
    time = seen.rows.time
    assert time is not None
    return float(max(np.nanmax(time) - np.nanmin(time), 86_400.0))


def _scaled(found: Estimate, by: float) -> Estimate:
    return Estimate(found.value * by, found.low * by, found.high * by, found.method, found.n, found.level)


def _beats(seen: Seen, requirement: Requirement) -> Tested:
    rule = expression(requirement.rule, seen.rows.frame.columns, "accept.beats")
    held = seen.rows.frame.select(rule.cast(pl.Float64).fill_null(0.0).alias("rule"))["rule"].to_numpy()
    if seen.periods is not None and seen.run.brief.decision.capacity is not None:
        gain = precision_gain(seen.success, held, seen.y, seen.periods, seen.top, level=seen.level)
        return Tested(gain, f"in the share of the chosen that succeeds, {_about_lists(seen)}")
    if seen.asked.task == "binary":
        spread = np.clip((held - held.min()) / max(np.ptp(held), 1e-300), 0, 1)
        return Tested(seen.against(np.stack([1 - spread, spread], axis=1)), f"in {seen.metric}")
    if seen.asked.task == "regression":
        return Tested(seen.against(held[:, None]), f"in {seen.metric}")
    return Tested(_undefined(seen), "a rule cannot be compared where there are more than two classes", by_rows=False)


def _undefined(seen: Seen) -> Estimate:
    return Estimate(float("nan"), float("nan"), float("nan"), "not defined", len(seen.y), seen.level)


def _latency(seen: Seen, requirement: Requirement) -> Tested:
    found = latency(seen.predictor, seen.rows.frame, level=seen.level)
    return Tested(found, "one row as a dict, in process, on this machine", by_rows=False)


def _size(seen: Seen, requirement: Requirement) -> Tested:
    size = sum(path.stat().st_size for path in seen.folder.rglob("*") if path.is_file()) / 1e6
    return Tested(Estimate(size, size, size, "measured", 1, seen.level), "schema, recipe and members", by_rows=False)
