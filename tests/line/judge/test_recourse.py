"""Recourse: the nearest change that turns a decision, of values that training had, in columns that can be changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from artificer.line.judge.examined import Examined, Predict, Rows
from artificer.line.judge.recourse import nearest, recourse

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
