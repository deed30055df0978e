"""Accuracy against time and size: the blends that no other one beats in all three, and which of them a limit leaves.

Looked at are the candidates alone, the greedy way from one to many, and what is left of its end when members go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from artificer.core.stages import Choice, Line, Requirement
from artificer.line.refine.blend import MOST_ROWS, Measured, Predictions, drawn, mixed
from artificer.line.refine.costs import Costs
from artificer.measure.intervals import estimate
from artificer.measure.metrics import metric, score

Weights = Mapping[str, float]


def front(
    measured: Measured, predictions: Predictions, chosen: Weights, way: Sequence[Weights], costs: Costs
) -> tuple[Choice, ...]:
    """Choices that no other one beats in score, time of one row and size alike, the most accurate first.

    Scores are those of blends whose weights were found on the same rows, all alike: of few rows a little too good, which
    the model's own score is not.

    Parameters
    ----------
    chosen : dict of str to float
        What is to ship; it is on the front whatever beats it.
    way : sequence of dict of str to float
        Nested blends; empty where blending is not shown to help.
    """
    few, sampled = drawn(measured, predictions, MOST_ROWS)
    sign = metric(measured.metric).sign
    points = [
        (
            weights,
            sign * score(few.metric, few.y, mixed(sampled, weights), few.weight),
            costs.one_ms(weights),
            costs.size_mb(weights),
        )
        for weights in _blends(chosen, way, predictions)
    ]
    kept = [
        point for point in points if point[0] is chosen or not any(_beats(other[1:], point[1:]) for other in points)
    ]
    kept.sort(key=lambda point: (-point[1], point[2]))
    return tuple(
        Choice(
            dict(weights),
            estimate(measured.metric, measured.y, mixed(predictions, weights), measured.weight, groups=measured.group),
            costs.row_us(weights),
            one_ms,
            size_mb,
            weights is chosen,
        )
        for weights, _, one_ms, size_mb in kept
    )


def marked(choices: Iterable[Choice], weights: Weights) -> tuple[Choice, ...]:
    """The front with what ships marked."""
    return tuple(replace(one, chosen=set(one.weights) == set(weights)) for one in choices)


def holding(choices: Sequence[Choice], limits: Sequence[Requirement]) -> Choice:
    """The most accurate choice that is predicted to hold the limits; where none is, the one that comes closest.

    What is chosen stays, if it does.
    """
    held = [one for one in choices if all(_cost(one, limit) <= _bound(limit) for limit in limits)]
    if not held:
        return min(choices, key=lambda one: max(_cost(one, limit) / max(_bound(limit), 1e-300) for limit in limits))
    return next((one for one in held if one.chosen), held[0])


def cheaper(
    choices: Sequence[Choice], timely: Sequence[Choice], weights: Weights, broken: Sequence[Line]
) -> Choice | None:
    """The most accurate choice that is cheaper where limits were measured to be broken, and by as much as they were.

    Where none is that much cheaper, or what ships is not on the front, the cheapest; None where there is none.

    Parameters
    ----------
    timely : sequence of Choice
        Of `choices`, those that there is still time to make; what broke the limits need not be among them.
    """
    now = next((one for one in choices if set(one.weights) == set(weights)), None)
    less = [
        one
        for one in timely
        if now is None or all(_cost(one, line.requirement) < _cost(now, line.requirement) for line in broken)
    ]
    if not less:
        return None
    enough = [one for one in less if now is not None and all(_enough(one, now, line) for line in broken)]
    return enough[0] if enough else min(less, key=lambda one: _cost(one, broken[0].requirement))


def _blends(chosen: Weights, way: Sequence[Weights], predictions: Predictions) -> Iterator[Weights]:
    """Each set of members once, with the weights that it was chosen with rather than what is left of others."""
    seen: set[frozenset[str]] = set()
    last: Weights = way[-1] if way else {}
    rest = (
        {name: last[name] / sum(last[one] for one in names) for name in names}
        for size in range(2, len(last))
        for names in combinations(last, size)
    )
    for weights in (chosen, *({name: 1.0} for name in predictions), *way, *rest):
        if frozenset(weights) not in seen:
            seen.add(frozenset(weights))
            yield weights


def _beats(other: tuple[float, float, float], one: tuple[float, float, float]) -> bool:
    at_least = other[0] >= one[0] and other[1] <= one[1] and other[2] <= one[2]
    return at_least and other != one


def _cost(choice: Choice, limit: Requirement) -> float:
    return choice.one_ms if limit.id == "latency_ms" else choice.size_mb


def _bound(limit: Requirement) -> float:
    return limit.at_most if limit.at_most is not None else float("inf")


def _enough(one: Choice, now: Choice, line: Line) -> bool:
    """Whether a choice holds a limit, if it is as much dearer than predicted as the measured one was."""
    if line.estimate is None or not _cost(now, line.requirement) > 0:
        return True
    limit = line.requirement
    return line.estimate.value * _cost(one, limit) / _cost(now, limit) <= _bound(limit)
