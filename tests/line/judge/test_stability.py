"""Stability against the model before: changes by chance are warned of, few changes or a gain are not."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.records import Finding
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.stability import stability

N = 2_000


def found(noise: float, before: float = 0.0) -> Finding:
    """Two models of one truth, each with its own noise."""
    rng = np.random.default_rng(0)
    y = (rng.random(N) < 0.5).astype(float)
    both = [np.clip(0.5 + 0.6 * (y - 0.5) + rng.normal(0, one, N), 0.01, 0.99) for one in (noise, before or noise)]
    first, second = (np.stack([1 - p, p], axis=1) for p in both)
    rows = Rows(pl.DataFrame({"x": y}), y)
    (one,) = stability(Examined("binary", "log_loss", rows, first, ("a", "b"), previous=second))
    return one


def test_changes_without_a_gain_are_warned_of() -> None:
    one = found(0.4)
    assert one.severity == "warning"
    assert "no gain in log_loss is shown" in one.says


def test_few_changes_are_noted() -> None:
    assert found(0.1).severity == "note"


def test_changes_that_pay_are_noted() -> None:
    one = found(0.1, 0.6)
    assert one.severity == "note"
    assert one.effect is not None
    assert one.effect.is_gain


def test_numbers_change_when_they_move_by_more_than_the_usual_error() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(N, 1))
    rows = Rows(pl.DataFrame({"x": y[:, 0]}), y[:, 0])
    seen = Examined("regression", "rmse", rows, y + rng.normal(size=(N, 1)), previous=y + rng.normal(size=(N, 1)))
    (one,) = stability(seen)
    assert one.severity == "warning"
    assert "moves" in one.says or "move by more" in one.says
