"""A challenger learns from all rows unless fewer are shown to be better."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.line.update import Meeting, start_of


def version() -> Any:
    def encode(frame: pl.DataFrame) -> Any:
        return SimpleNamespace(
            numbers=frame.select("x", "z").to_numpy(), codes=frame.select("c").to_numpy().astype(np.int32)
        )

    return SimpleNamespace(predictor=SimpleNamespace(schema=SimpleNamespace(encode=encode)))


def rows(slopes: list[tuple[int, float]], *, classes: int = 2) -> Meeting:
    rng = np.random.default_rng(0)
    n = sum(count for count, _ in slopes)
    x = rng.normal(size=n)
    slope = np.concatenate([np.full(count, one) for count, one in slopes])
    p = 1 / (1 + np.exp(-slope * x))
    y = (rng.random(n) < p).astype(float) if classes else slope * x + rng.normal(0, 0.3, n)
    frame = pl.DataFrame({"x": x, "z": rng.normal(size=n), "c": rng.integers(1, 4, n)})
    return Meeting(frame, np.arange(n), y, classes, None, None, None, 1)


@pytest.mark.parametrize("classes", [2, 0])
def test_old_rows_that_teach_the_contrary_are_left_out(classes: int) -> None:
    start = start_of(version(), rows([(8000, 2.0), (3000, -2.0)], classes=classes), 8000)
    assert start.first == 8000
    assert start.decision.choice == "the rows since the champion"
    assert "all rows" in start.decision.alternatives


def test_rows_that_teach_the_same_all_stay() -> None:
    start = start_of(version(), rows([(11_000, 2.0)]), 8000)
    assert start.first == 0
    assert "not shown to be better" in start.decision.because


@pytest.mark.parametrize("classes", [2, 0])
def test_as_few_new_rows_as_a_meeting_leaves_are_taken_alone_where_old_ones_teach_the_contrary(classes: int) -> None:
    start = start_of(version(), rows([(1200, 2.0), (400, -2.0)], classes=classes), 1200)
    assert start.decision.choice == "the rows since the champion"


def test_too_few_new_rows_are_not_taken_alone() -> None:
    start = start_of(version(), rows([(1500, 2.0), (250, -2.0)]), 1500)
    assert start.first < 1500
    assert "the rows since the champion" not in (start.decision.choice, *start.decision.alternatives)


def test_nothing_is_measured_on_what_the_yardstick_was_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from artificer.line.update import start_of as room

    module = __import__("sys").modules[room.__module__]
    folds: list[Any] = []
    probe = module.probe
    monkeypatch.setattr(module, "probe", lambda *a, **k: folds.append(a[4]) or probe(*a, **k))
    start_of(version(), rows([(8000, 2.0), (3000, -2.0)]), 8000)
    assert len(folds) == 3
    for ((train, measured),) in folds:
        assert train.max() < measured.min()
        assert (measured == folds[0][0][1]).all()
