"""The best two candidates are compared over the folds that both ran on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from artificer.core.records import Estimate
from artificer.core.stages import Candidate, RunnerUp, Trial
from artificer.line.fit.runner_up import runner_up

ROWS = np.random.default_rng(0).permutation(1_000)  # in the order in which folds measured them
Y = np.random.default_rng(1).normal(size=1_000)


def compared(noise: dict[str, float], n_folds: int = 5) -> RunnerUp | None:
    """Candidates whose predictions err by so much."""
    folds = np.array_split(ROWS, n_folds)
    race: Any = SimpleNamespace(
        rows=ROWS, n_rounds=n_folds, fits_of=SimpleNamespace(valid_rows=lambda fold: folds[fold])
    )
    track: Any = SimpleNamespace(
        plan=SimpleNamespace(metric="rmse"),
        rows=SimpleNamespace(y=Y, weight=None),
        asked=SimpleNamespace(positive=-1),
        n_train=lambda fold: 1_000 - len(folds[fold]),
    )
    rng, readings = np.random.default_rng(2), []
    for name, spread in noise.items():
        score = Estimate(spread, spread - 0.1, spread + 0.1, "t", 1_000)
        readings.append((Trial(Candidate(name, name, {}), score=score), (Y + spread * rng.normal(size=1_000))[:, None]))
    readings.append((Trial(Candidate("late", "late", {}), dropped="the clock"), None))
    return runner_up(race, track, readings)


def test_the_best_is_told_from_the_next_and_others_are_left_out() -> None:
    found = compared({"poor": 3.0, "next": 1.2, "best": 1.0})
    assert found is not None
    assert (found.first, found.second) == ("best", "next")
    assert found.chances.better > 0.99
    assert found.chances.within == pytest.approx(0.01)  # a hundredth of the best one's error


def test_two_that_are_alike_are_not_told_apart() -> None:
    found = compared({"one": 1.0, "other": 1.0})
    assert found is not None
    assert found.chances.better < 0.95
    assert found.chances.same > 0.05


def test_one_candidate_or_one_fold_has_no_runner_up() -> None:
    assert compared({"only": 1.0}) is None
    assert compared({"one": 1.0, "other": 1.1}, n_folds=1) is None
