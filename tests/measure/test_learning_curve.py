"""A learning curve finds what more rows would bring, and says how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.core.clock import Clock
from artificer.measure.learning_curve import curve, gain, growing, sizes_of

SIZES = (125, 250, 500, 1_000, 2_000)


def _truth(n: np.ndarray) -> np.ndarray:
    return 0.85 - 0.9 * n**-0.4


def _scores(seed: int, noise: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(seed)
    of_fold = 0.02 * rng.normal(size=(5, 1))
    return _truth(np.array(SIZES, float)) + of_fold + noise * rng.normal(size=(5, len(SIZES)))


def test_without_noise_the_curve_goes_on_as_it_is() -> None:
    scores = np.tile(_truth(np.array(SIZES, float)), (5, 1))
    (found,) = curve("roc_auc", SIZES, scores, [8_000])
    assert found.value == pytest.approx(_truth(np.array([8_000.0]))[0], abs=0.002)


def test_the_interval_of_the_gain_holds_the_truth() -> None:
    truth = float(np.diff(_truth(np.array([2_000.0, 4_000.0])))[0])
    found = [gain("roc_auc", SIZES, _scores(seed), 2_000, 4_000) for seed in range(150)]
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.88
    assert np.median([one.high - one.low for one in found]) < 0.05


def test_losses_gain_where_they_fall() -> None:
    scores = 1 - _scores(0, 0.001)
    found = gain("rmse", SIZES, scores, 2_000, 4_000)
    assert found.low > 0


def test_a_flat_curve_gains_nothing() -> None:
    scores = 0.7 + 0.01 * np.random.default_rng(0).normal(size=(5, 5))
    found = gain("roc_auc", SIZES, scores, 2_000, 4_000)
    assert found.low <= 0.001
    assert found.value < 0.01


def test_sizes_are_halves_and_none_is_too_small() -> None:
    assert sizes_of(240) == (60, 120, 240)
    assert sizes_of(50) == ()


def test_more_rows_score_better_and_an_expired_clock_measures_nothing() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_500, 4)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] + 0.5 * rng.normal(size=1_500) > 0).astype(float)
    fold = np.arange(1_500) % 3
    folds = [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(3)]
    scores = growing(X, y, "binary", 2, folds, metric="roc_auc", sizes=(100, 1_000))
    assert scores is not None
    assert (scores[:, 1] > scores[:, 0]).all()
    assert growing(X, y, "binary", 2, folds, metric="roc_auc", sizes=(100,), clock=Clock.after(-1)) is None


def test_rows_of_one_group_come_together_so_that_few_rows_are_few_groups() -> None:
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(40), 50)
    X = rng.normal(size=(40, 1))[place].astype(np.float32)
    y = (X[:, 0] + 0.5 * rng.normal(size=len(X)) > 0).astype(float)
    fold = place % 4
    folds = [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(4)]
    by_rows, by_groups = (
        growing(X, y, "binary", 2, folds, metric="roc_auc", sizes=(120, 1_500), groups=groups)
        for groups in (None, place)
    )
    assert by_rows is not None
    assert by_groups is not None
    assert by_groups[:, 0].mean() < by_rows[:, 0].mean() - 0.05  # three groups, and thirty
    assert by_groups[:, 1] == pytest.approx(by_rows[:, 1], abs=0.02)
