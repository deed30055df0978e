"""Intervals against known values, and on the rows where intervals are easily wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from artificer.measure.compare import compare
from artificer.measure.delong import auc_covariance
from artificer.measure.intervals import estimate, of_draws
from artificer.measure.means import mean_of_rows, mean_t, quantile_interval, ratio, share_of, wilson
from artificer.measure.metrics import METRICS, metric, score
from artificer.measure.resampling import resamples
from artificer.measure.scales import plain_weights
from artificer.measure.stretches import within

# One metric of every family, and every metric without parameters.
SOME = [*METRICS, "quantile_loss:0.9", "tweedie_deviance:1.2", "precision_at:0.2", "value:-1,4", "value:-1,4,0.3"]


def _two(success: np.ndarray) -> np.ndarray:
    return np.stack([1 - success, success], axis=1)


def _drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(np.float64)
    return y, _two(stats.norm.cdf(rng.normal(size=n) + y))


@given(n=st.integers(1, 500), share=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_wilson_is_that_of_scipy(n: int, share: float) -> None:
    k = round(share * n)
    known = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (wilson(k, n).low, wilson(k, n).high) == pytest.approx((known.low, known.high), abs=1e-9)


def test_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).normal(size=20)
    known = stats.ttest_1samp(values, 0).confidence_interval()
    assert (mean_t(values).low, mean_t(values).high) == pytest.approx((known.low, known.high))


def test_delong_is_the_sum_over_all_pairs() -> None:
    rng = np.random.default_rng(1)
    y, scores = (rng.random(60) < 0.4).astype(float), rng.integers(0, 9, (2, 60)).astype(float)
    areas, covariance = auc_covariance(y, scores)
    up, down = scores[:, y == 1], scores[:, y == 0]
    wins = (up[:, :, None] > down[:, None, :]) + 0.5 * (up[:, :, None] == down[:, None, :])
    m, n = up.shape[1], down.shape[1]
    assert areas == pytest.approx(wins.mean(axis=(1, 2)))
    assert covariance == pytest.approx(np.cov(wins.mean(axis=2)) / m + np.cov(wins.mean(axis=1)) / n)


def test_ratio_of_equal_clusters_is_a_mean() -> None:
    successes = np.array([3.0, 5.0, 4.0, 6.0])
    by_ratio, by_mean = ratio(successes, np.full(4, 10.0)), mean_t(successes / 10)
    assert (by_ratio.low, by_ratio.high) == pytest.approx((by_mean.low, by_mean.high))


@pytest.mark.parametrize("name", SOME)
def test_the_value_is_the_score_and_lies_in_its_interval(name: str) -> None:
    y, p = _drawn(120)
    if metric(name).tasks == ("regression",):
        y, p = y + 1, p[:, 1] + 1
    for weight in (None, np.random.default_rng(2).random(120)):
        for groups in (None, np.arange(120) // 4):
            found = estimate(name, y, p, weight, groups=groups)
            assert found.value == pytest.approx(score(name, y, p, weight))
            assert found.low < found.value < found.high
            assert found.n == (120 if groups is None else 30)
            worst = metric(name).worst
            if worst is not None:
                assert worst <= found.low <= found.high <= 1


@pytest.mark.parametrize("name", ["r2", "median_absolute_error"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_influences_of_numbers_say_what_a_bootstrap_does(name: str, weighted: bool, grouped: bool) -> None:
    rng, groups = np.random.default_rng(0), np.arange(3_000) // 6 if grouped else None
    y = rng.normal(size=500)[np.arange(3_000) // 6] + rng.normal(size=3_000)
    p, weight = 0.5 * y + rng.normal(size=3_000), rng.random(3_000) if weighted else None
    found = estimate(name, y, p, weight, groups=groups)
    draws = [score(name, y[at], p[at], weight[at] if weighted else None) for at in resamples(len(y), groups)]  # type: ignore[index]
    drawn = of_draws(found.value, np.array(draws), "bootstrap", found.n, 0.95)
    assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.12 * (drawn.high - drawn.low))


@pytest.mark.parametrize("name", ["r2", "median_absolute_error"])
def test_two_rows_prove_nothing_of_numbers(name: str) -> None:
    found = estimate(name, np.array([0.0, 1.0]), np.array([0.2, 0.9]))
    assert found.high - found.low == np.inf


def test_the_same_rows_have_the_same_interval() -> None:
    y, p = _drawn(100)
    assert estimate("f1", y, p) == estimate("f1", y, p)


def test_a_higher_level_has_a_wider_interval() -> None:
    y, p = _drawn(200)
    for name in ("roc_auc", "accuracy", "log_loss", "f1"):
        usual, strict = estimate(name, y, p), estimate(name, y, p, level=0.999)
        assert strict.low < usual.low < usual.high < strict.high


def test_copies_within_groups_prove_nothing_more() -> None:
    y, p = _drawn(60)
    copies, groups = np.repeat(np.arange(60), 20), np.repeat(np.arange(60), 20)
    for name in SOME:
        if metric(name).tasks == ("regression",):
            continue
        alone, copied = estimate(name, y, p), estimate(name, y[copies], p[copies], groups=groups)
        assert copied.high - copied.low > 0.75 * (alone.high - alone.low)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1"])
@pytest.mark.parametrize("weighted", [False, True])
def test_perfect_predictions_of_few_rows_are_not_certain(name: str, weighted: bool) -> None:
    y = np.array([0.0] * 8 + [1.0] * 8)
    found = estimate(name, y, _two(y), np.ones(16) if weighted else None)
    assert found.value == found.high == 1.0
    assert 0.5 < found.low < 0.9


def test_many_weighted_rows_have_an_interval() -> None:
    y, p = _drawn(25_000)
    found = estimate("roc_auc", y, p, np.ones(25_000))
    plain = estimate("roc_auc", y, p)
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.25)


def test_rows_that_cannot_be_scored_have_no_interval() -> None:
    found = estimate("roc_auc", np.zeros(5), np.full((5, 2), 0.5))
    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert found.method == "not defined on these rows"


def test_one_group_tells_nothing_of_others() -> None:
    found = mean_of_rows(np.arange(5.0), None, np.zeros(5, np.int64))
    assert (found.low, found.high, found.n) == (-np.inf, np.inf, 1)
    assert of_draws(0.5, np.full(10, 0.5), "bootstrap", 1, 0.95).low == -np.inf


def test_few_values_leave_an_extreme_quantile_open() -> None:
    values = np.arange(100.0)
    found = quantile_interval(values, 0.99)
    assert found.high == np.inf
    assert found.low == 96.0
    assert math.isfinite(quantile_interval(np.arange(1000.0), 0.99).high)


def test_rows_of_one_group_in_several_stretches_are_not_independent() -> None:
    """Forty customers with a row in each of ten months: taken for as many as rows, the truth was held in half of the draws."""

    def held(name: str, *, grouped: bool) -> float:
        inside = 0
        for seed in range(150):
            rng = np.random.default_rng(seed)
            who, month = np.repeat(np.arange(40), 10), np.tile(np.arange(10), 40)
            x = rng.normal(size=40)[who] + 0.3 * rng.normal(size=400)
            y, p = x, np.zeros((400, 1))
            if name == "roc_auc":
                y = (rng.random(40) < 0.5).astype(float)[who]
                p = _two(stats.norm.cdf(x + y))
            truth = np.sqrt(2 * 1.09 / np.pi) if name == "mae" else stats.norm.cdf(1 / np.sqrt(2 * 1.09))
            found = within(name, y, p, month, groups=who if grouped else None)
            inside += found.low <= truth <= found.high
        return inside / 150

    for name in ("mae", "roc_auc"):
        assert held(name, grouped=True) >= 0.88
        assert held(name, grouped=False) < 0.75


def test_losses_that_are_all_alike_prove_little_on_few_rows() -> None:
    few, many = np.array([0.0, 1.0] * 2), np.array([0.0, 1.0] * 20)
    assert estimate("brier", few, _two(few)).high == np.inf
    assert estimate("mae", np.zeros(2), np.ones((2, 1))).high == np.inf
    assert estimate("median_absolute_error", np.arange(4.0), np.arange(4.0)[:, None]).high == np.inf
    assert estimate("r2", np.arange(4.0), np.arange(4.0)[:, None]).low == -np.inf
    assert estimate("brier", many, _two(many)).high == 0


def test_rows_of_no_weight_prove_nothing() -> None:
    y, weight = np.arange(10.0), np.eye(10)[0]
    assert estimate("mae", y, y[:, None] + 1, weight).high == np.inf
    assert mean_t(y, np.r_[1.0, 1.0, np.zeros(8)]) == mean_t(y[:2])


@pytest.mark.parametrize("name", ["log_loss", "brier", "poisson_deviance", "rmse", "mae"])
@pytest.mark.parametrize("grouped", [False, True])
def test_fewer_than_five_losses_do_not_tell_how_large_the_next_may_be(name: str, grouped: bool) -> None:
    rng = np.random.default_rng(0)
    n = 40 if grouped else 4
    chance, y = rng.random(n), np.arange(n) % 2
    prediction = np.stack([1 - chance, chance], axis=1) if name in ("log_loss", "brier") else chance
    told = estimate(name, y.astype(float), prediction, groups=np.arange(40) // 10 if grouped else None)
    assert told.high == np.inf
    assert 0 <= told.low <= told.value


@given(st.integers(5, 60), st.integers(0, 5))
def test_no_loss_of_chances_is_said_to_be_larger_than_any_can_be(n: int, n_wrong: int) -> None:
    y = np.arange(n) % 2
    chance = np.where(np.arange(n) < n_wrong, 1 - y, 0.9 * y + 0.05)
    prediction = np.stack([1 - chance, chance], axis=1)
    for name, largest in (("log_loss", 34.54), ("brier", 1.0)):
        told = estimate(name, y, prediction)
        assert told.value <= told.high
        assert told.high < largest or told.high == np.inf


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0, 1), st.sampled_from([1.0, 0.3]))
def test_a_quantile_lies_within_its_interval(values: list[float], q: float, worth: float) -> None:
    told = quantile_interval(np.array(values), q, worth=worth)
    assert told.low <= told.value <= told.high


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=20), st.sampled_from([1e-307, 1e-290, 1.0, 1e290, 1e305]))
def test_weights_of_any_size_count_by_their_ratios(weights: list[float], size: float) -> None:
    told = plain_weights(np.array(weights) * size)
    assert np.isfinite(told @ told)
    assert told.all()
    np.testing.assert_allclose(told / told.sum(), np.array(weights) / np.sum(weights), rtol=1e-9)


@given(st.sampled_from([1e-250, 1e-160, 1e-20, 1e160, 1e250]), st.integers(0, 1_000))
def test_an_interval_of_tiny_or_huge_values_is_that_of_plain_ones_times_their_size(size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, group = rng.poisson(1.0, 50).astype(float), np.arange(50) // 5
    for groups in (None, group):
        plain, told = (mean_of_rows(one, None, groups) for one in (values, values * size))
        for end in ("low", "high"):
            assert getattr(told, end) / size == pytest.approx(getattr(plain, end), rel=1e-9, abs=1e-9)


def test_a_poisson_mean_near_nought_is_compared_as_any_other() -> None:
    y = np.random.default_rng(0).poisson(1.0, 800).astype(float)
    shown = 1 + 0.1 * np.random.default_rng(1).random(800)
    for size in (1.0, 1e-160):
        gain = compare("poisson_deviance", y * size, shown * size, np.full(800, size))
        assert np.isfinite([gain.low, gain.high]).all()
        own = estimate("poisson_deviance", y * size, shown * size)
        assert own.low < own.value < own.high < np.inf


@pytest.mark.parametrize("seed", range(5))
def test_a_perfect_order_of_weighted_rows_is_no_surer_for_how_it_is_added_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.arange(600) % 2.0
    found = estimate("roc_auc", y, _two((y + rng.random(600)) / 2), rng.random(600))
    assert found.value == 1
    assert found.low == pytest.approx(wilson(300, 300).low)


def test_a_share_of_rows_without_weight_is_not_known() -> None:
    told = share_of(np.ones(5), np.zeros(5), None, 0.95)
    assert np.isnan(told.value)
    assert (told.low, told.high) == (0.0, 1.0)


@pytest.mark.parametrize("groups", [None, np.arange(90) // 3])
def test_a_share_of_rows_keeps_between_nought_and_one_whatever_is_counted_as_right(groups: np.ndarray | None) -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 4, 90).astype(np.float64), rng.dirichlet(np.ones(4), 90)
    accuracy, among = (estimate(name, y, p, groups=groups) for name in ("accuracy", "top_k_accuracy:3"))
    assert 0 <= accuracy.low < accuracy.value < among.value < among.high <= 1
    assert accuracy.method == among.method
