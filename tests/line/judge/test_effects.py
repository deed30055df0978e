"""An effect that the brief demands is swept through on the model that ships."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

from artificer.core.brief import Features
from artificer.core.records import Finding
from artificer.line.judge.effects import effects
from artificer.line.judge.seen import Seen

Make = Callable[..., Seen]
Effect = Literal["increasing", "decreasing", "any"]


def found(make: Make, effect: Effect, coefficient: float, task: str = "binary") -> list[Finding]:
    y = np.tile([0.0, 1.0], 30)
    seen = make(y, y, task=task, coefficients={"x": coefficient}, features=Features(effect={"x": effect}))
    return list(effects(seen))


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("effect", "coefficient"), [("increasing", 2.0), ("decreasing", -2.0), ("increasing", 0.0)])
def test_an_effect_that_holds_is_noted(make: Make, effect: Effect, coefficient: float, task: str) -> None:
    (finding,) = found(make, effect, coefficient, task)
    assert (finding.code, finding.severity, finding.where) == ("effect", "note", "x")
    assert finding.facts[0].value == 0.0


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(("effect", "coefficient"), [("increasing", -2.0), ("decreasing", 2.0)])
def test_an_effect_that_is_violated_blocks(make: Make, effect: Effect, coefficient: float, task: str) -> None:
    (finding,) = found(make, effect, coefficient, task)
    assert finding.severity == "blocker"
    assert finding.facts[0].value == 1.0


def test_any_effect_is_no_demand(make: Make) -> None:
    assert found(make, "any", -2.0) == []
