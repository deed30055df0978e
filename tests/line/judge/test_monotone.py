"""Directions: one that is demanded and broken blocks, one that mostly holds is told, one that holds is not."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.records import Finding
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.monotone import monotone

N = 600


def found(dip: float, effects: dict[str, str] | None = None, *, turned: bool = False) -> dict[str, Finding]:
    """Predictions that rise with x, but where z is large: there they fall by `dip` in the middle."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.uniform(0, 1, N), "z": rng.uniform(0, 1, N), "n": rng.integers(0, 9, N)})

    def predict(rows: pl.DataFrame) -> np.ndarray:
        x, z = rows["x"].to_numpy(), rows["z"].to_numpy()
        value = (x - dip * ((x > 0.5) & (x < 0.7) & (z > 0.9))) * (-1 if turned else 1)
        return np.asarray(value)[:, None]

    seen = Examined(
        "regression", "rmse", Rows(frame, np.zeros(N)), predict(frame), predict=predict, effects=effects or {}
    )
    return {one.where: one for one in monotone(seen)}


def test_rows_against_a_direction_that_mostly_holds_are_noted() -> None:
    one = found(0.6)["x"]
    assert one.severity == "note"
    assert 0.03 < float(one.facts[0].value) < 0.2
    assert 'x = "increasing"' in one.fix
    assert 'x = "decreasing"' in found(0.6, turned=True)["x"].fix


def test_a_direction_that_holds_is_not_told() -> None:
    seen = found(0.0)
    assert set(seen) == {"model"}
    assert seen["model"].says.startswith("in none of 3 numbers")


def test_what_is_demanded_must_hold_on_every_row() -> None:
    assert found(0.6, {"x": "increasing"})["x"].severity == "blocker"
    assert found(0.0, {"x": "increasing"})["x"].severity == "note"
    assert found(0.0, {"x": "decreasing"})["x"].facts[0].value == 1.0
    assert "demanded" not in found(0.6, {"x": "any"})["model"].says


def test_several_classes_have_no_direction() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    p = np.full((2, 3), 1 / 3)
    seen = Examined("multiclass", "log_loss", Rows(frame, np.zeros(2)), p, ("a", "b", "c"), predict=lambda rows: p)
    (one,) = monotone(seen)
    assert one.severity == "note"
