"""Nominal 95% intervals hold the truth in 92 to 98 of 100 seeded simulations: the claim that every verdict rests on.

The truth is the score of a sample so large (400,000 rows) that its own error is small against any interval here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from artificer.core.records import Estimate
from artificer.measure.compare import compare, corrected_resampled_t
from artificer.measure.intervals import estimate
from artificer.measure.lists import Listed, list_precision, lists, precision_gain, value_per_period
from artificer.measure.means import quantile_interval, ratio, wilson
from artificer.measure.metrics import metric, score

SIMULATIONS = 400
MANY = 400_000
TOP = 20
Rng = np.random.Generator


def _held(truth: float, measure: Callable[[Rng], Estimate], n: int = SIMULATIONS) -> float:
    found = [measure(np.random.default_rng(seed)) for seed in range(n)]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def _two(success: np.ndarray) -> np.ndarray:
    return np.stack([1 - success, success], axis=1)


def _classes(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
    y = (rng.random(n) < 0.3).astype(np.float64)
    x = rng.normal(size=n) + y
    return y, _two(1 / (1 + np.exp(-(x - 0.5 + np.log(0.3 / 0.7)))))


def _numbers(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
    p = rng.normal(size=n)
    return p + rng.normal(size=n), p


def _grouped(rng: Rng, n_groups: int, size: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows whose errors are half their group's."""
    groups = np.repeat(np.arange(n_groups), size)
    p = rng.normal(size=len(groups))
    return p + rng.normal(size=n_groups)[groups] + rng.normal(size=len(groups)), p, groups


def _pair(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = (rng.random(n) < 0.3).astype(np.float64)
    base = rng.normal(size=n)
    first, second = (base + by * y + noise * rng.normal(size=n) for by, noise in ((1.2, 0.3), (0.9, 0.5)))
    return y, _two(stats.norm.cdf(first)), _two(stats.norm.cdf(second))


def _pairs_in_groups(rng: Rng, n_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Classes, two models' chances and groups of 2 to 10 rows, which share part of their luck and of what models see."""
    groups = np.repeat(np.arange(n_groups), rng.integers(2, 11, n_groups))
    of_group, of_score = rng.normal(size=(2, n_groups))[:, groups]
    x = 0.7 * of_score + 0.7 * rng.normal(size=len(groups))
    y = (x + 1.2 * of_group + 0.6 * rng.normal(size=len(groups)) > 0.8).astype(np.float64)
    second = x + 0.8 * rng.normal(size=len(groups))
    return y, _two(stats.norm.cdf(x)), _two(stats.norm.cdf(second)), groups


def _periods(rng: Rng, n_periods: int, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores of two models, success and period of 80 rows a period; some periods are better than others by `spread`."""
    period = np.repeat(np.arange(n_periods), 80)
    x = rng.normal(size=len(period))
    lift = spread * rng.normal(size=n_periods)[period]
    success = (rng.random(len(period)) < 1 / (1 + np.exp(-(1.2 * x - 0.5 + lift)))).astype(np.float64)
    return x, 0.5 * x + rng.normal(size=len(period)), success, period


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "log_loss", "brier"])
def test_of_classes(name: str, n: int) -> None:
    truth = score(name, *_classes(np.random.default_rng(10**6), MANY))
    assert 0.92 <= _held(truth, lambda rng: estimate(name, *_classes(rng, n))) <= 0.98


@pytest.mark.parametrize("n", [80, 300])
@pytest.mark.parametrize("name", ["average_precision", "f1", "precision_at:0.2", "value:-1,3,0.2"])
def test_of_ranks_and_labels(name: str, n: int) -> None:
    truth = score(name, *_classes(np.random.default_rng(10**6), MANY))
    assert 0.92 <= _held(truth, lambda rng: estimate(name, *_classes(rng, n))) <= 0.98


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1", "precision_at:0.2"])
def test_of_classes_of_weighted_rows(name: str) -> None:
    def rows(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return *_classes(rng, n), rng.uniform(0.2, 2, n)

    truth = score(name, *rows(np.random.default_rng(10**6), MANY))
    assert 0.92 <= _held(truth, lambda rng: estimate(name, *rows(rng, 150))) <= 0.98


@pytest.mark.parametrize(
    ("name", "n_groups"), [("roc_auc", 30), ("average_precision", 40), ("f1", 30), ("precision_at:0.2", 40)]
)
def test_of_classes_in_groups(name: str, n_groups: int) -> None:
    truth = score(name, *_pairs_in_groups(np.random.default_rng(10**6), MANY // 6)[:2])

    def measured(rng: Rng) -> Estimate:
        y, first, _, groups = _pairs_in_groups(rng, n_groups)
        return estimate(name, y, first, groups=groups)

    assert 0.92 <= _held(truth, measured) <= 0.98


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "f1", "precision_at:0.2"])
def test_of_differences_in_groups(name: str) -> None:
    y, first, second, _ = _pairs_in_groups(np.random.default_rng(10**6), MANY // 6)
    truth = score(name, y, first) - score(name, y, second)

    def measured(rng: Rng) -> Estimate:
        y, first, second, groups = _pairs_in_groups(rng, 40)
        return compare(name, y, first, second, groups=groups)

    assert 0.92 <= _held(truth, measured) <= 0.98


def test_rows_of_groups_ranked_as_if_each_stood_alone_would_not_hold() -> None:
    truth = score("roc_auc", *_pairs_in_groups(np.random.default_rng(10**6), MANY // 6)[:2])
    assert _held(truth, lambda rng: estimate("roc_auc", *_pairs_in_groups(rng, 30)[:2])) < 0.9


def test_of_an_area_near_one_on_few_successes() -> None:
    def rows(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
        y = (np.arange(n) % 10 == 0).astype(np.float64)
        return y, _two(stats.norm.cdf(rng.normal(size=n) + 2.5 * y))

    truth = float(stats.norm.cdf(2.5 / np.sqrt(2)))
    assert 0.92 <= _held(truth, lambda rng: estimate("roc_auc", *rows(rng, 150)), 1000) <= 0.98


@pytest.mark.parametrize("name", ["rmse", "mae", "r2", "median_absolute_error"])
def test_of_numbers(name: str) -> None:
    truth = score(name, *_numbers(np.random.default_rng(10**6), MANY))
    assert 0.92 <= _held(truth, lambda rng: estimate(name, *_numbers(rng, 100))) <= 0.98


@pytest.mark.parametrize(("name", "n_groups"), [("mae", 20), ("r2", 20), ("rmse", 40), ("median_absolute_error", 40)])
def test_of_dependent_rows_in_groups(name: str, n_groups: int) -> None:
    y, p, _ = _grouped(np.random.default_rng(10**6), MANY // 8)

    def measured(rng: Rng) -> Estimate:
        y, p, groups = _grouped(rng, n_groups)
        return estimate(name, y, p, groups=groups)

    truth = score(name, y, p)
    assert 0.92 <= _held(truth, measured) <= 0.98


def test_dependent_rows_taken_for_independent_would_not_hold() -> None:
    y, p, _ = _grouped(np.random.default_rng(10**6), MANY // 8)
    assert _held(score("mae", y, p), lambda rng: estimate("mae", *_grouped(rng, 20)[:2])) < 0.9


@pytest.mark.parametrize(("k", "n"), [(0.5, 20), (0.1, 60), (0.02, 200)])
def test_of_shares(k: float, n: int) -> None:
    assert 0.92 <= _held(k, lambda rng: wilson(int(rng.binomial(n, k)), n), 1000) <= 0.98


@pytest.mark.parametrize("n_clusters", [5, 12, 40])
def test_of_ratios_over_clusters_of_unequal_size(n_clusters: int) -> None:
    def measured(rng: Rng) -> Estimate:
        sizes = rng.integers(10, 40, n_clusters)
        return ratio(rng.binomial(sizes, rng.beta(6, 4, n_clusters)).astype(float), sizes.astype(float))

    assert 0.92 <= _held(0.6, measured, 1000) <= 0.98


@pytest.mark.parametrize(("q", "n"), [(0.5, 60), (0.9, 200), (0.99, 1000)])
def test_of_quantiles(q: float, n: int) -> None:
    truth = float(stats.lognorm.ppf(q, 1))
    assert 0.94 <= _held(truth, lambda rng: quantile_interval(rng.lognormal(size=n), q), 1000) <= 0.99


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "accuracy", "log_loss", "precision_at:0.2"])
def test_of_differences_between_models(name: str, n: int) -> None:
    y, first, second = _pair(np.random.default_rng(10**6), MANY)
    truth = metric(name).sign * (score(name, y, first) - score(name, y, second))
    assert 0.92 <= _held(truth, lambda rng: compare(name, *_pair(rng, n))) <= 0.98


def test_of_differences_by_bootstrap() -> None:
    y, first, second = _pair(np.random.default_rng(10**6), MANY)
    truth = score("f1", y, first) - score("f1", y, second)
    assert 0.92 <= _held(truth, lambda rng: compare("f1", *_pair(rng, 100))) <= 0.98


def test_of_differences_between_roots_of_losses() -> None:
    def pair(rng: Rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y = rng.normal(size=120)
        shared = rng.normal(size=120)
        return y, y + shared, y + shared + rng.normal(size=120)

    assert 0.92 <= _held(np.sqrt(2) - 1, lambda rng: compare("rmse", *pair(rng)), 1000) <= 0.98


def test_equal_models_are_told_apart_as_rarely_as_promised() -> None:
    def alarms(name: str) -> float:
        gains = 0
        for seed in range(SIMULATIONS):
            rng = np.random.default_rng(seed)
            y = (rng.random(120) < 0.4).astype(float)
            base = rng.normal(size=120) + y
            both = (_two(stats.norm.cdf(base + 0.5 * rng.normal(size=120) - 0.5)) for _ in range(2))
            gains += compare(name, y, *both).is_gain
        return gains / SIMULATIONS

    assert max(alarms("roc_auc"), alarms("accuracy"), alarms("log_loss")) <= 0.04


def test_of_differences_over_folds_whose_training_rows_overlap() -> None:
    """Two learners of equal worth (means of a random half of the features) in 10 shuffles of 80 : 20."""

    def measured(rng: Rng) -> Estimate:
        X = rng.normal(size=(100, 2))
        y = X.sum(axis=1) + rng.normal(size=100)
        gains = []
        for _ in range(10):
            train, test = np.split(rng.permutation(100), [80])
            errors = []
            for one in (0, 1):
                slope = X[train, one] @ y[train] / (X[train, one] @ X[train, one])
                errors.append(np.mean((y[test] - slope * X[test, one]) ** 2))
            gains.append(errors[1] - errors[0])
        return corrected_resampled_t(np.array(gains), 80, 20)

    assert 0.92 <= _held(0.0, measured) <= 0.99


@pytest.mark.parametrize(("n_periods", "spread"), [(1, 0.0), (3, 0.6), (8, 0.6), (26, 0.6)])
def test_of_lists(n_periods: int, spread: float) -> None:
    x, _, success, period = _periods(np.random.default_rng(10**6), MANY // 80, spread)
    truth = list_precision(lists(Listed(success, period), x, TOP)).value

    def precision(rng: Rng) -> Estimate:
        x, _, success, period = _periods(rng, n_periods, spread)
        return list_precision(lists(Listed(success, period), x, TOP))

    def worth(rng: Rng) -> Estimate:
        x, _, success, period = _periods(rng, n_periods, spread)
        return value_per_period(Listed(success, period), x, np.full(len(x), -6.0), np.full(len(x), 80.0), TOP)

    assert 0.92 <= _held(truth, precision) <= 0.985
    assert 0.92 <= _held(TOP * (80 * truth - 6), worth) <= 0.985


@pytest.mark.parametrize(("n_periods", "spread"), [(1, 0.0), (2, 0.6), (8, 0.6)])
def test_of_differences_between_lists(n_periods: int, spread: float) -> None:
    x, other, success, period = _periods(np.random.default_rng(10**6), MANY // 80, spread)
    truth = precision_gain(Listed(success, period), x, other, TOP).value

    def measured(rng: Rng) -> Estimate:
        x, other, success, period = _periods(rng, n_periods, spread)
        return precision_gain(Listed(success, period), x, other, TOP)

    assert 0.92 <= _held(truth, measured) <= 0.995


def test_two_periods_alone_hold_at_least_as_often_as_promised() -> None:
    """The spread of two periods is often none by chance, which is why the rows' own interval bounds it from below."""
    x, _, success, period = _periods(np.random.default_rng(10**6), MANY // 80, 0.6)
    truth = list_precision(lists(Listed(success, period), x, TOP)).value

    def measured(rng: Rng) -> Estimate:
        x, _, success, period = _periods(rng, 2, 0.6)
        return list_precision(lists(Listed(success, period), x, TOP))

    assert _held(truth, measured) >= 0.92
