"""`[accept]` → requirements that `judge` can test; a line that nothing could test is refused here, by name."""

from __future__ import annotations

from collections.abc import Iterator

from artificer.core.brief import Accept, Brief, Task
from artificer.core.errors import BriefError, closest
from artificer.core.stages import Requirement
from artificer.line.ask.decision import check_decision
from artificer.measure.metrics import FAMILIES, METRICS, is_metric, metric, names
from artificer.measure.rates import MEANING, RATES

VALUE_PERIODS = {"value_per_day": "1d", "value_per_week": "7d", "value_per_month": "30d"}
SPECIAL = ("list_precision", *VALUE_PERIODS, "beats", "calibration", "flips", *RATES, "latency_ms", "size_mb")
GAP = "_gap"


def requirements(brief: Brief, task: Task) -> tuple[Requirement, ...]:
    """Give each line of `[accept]` its test.

    Raises
    ------
    BriefError
        When a line is unknown, lacks its bound, has one that is not its own, or needs a part of the brief that is
        absent.
    """
    check_decision(brief, task)
    return tuple(_requirement(name, line, brief, task) for name, line in brief.accept.items())


def _requirement(name: str, line: Accept, brief: Brief, task: Task) -> Requirement:
    if name in RATES or (name.endswith(GAP) and is_metric(name.removesuffix(GAP))):
        return _gap(name, line, brief, task)
    if name in SPECIAL:
        return _special(name, line, brief, task)
    if not is_metric(name):
        known = [*METRICS, *FAMILIES, *SPECIAL]
        raise BriefError(f"[accept] has an unknown line '{name}'{closest(name, known, 'closest known line')}")
    found = metric(name)
    if task not in found.tasks:
        fitting = ", ".join(names(task))
        raise BriefError(f"[accept.{name}] does not fit: the prediction is {task}; metrics that do: {fitting}")
    bound = "at_least" if found.larger_is_better else "at_most"
    _only(name, line, {bound})
    value = getattr(line, bound)
    return Requirement(name, f"{name} {bound.replace('_', ' ')} {value:g}", line.at_least, line.at_most, must=line.must)


def _special(name: str, line: Accept, brief: Brief, task: Task) -> Requirement:
    currency = brief.decision.value.currency if brief.decision.value else ""
    if name == "latency_ms":
        _only(name, line, {"p99_at_most"}, also={"where"})
        if line.where not in ("", "package"):
            raise BriefError(
                f"[accept.latency_ms] where = '{line.where}' asks for serving, which this version does not build yet; "
                'write where = "package": one row, predicted in process'
            )
        text = f"99 of 100 single predictions within {line.p99_at_most:g} ms"
        return Requirement(name, text, at_most=line.p99_at_most, unit="ms", must=line.must)
    if name == "size_mb":
        _only(name, line, {"at_most"})
        return Requirement(
            name, f"the package is at most {line.at_most:g} MB", at_most=line.at_most, unit="MB", must=line.must
        )
    if name == "beats":
        _only(name, line, {"by"}, also={"rule"})
        if task == "multiclass":
            raise BriefError(
                "[accept.beats] holds a rule, which says one number of a row, against two classes or a number; the prediction "
                "is multiclass: state a bound on a metric, such as accuracy, that today's way does not reach"
            )
        if not line.rule:
            raise BriefError("[accept.beats] lacks 'rule': today's way, such as \"balance > 1500\"")
        if not isinstance(line.by, int | float):
            raise BriefError(f"[accept.beats] by is {line.by!r}; it says by how much, such as 0.02")
        text = f"better than today's rule by {line.by:g}: {line.rule}"
        return Requirement(name, text, at_least=line.by, must=line.must, rule=line.rule)
    if name == "flips":
        _only(name, line, {"at_most"})
        text = f"at most {100 * (line.at_most or 0):g}% of the decisions differ from the version in service"
        return Requirement(name, text, at_most=line.at_most, must=line.must)
    if name == "calibration":
        _only(name, line, {"at_most"})
        if task == "regression":
            raise BriefError("[accept.calibration] needs classes, which have chances; the prediction is a number")
        text = f"predicted shares are off by {line.at_most:g} at most"
        return Requirement(name, text, at_most=line.at_most, must=line.must)
    _only(name, line, {"at_least"})
    _needs_list(name, brief, task)
    if name == "list_precision":
        capacity, threshold = brief.decision.capacity, brief.decision.threshold
        chosen = f"the {capacity.top} chosen" if capacity else f"those that score {threshold:g} or more"
        text = f"of {chosen}, a share of at least {line.at_least:g} succeeds"
        return Requirement(name, text, at_least=line.at_least, must=line.must)
    period = name.removeprefix("value_per_")
    text = f"worth at least {line.at_least:g} {currency} a {period}".replace("  ", " ")
    return Requirement(name, text, at_least=line.at_least, unit=currency, must=line.must)


def _gap(name: str, line: Accept, brief: Brief, task: Task) -> Requirement:
    """A bound on how far groups may lie apart."""
    _only(name, line, {"at_most"}, also={"by"})
    columns = line.by if isinstance(line.by, tuple) else brief.features.protected
    if isinstance(line.by, int | float) or not columns:
        raise BriefError(
            f'[accept.{name}] lacks the columns whose groups are compared; write by = ["column"] here, or name them in '
            "[features] protected"
        )
    what = MEANING.get(name, name.removesuffix(GAP))
    if name in RATES and not (task == "binary" or (task == "multiclass" and name == "calibration_gap")):
        raise BriefError(f"[accept.{name}] needs two classes, one of which is success; the prediction is {task}")
    if name not in RATES and task not in metric(name.removesuffix(GAP)).tasks:
        raise BriefError(
            f"[accept.{name}] does not fit: the prediction is {task}; metrics that do: {', '.join(names(task))}"
        )
    text = f"between groups by {', '.join(columns)}, a gap of {line.at_most:g} at most in the {what}"
    return Requirement(name, text, at_most=line.at_most, must=line.must, by=tuple(columns))


def _needs_list(name: str, brief: Brief, task: Task) -> None:
    if task != "binary":
        raise BriefError(f"[accept.{name}] needs two classes, one of which is success; the prediction is {task}")
    if name == "list_precision" and brief.decision.capacity is None and brief.decision.threshold is None:
        raise BriefError(f"[accept.{name}] needs [decision] capacity = {{ top = …, every = … }} or threshold = …")
    if name in VALUE_PERIODS:
        if brief.decision.value is None:
            raise BriefError(f"[accept.{name}] needs [decision] value = {{ currency = …, acted = …, success = … }}")
        if not brief.data.time:
            raise BriefError(f"[accept.{name}] needs [data] time: without it there are no periods to add value up over")


def _only(name: str, line: Accept, bounds: set[str], also: set[str] | None = None) -> None:
    allowed = bounds | (also or set()) | {"must"}
    for field in _set_fields(line):
        if field not in allowed:
            raise BriefError(
                f"[accept.{name}] has '{field}', which is not its own; it takes {', '.join(sorted(allowed))}"
            )
    for bound in bounds:
        if getattr(line, bound) is None:
            raise BriefError(f"[accept.{name}] lacks its bound '{bound}'")


def _set_fields(line: Accept) -> Iterator[str]:
    for field in ("at_least", "at_most", "p99_at_most", "by"):
        if getattr(line, field) is not None:
            yield field
    for field in ("rule", "where"):
        if getattr(line, field):
            yield field
