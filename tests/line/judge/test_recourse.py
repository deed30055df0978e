"""Recourse: the nearest change that turns a decision, of values that training had, in columns that can be changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.line.judge.examined import Examined, Predict, Rows
from artificer.line.judge.recourse import counterfactuals, nearest, recourse

N = 300


def examined(predict: Predict, changeable: tuple[str, ...] = ("hours", "school")) -> Examined:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": rng.integers(18, 80, N),
            "hours": rng.integers(0, 60, N),
            "school": rng.choice(["none", "some", "all"], N),
        }
    )
    return Examined(
        "binary",
        "log_loss",
        Rows(frame, np.zeros(N)),
        predict(frame),
        ("no", "yes"),
        predict=predict,
        changeable=changeable,
    )


def two(score: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-score))
    return np.stack([1 - p, p], axis=1)


def by_effort(frame: pl.DataFrame) -> np.ndarray:
    """Yes from 40 hours on; with all of school from 20 on."""
    return two(frame["hours"].to_numpy() + 20 * (frame["school"] == "all").to_numpy() - 39.5)


def by_age(frame: pl.DataFrame) -> np.ndarray:
    return two(frame["age"].to_numpy() - 60.5)


def test_the_nearest_change_is_found() -> None:
    seen = examined(by_effort)
    frame = seen.rows.frame
    refused = np.flatnonzero(by_effort(frame)[:, 1] < 0.5)
    for place in refused[:30].tolist():
        way = nearest(seen, place)
        assert way is not None
        assert way.chance > 0.5
        spread = float(np.subtract(*np.quantile(frame["hours"], [0.75, 0.25])))
        known = np.array(sorted({frame["hours"].quantile(one, "nearest") for one in np.linspace(0, 1, 12)}))
        hours = frame["hours"][place]
        alone = (known[known >= 40].min() - hours) / spread
        schooled = 1 + max(0.0, min((one - hours) / spread for one in known if one >= 20)) if hours < 20 else 1.0
        best = alone if frame["school"][place] == "all" else min(alone, schooled)
        assert way.distance <= best + 1e-9
        assert {change.column for change in way.changes} <= {"hours", "school"}


def test_only_values_of_the_training_rows_are_asked_about() -> None:
    seen = examined(by_effort)
    idle = seen.rows.frame.with_columns(hours=pl.lit(10), school=pl.lit("none"))
    assert nearest(replace(seen, train=Rows(idle, np.zeros(N))), int(seen.prediction[:, 1].argmin())) is None


def test_most_rows_have_recourse_and_it_is_noted() -> None:
    (one,) = recourse(examined(by_effort))
    assert one.severity == "note"
    assert "25 of 25" in one.says
    assert "'hours'" in one.says or "'school'" in one.says


def test_a_model_that_leaves_nothing_to_change_is_warned_of() -> None:
    (one,) = recourse(examined(by_age))
    assert one.severity == "warning"
    assert "0 of 25" in one.says


def test_where_no_row_is_refused_there_is_nothing_to_look_for() -> None:
    seen = examined(by_effort)
    (one,) = recourse(replace(seen, prediction=np.tile([0.1, 0.9], (N, 1))))
    assert "no row is refused" in one.says


def test_a_number_moves_no_further_than_it_must() -> None:
    seen = examined(by_effort, ("hours",))
    hours = seen.rows.frame["hours"]
    place = int(np.flatnonzero(hours.to_numpy() == 10)[0])
    found = nearest(seen, place)
    assert found is not None
    assert found.changes[0].value == hours.filter(hours >= 40).min()
    assert found.chance > 0.5


def test_whole_numbers_of_two_columns_are_changed_together() -> None:
    def by_both(frame: pl.DataFrame) -> np.ndarray:
        return two(((frame["hours"] > 40) & (frame["age"] > 60)).to_numpy() - 0.5)

    seen = examined(by_both, ("hours", "age"))
    refused = np.flatnonzero((seen.rows.frame["hours"] <= 40).to_numpy() & (seen.rows.frame["age"] <= 60).to_numpy())
    way = nearest(seen, int(refused[0]))
    assert way is not None
    assert {one.column for one in way.changes} == {"hours", "age"}


KINDS = ("few", "some", "many")


def by_kind(frame: pl.DataFrame) -> np.ndarray:
    """Few below 20 hours, some below 40, many from there on; school counts as 10 hours."""
    hours = frame["hours"].to_numpy() + 10 * (frame["school"] == "all").to_numpy()
    score = np.stack([-np.abs(hours - middle) / 4 for middle in (10, 29.5, 49)], axis=1)
    powers = np.exp(score - score.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def of_kinds(multipliers: tuple[float, ...] = ()) -> Examined:
    seen = examined(by_kind)
    return replace(seen, task="multiclass", classes=KINDS, multipliers=multipliers)


@given(place=st.integers(0, N - 1), multipliers=st.sampled_from([(), (1.0, 3.0, 1.0), (2.0, 1.0, 1.0)]))
def test_of_several_classes_the_nearest_other_one_is_named(place: int, multipliers: tuple[float, ...]) -> None:
    seen = of_kinds(multipliers)
    frame = seen.rows.frame
    way = nearest(seen, place)
    assert way is not None
    row = frame[place]
    for change in way.changes:
        row = row.with_columns(pl.lit(change.value).cast(frame[change.column].dtype).alias(change.column))
    now, then = (int(seen.labels(by_kind(one))[0]) for one in (frame[place], row))
    assert (way.was, way.of) == (KINDS[now], KINDS[then])
    assert now != then
    assert way.chance == pytest.approx(by_kind(row)[0, then])
    spread = float(np.subtract(*np.quantile(frame["hours"], [0.75, 0.25])))
    hours = np.sort(frame["hours"].to_numpy())[9:-9]
    moved = frame[np.full(len(hours), place)].with_columns(hours=hours)
    others = hours[seen.labels(by_kind(moved)) != now]
    assert way.distance <= np.abs(others - frame["hours"][place]).min() / spread + 1e-9


def test_of_several_classes_it_is_told_which_become_which_and_nobody_is_refused() -> None:
    (one,) = recourse(of_kinds())
    assert one.severity == "note"
    assert one.says.startswith(
        "for 25 of 25 rows a change of hours, school alone would have the model name another class"
    )
    assert any(f"from '{was}' to '{then}'" in one.says for was in KINDS for then in KINDS)
    (none,) = recourse(replace(of_kinds(), changeable=("age",)))
    assert none.severity == "note"
    assert "0 of 25" in none.says


def of_size(size: np.ndarray, school: np.ndarray, at: float) -> Examined:
    """Yes where the size, and 20 more of those taught at home, is above `at`."""

    def by_size(frame: pl.DataFrame) -> np.ndarray:
        home = (frame["school"] == "home").to_numpy()
        return two(np.clip(frame["size"].to_numpy() + 20.0 * home - at, -9, 9))

    frame = pl.DataFrame({"size": size, "school": school})
    prediction = by_size(frame)
    return Examined(
        *("binary", "log_loss", Rows(frame, np.zeros(len(size))), prediction, ("no", "yes")),
        predict=by_size,
        changeable=("size", "school"),
    )


def test_what_fewer_than_ten_rows_hold_is_not_told() -> None:
    size = np.random.default_rng(0).normal(size=N)
    size[:9], size[9:18] = 987654.25, -987654.25
    school = np.where(np.arange(N) < 9, "home", "some")
    assert nearest(of_size(size, school, 5.0), 20) is None
    way = nearest(of_size(size, school, 1.0), int(size[18:].argmin()) + 18)
    assert way is not None
    (change,) = way.changes
    assert change.value not in size
    assert str(change) == f"size raised to {change.value:.3g}"
    assert 1.0 < change.value < 1.05


def test_a_value_that_ten_rows_hold_is_told_as_it_is() -> None:
    size = np.repeat([0.1, 2 / 3, 0.123456789 * 7], N // 3)
    way = nearest(of_size(size, np.full(N, "some"), 0.7), 0)
    assert way is not None
    assert way.changes[0].value == 0.123456789 * 7


def test_out_of_fold_a_row_that_the_model_decides_otherwise_is_no_row_to_turn() -> None:
    seen = of_kinds()
    asked = {"row 0": 0, "row 1": 1}
    both = counterfactuals(seen, asked)
    assert all(one.nearest is not None for one in both)
    other = replace(seen, prediction=np.roll(seen.prediction, 1, axis=1))
    assert all(one.nearest is None for one in counterfactuals(other, asked))
    assert "the model that ships decides otherwise" in str(counterfactuals(other, asked)[0])
    (one,) = recourse(other)
    assert "was not looked for" in one.says
