"""Slices of enough rows are scored; one that is clearly worse is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from artificer.core.brief import Features
from artificer.core.records import Estimate
from artificer.core.stages import ColumnStory, Description
from artificer.line.judge.seen import Seen
from artificer.line.judge.slices import sliced_columns, slices
from artificer.measure.metrics import score

Make = Callable[..., Seen]
N = 800


def towns(make: Make, *, bad: bool) -> Seen:
    """Predictions that are good everywhere but, where `bad`, in the south; three rows are from the west."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, N).astype(float)
    town = np.where(rng.random(N) < 0.3, "south", "north").astype(object)
    town[:3] = "west"
    success = np.clip(0.5 + 0.25 * (y - 0.5) + rng.normal(0, 0.1, N), 0.01, 0.99)
    if bad:
        success = np.where(town == "south", rng.uniform(0.1, 0.9, N), success)
    return make(y, success, town=town.tolist(), features=Features(protected=("town",)))


def test_a_slice_that_is_clearly_worse_is_found(make: Make) -> None:
    scores, (found,) = slices(towns(make, bad=True), ["town"])
    assert [name for name, _ in scores] == ["town = north", "town = south"]
    assert (found.code, found.severity, found.where) == ("slice", "warning", "town = south")


def test_slices_that_differ_by_luck_are_not(make: Make) -> None:
    scores, findings = slices(towns(make, bad=False), ["town", "x"])
    assert len(scores) == 6
    assert findings == ()


def test_few_false_alarms_among_many_slices(make: Make) -> None:
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 400).astype(float)
        level = rng.choice(list("abcd"), 400).tolist()
        alarms += bool(slices(make(y, np.clip(0.3 * y + 0.7 * rng.random(400), 0, 1), level=level), ["level", "x"])[1])
    assert alarms <= 7  # 3 are expected at 5%; more than 7 happen once in 80


def test_a_worse_loss_is_a_higher_one(make: Make) -> None:
    seen = towns(make, bad=True)
    _, (found,) = slices(replace(seen, metric="log_loss"), ["town"])
    assert found.where == "town = south"


def test_numbers_are_cut_in_quarters_that_cover_all_rows(make: Make) -> None:
    seen = towns(make, bad=False)
    scores, _ = slices(seen, ["x"])
    assert [one.n for _, one in scores] == [N // 4] * 4
    first = seen.rows.frame["x"].to_numpy() <= np.quantile(seen.rows.frame["x"], 0.25)
    assert scores[0][1].value == pytest.approx(score("roc_auc", seen.y[first], seen.prediction[first]))


def test_a_column_of_gaps_or_of_one_value_has_no_slices(make: Make) -> None:
    y = np.tile([0.0, 1.0], 100)
    seen = make(y, y * 0.8, gaps=np.full(200, np.nan), same=np.ones(200))
    assert slices(seen, ["gaps", "same"]) == ((), ())


def test_levels_that_are_missing_are_a_slice(make: Make) -> None:
    seen = towns(make, bad=False)
    frame = seen.rows.frame.with_columns(town=seen.rows.frame["town"].replace({"south": None}))
    scores, _ = slices(replace(seen, rows=replace(seen.rows, frame=frame)), ["town"])
    assert [name for name, _ in scores] == ["town = (missing)", "town = north"]


def test_protected_columns_come_first_then_three_that_say_most(make: Make) -> None:
    y = np.tile([0.0, 1.0], 60)
    words = {name: np.tile(["a", "b", "c"], 40).tolist() for name in ("p", "weak", "some", "more", "most")}
    seen = make(y, y, features=Features(protected=("p",)), **words)
    strength = {"weak": 0.01, "some": 0.1, "more": 0.2, "most": 0.3}
    stories = tuple(
        ColumnStory(name, "category", 0.0, 3, association=Estimate(value, 0, 1, "V", 120))
        for name, value in strength.items()
    )
    assert sliced_columns(seen.run, seen.asked, Description(120, stories)) == ["p", "most", "more", "some"]
