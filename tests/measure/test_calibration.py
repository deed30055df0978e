"""The calibration slope is 1 for right probabilities, agrees with scikit-learn, and its interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from artificer.measure.calibration import calibration_error, calibration_slope, expected_error, reliability
from artificer.measure.cox import chance_if_right

Rng = np.random.Generator


def rows(rng: Rng, n: int, sureness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from log odds, and probabilities whose log odds are `sureness` times those."""
    odds = rng.normal(-0.7, 1.2, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return y, two(1 / (1 + np.exp(-sureness * odds)))


def two(success: np.ndarray) -> np.ndarray:
    return np.stack([1 - success, success], axis=1)


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.0])
def test_the_interval_holds_the_truth_in_92_to_98_of_100_samples(sureness: float) -> None:
    found = [calibration_slope(*rows(np.random.default_rng(seed), 150, sureness)) for seed in range(400)]
    held = np.mean([one.low <= 1 / sureness <= one.high for one in found])
    assert 0.92 <= held <= 0.98, held


def test_over_groups_too() -> None:
    held = 0
    for seed in range(400):
        y, p = rows(np.random.default_rng(seed), 60)
        found = calibration_slope(np.repeat(y, 5), np.repeat(p, 5, axis=0), groups=np.repeat(np.arange(60), 5))
        held += found.low <= 1.0 <= found.high
    assert 0.92 <= held / 400 <= 0.98, held / 400


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=30)
def test_it_is_the_coefficient_of_a_logistic_regression(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y, p = rows(rng, 300, 1.5)
    weight = rng.uniform(0.5, 2.0, 300) if weighted else None
    odds = np.log(p[:, 1:] / p[:, :1])
    expected = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds, y, weight).coef_[0, 0]
    assert calibration_slope(y, p, weight).value == pytest.approx(expected, rel=1e-4)


def test_weights_count_like_repeated_rows() -> None:
    y, p = rows(np.random.default_rng(0), 200)
    times = np.random.default_rng(1).integers(1, 4, 200)
    repeated = calibration_slope(np.repeat(y, times), np.repeat(p, times, axis=0))
    assert calibration_slope(y, p, times.astype(float)).value == pytest.approx(repeated.value, rel=1e-9)


@pytest.mark.parametrize(
    ("y", "success"),
    [
        ([1, 1, 1, 1], [0.2, 0.4, 0.6, 0.8]),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]),
        ([0, 0, 1, 1], [0.2, 0.4, 0.6, 0.8]),
        ([0, 1], [0.6, 0.4]),
        ([], []),
    ],
    ids=["one class", "one prediction", "classes parted", "two rows", "no rows"],
)
def test_where_nothing_defines_it_it_is_not_a_number(y: list[int], success: list[float]) -> None:
    found = calibration_slope(np.array(y, np.float64), two(np.array(success, np.float64)))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_predictions_of_0_and_1_are_no_trouble() -> None:
    y, p = rows(np.random.default_rng(3), 200)
    p[:5, 1], p[5:10, 1] = 0.0, 1.0
    assert np.isfinite(calibration_slope(y, two(p[:, 1])).value)


def test_the_error_of_right_probabilities_is_about_zero_and_of_wrong_ones_what_it_is() -> None:
    held = {"right": 0, "wrong": 0}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p = rng.random(1000) * 0.6
        right = calibration_error((rng.random(1000) < p).astype(float), p)
        wrong = calibration_error((rng.random(1000) < p + 0.2).astype(float), p)
        held["right"] += right.low == 0
        held["wrong"] += wrong.low <= 0.2 <= wrong.high
    assert held["right"] >= 93
    assert held["wrong"] >= 90


def test_the_error_is_not_defined_on_few_rows_and_is_wider_over_groups() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(float)
    assert np.isnan(calibration_error(y[:15], p[:15]).value)
    five = [np.repeat(values, 5) for values in (y, p, np.arange(400))]
    together, apart = (calibration_error(five[0], five[1], groups=one) for one in (five[2], None))
    assert together.low <= calibration_error(y, p).value < apart.value
    assert together.low < apart.low


def test_reliability_holds_what_came_beside_what_was_said() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(4000) ** 2
    points = reliability((rng.random(4000) < chance).astype(float), chance)
    assert [one.n for _, one in points] == [400] * 10
    assert sum(one.low <= stated <= one.high for stated, one in points) >= 9
    off = reliability((rng.random(4000) < chance / 2).astype(float), chance)
    assert all(one.high < stated for stated, one in off[5:])


def test_reliability_keeps_rows_of_the_same_chance_together() -> None:
    chance = np.repeat([0.1, 0.8, 0.9], [300, 50, 50])
    points = reliability((chance > 0.5).astype(float), chance)
    assert [(round(stated, 3), one.value, one.n) for stated, one in points] == [
        (0.1, 0, 300),
        (0.8, 1, 50),
        (0.9, 1, 50),
    ]
    assert reliability(np.ones(19), np.ones(19)) == ()
    assert [one.n for _, one in reliability(np.ones(40), np.ones(40))] == [40]


def test_the_order_of_rows_of_the_same_chance_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    p = rng.choice([0.2, 0.5, 0.8], 1_000)
    y = (rng.random(1_000) < p).astype(float)
    by_label = np.argsort(y, kind="stable")
    assert calibration_error(y[by_label], p[by_label]).high == pytest.approx(calibration_error(y, p).high)
    assert calibration_error(y, p).low == 0
    error, by_chance = expected_error(y[by_label], p[by_label])
    assert error.value == pytest.approx(expected_error(y, p)[0].value)
    assert error.low <= by_chance <= error.high


def test_rows_without_weight_say_nothing_of_calibration() -> None:
    y, p, none = np.tile([0.0, 1.0], 30), np.full(60, 0.5), np.zeros(60)
    assert np.isnan(calibration_error(y, p, none).value)
    p[:3], one = [0.1, 0.2, 0.3], np.eye(60)[0]
    assert chance_if_right(y, p, none) == (1.0, np.inf)
    assert chance_if_right(y, p, one)[1] == np.inf
    assert calibration_error(np.ones(60), np.ones(60), np.tile([2.0, 1.0, 0.0], 20)).value == 0.0
