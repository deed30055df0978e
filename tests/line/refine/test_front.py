"""Accuracy against time and size: what stands on the front, and what a limit takes from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from artificer.core.records import Estimate
from artificer.core.stages import Choice, Line, Requirement
from artificer.line.refine.blend import Measured, path
from artificer.line.refine.front import cheaper, front, holding, marked

MS = {"quick": 0.1, "sound": 1.0, "slow": 5.0, "useless": 9.0}
LATENCY = Requirement("latency_ms", "latency_ms, 99 in 100 at most 2 ms", at_most=2.0, unit="ms")


@dataclass(frozen=True)
class Given:
    """Costs that are known."""

    def one_ms(self, names: object) -> float:
        return sum(MS[name] for name in names)  # type: ignore[attr-defined]

    def row_us(self, names: object) -> float:
        return 10 * self.one_ms(names)

    def size_mb(self, names: object) -> float:
        return self.one_ms(names)


def world() -> tuple[Measured, dict[str, np.ndarray]]:
    """Numbers, and predictions of them whose errors are independent; one is a copy of another with more noise."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=600)
    errors = {"quick": 0.8, "sound": 0.6, "slow": 0.55}
    predictions = {name: (y + error * rng.normal(size=600))[:, None] for name, error in errors.items()}
    predictions["useless"] = predictions["slow"] + 2.0 * rng.normal(size=(600, 1))
    return Measured(np.arange(600), y, "rmse", "regression"), predictions


def points() -> tuple[Choice, ...]:
    measured, predictions = world()
    way = path(measured, predictions, 4)
    return front(measured, predictions, way[-1], way, Given())  # type: ignore[arg-type]


def test_the_front_falls_in_accuracy_and_in_cost() -> None:
    found = points()
    scores, costs = [one.score.value for one in found], [one.one_ms for one in found]
    assert scores == sorted(scores)
    assert costs == sorted(costs, reverse=True)
    assert [one.chosen for one in found] == [True] + [False] * (len(found) - 1)
    assert set(found[0].weights) == {"quick", "sound", "slow"}
    assert set(found[-1].weights) == {"quick"}
    assert all(sum(one.weights.values()) == pytest.approx(1.0) for one in found)
    assert all("useless" not in one.weights for one in found)


def test_where_blending_is_not_shown_to_help_only_single_candidates_stand_there() -> None:
    measured, predictions = world()
    found = front(measured, predictions, {"slow": 1.0}, (), Given())  # type: ignore[arg-type]
    assert [list(one.weights) for one in found] == [["slow"], ["sound"], ["quick"]]


def test_nested_blends_add_one_member_at_a_time() -> None:
    measured, predictions = world()
    way = path(measured, predictions, 4)
    assert [len(one) for one in way] == list(range(1, len(way) + 1))
    assert all(set(few) < set(more) for few, more in pairwise(way))


def test_a_member_that_adds_nothing_does_not_enter_and_a_price_keeps_more_of_them_out() -> None:
    measured, predictions = world()
    predictions["nearly"] = predictions["slow"] + 0.001 * np.random.default_rng(1).normal(size=(600, 1))
    assert "nearly" not in path(measured, predictions, 5)[-1] or "slow" not in path(measured, predictions, 5)[-1]
    assert len(path(measured, predictions, 5, price=0.5)[-1]) == 1


def test_a_limit_takes_the_most_accurate_that_holds_it() -> None:
    found = points()
    assert holding(found, [LATENCY]) == next(one for one in found if one.one_ms <= 2.0)
    loose = Requirement("latency_ms", "", at_most=100.0)
    assert holding(found, [loose]).chosen
    never = Requirement("latency_ms", "", at_most=0.01)
    assert set(holding(found, [never]).weights) == {"quick"}


def test_a_limit_that_is_measured_to_be_broken_takes_a_choice_as_much_cheaper() -> None:
    found = points()
    now = holding(found, [LATENCY])
    # It was measured at ten times what was predicted: what is to hold 2 ms must be predicted at 0.2 ms.
    measured = Line(LATENCY, "unmet", Estimate(10 * now.one_ms, 9 * now.one_ms, 11 * now.one_ms, "", 1))
    other = cheaper(found, found, now.weights, [measured])
    assert other is not None
    assert set(other.weights) == {"quick"}
    assert cheaper(found, found, other.weights, [measured]) is None
    assert [set(one.weights) for one in marked(found, other.weights) if one.chosen] == [{"quick"}]


def test_what_broke_a_limit_need_not_be_among_what_there_is_time_for() -> None:
    found = points()
    now = holding(found, [LATENCY])
    measured = Line(LATENCY, "unmet", Estimate(10 * now.one_ms, 9 * now.one_ms, 11 * now.one_ms, "", 1))
    assert cheaper(found, [], now.weights, [measured]) is None
    quick = [one for one in found if set(one.weights) == {"quick"}]
    assert cheaper(found, quick, now.weights, [measured]) == quick[0]


def test_what_ships_with_a_member_left_out_need_not_be_on_the_front() -> None:
    found = points()
    measured = Line(LATENCY, "unmet", Estimate(9.0, 8.0, 10.0, "", 1))
    other = cheaper(found, found, {"no such": 1.0}, [measured])
    assert other == min(found, key=lambda one: one.one_ms)


def test_where_none_holds_the_limits_the_closest_is_taken() -> None:
    quick, small = (replace(points()[0], weights={name: 1.0}, one_ms=ms, size_mb=mb, chosen=False)
                    for name, ms, mb in (("quick", 1.0, 5.0), ("small", 2.0, 0.02)))  # fmt: skip
    size = Requirement("size_mb", "", at_most=0.01)
    assert holding((quick, small), [size]) == small
    assert holding((quick, small), [LATENCY, size]) == small
    assert holding((quick, small), [Requirement("latency_ms", "", at_most=0.1)]) == quick
