"""Comparisons: signs, symmetry, agreement with known tests, and no certainty where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from artificer.measure.compare import compare, corrected_resampled_t
from artificer.measure.metrics import METRICS, metric, score

# One metric of every family, and every metric without parameters.
SOME = [*METRICS, "quantile_loss:0.9", "tweedie_deviance:1.2", "precision_at:50", "value:-1,4", "value:-1,4,0.3"]


def _two(success: np.ndarray) -> np.ndarray:
    return np.stack([1 - success, success], axis=1)


def _pair(name: str, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, a good prediction and a worse one."""
    rng = np.random.default_rng(5)
    if metric(name).tasks == ("regression",):
        y = rng.gamma(4.0, size=n)
        if "deviance" in name:  # of what is above 0
            return y, y * np.exp(0.1 * rng.normal(size=n)), y * np.exp(0.5 * rng.normal(size=n))
        return y, y + 0.2 * rng.normal(size=n), y + rng.normal(size=n)
    y = (rng.random(n) < 0.4).astype(np.float64)
    base = rng.normal(size=n)
    return y, _two(stats.norm.cdf(base + 3 * y - 1.5)), _two(stats.norm.cdf(base + 0.3 * y))


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_better_model_gains_and_the_worse_loses_as_much(name: str, grouped: bool, weighted: bool) -> None:
    y, good, poor = _pair(name)
    groups = np.arange(200) // 4 if grouped else None
    weight = np.random.default_rng(1).random(200) + 0.5 if weighted else None
    gain, loss = (compare(name, y, *both, weight, groups=groups) for both in ((good, poor), (poor, good)))
    expected = metric(name).sign * (score(name, y, good, weight) - score(name, y, poor, weight))
    assert gain.value == pytest.approx(expected)
    assert gain.is_gain
    assert (loss.low, loss.value, loss.high) == pytest.approx((-gain.high, -gain.value, -gain.low))
    assert gain.n == (50 if grouped else 200)


@pytest.mark.parametrize("name", SOME)
def test_a_model_is_no_better_than_itself(name: str) -> None:
    y, good, _ = _pair(name)
    found = compare(name, y, good, good)
    assert found.value == 0
    assert not found.is_gain
    assert found.low <= 0 <= found.high


def test_paired_losses_are_the_paired_t_test() -> None:
    y, good, poor = _pair("mae")
    known = stats.ttest_rel(np.abs(poor - y), np.abs(good - y)).confidence_interval()
    found = compare("mae", y, good, poor)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(500) < 0.4).astype(float)
    base = rng.normal(size=500) + y
    close = compare("roc_auc", y, _two(stats.norm.cdf(base)), _two(stats.norm.cdf(base + 0.1 * rng.normal(size=500))))
    far = compare("roc_auc", y, _two(stats.norm.cdf(base)), _two(stats.norm.cdf(rng.normal(size=500) + y)))
    assert close.high - close.low < 0.3 * (far.high - far.low)


def test_four_rows_of_fifty_do_not_show_a_gain_in_accuracy() -> None:
    y = np.ones(50)
    first, second = _two(np.full(50, 0.9)), _two(np.r_[np.full(4, 0.1), np.full(46, 0.9)])
    assert compare("accuracy", y, first, second).value == pytest.approx(0.08)
    assert not compare("accuracy", y, first, second).is_gain


def test_perfect_against_reversed_on_two_successes_is_not_certain() -> None:
    y = np.array([1.0, 1.0, 0.0, 0.0])
    found = compare("roc_auc", y, _two(y), _two(1 - y))
    assert found.value == 1.0
    assert found.high - found.low > 1
    one = compare("roc_auc", y[1:], _two(y[1:]), _two(1 - y[1:]))
    assert one.low == -np.inf


def test_rows_of_one_class_cannot_be_compared_by_rank() -> None:
    found = compare("roc_auc", np.ones(9), np.full((9, 2), 0.5), np.full((9, 2), 0.4))
    assert np.isnan(found.value)
    assert not found.is_gain


def test_overlapping_folds_widen_the_interval_by_their_share() -> None:
    differences = np.array([0.01, 0.03, 0.02, 0.05, 0.04])
    plain = stats.ttest_1samp(differences, 0).confidence_interval()
    found = corrected_resampled_t(differences, n_train=80, n_test=20)
    assert (found.high - found.low) / (plain.high - plain.low) == pytest.approx(np.sqrt((1 / 5 + 1 / 4) / (1 / 5)))
    assert corrected_resampled_t(differences[:1], 80, 20).low == -np.inf


@pytest.mark.parametrize("name", ["roc_auc", "f1", "balanced_accuracy", "mae", "brier"])
def test_two_that_differ_are_not_surely_alike_for_scoring_alike_on_few_rows(name: str) -> None:
    y = np.array([0.0, 1.0, 0.0, 1.0])
    first, second = _two(0.2 + 0.6 * y), _two(0.1 + 0.8 * y)
    if name == "mae":
        first, second = y + 1, y - 1
    if name == "brier":
        first, second = _two(np.full(4, 0.4)), _two(np.full(4, 0.6))
        y = np.array([0.0, 1.0] * 2)
    found = compare(name, y, first, second)
    assert found.value == pytest.approx(0)
    assert found.low < -0.3
    assert found.high > 0.3
