"""Shapes: accumulated local effects give each column its own effect, also where columns go together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from artificer.line.judge.ale import shapes
from artificer.line.judge.examined import Examined, Rows

N = 500


def examined() -> Examined:
    """Value 2x + z² where z follows x closely: partial dependence would ask about rows that could not be."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, N)
    frame = pl.DataFrame(
        {"x": x, "z": x + rng.normal(0, 0.02, N), "same": np.ones(N), "word": ["a"] * N, "k": rng.integers(0, 5, N)}
    )

    def predict(rows: pl.DataFrame) -> np.ndarray:
        # Beyond what occurs together it would break: it must not be asked there.
        far = np.abs(rows["x"].to_numpy() - rows["z"].to_numpy()) > 0.5
        return np.asarray(2 * rows["x"].to_numpy() + rows["z"].to_numpy() ** 2 + 1e6 * far)[:, None]

    return Examined("regression", "rmse", Rows(frame, np.zeros(N)), predict(frame), predict=predict)


def test_each_column_shows_its_own_effect() -> None:
    found = {one.column: one.points for one in shapes(examined(), ["x", "z", "same", "word", "k"])}
    assert set(found) == {"x", "z", "k"}
    first, last = found["x"][0], found["x"][-1]
    assert last[1].value - first[1].value == pytest.approx(2 * (last[0] - first[0]))
    first, last = found["z"][0], found["z"][-1]
    assert last[1].value - first[1].value == pytest.approx(last[0] ** 2 - first[0] ** 2, rel=0.02)
    assert all(one.value == 0 for _, one in found["k"])


def test_bands_hold_the_curve_and_have_a_width_where_rows_differ() -> None:
    (shape,) = shapes(examined(), ["z"])
    assert all(one.low <= one.value <= one.high for _, one in shape.points)
    assert max(one.high - one.low for _, one in shape.points) > 0


def test_of_several_classes_the_two_that_move_most_are_drawn() -> None:
    seen = examined()

    def predict(rows: pl.DataFrame) -> np.ndarray:
        x = rows["x"].to_numpy()
        return np.stack([0.5 - 0.4 * x, 0.2 + 0.1 * x, 0.3 + 0.3 * x], axis=1)

    of = replace(seen, task="multiclass", classes=("a", "b", "c"), prediction=predict(seen.rows.frame), predict=predict)
    found = shapes(of, ["x", "k"])  # no class moves along k
    assert [(one.column, one.of) for one in found] == [("x", "a"), ("x", "c")]
    for one, slope in zip(found, (-0.4, 0.3), strict=True):
        (low, first), (high, last) = one.points[0], one.points[-1]
        assert last.value - first.value == pytest.approx(slope * (high - low))


def test_what_fewer_than_ten_rows_reach_is_not_told() -> None:
    seen = examined()
    x = seen.rows.frame["x"].to_numpy().copy()
    x[:9], x[9:18] = 987.5, -987.5
    (shape,) = shapes(replace(seen, rows=replace(seen.rows, frame=seen.rows.frame.with_columns(x=x))), ["x"])
    at = [one for one, _ in shape.points]
    assert sorted(x)[9] == at[0] > 0
    assert sorted(x)[-10] == at[-1] < 1


def test_there_is_no_shape_without_a_model() -> None:
    assert shapes(replace(examined(), predict=None), ["x"]) == ()
