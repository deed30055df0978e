"""A curve is not missed, a straight relation is told as one, and false alarms come as often as they may."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from artificer.measure.any_shape import either_way, equal_bins, of_any_shape
from artificer.measure.associate import numbers


def test_a_u_shape_has_strength_though_its_ranks_have_none() -> None:
    x, noise = np.random.default_rng(0).normal(size=(2, 600))
    y = x**2 + 0.3 * noise
    found = of_any_shape(x, y)
    assert abs(stats.spearmanr(x, y)[0]) < 0.15
    assert found.strength.low > 0.7
    assert found.strength.method == "correlation ratio of ranks, over 12 bins"
    assert found.p < 1e-50


def test_a_u_shape_tells_classes_too() -> None:
    x = np.random.default_rng(1).normal(size=600)
    found = of_any_shape(x, (np.abs(x) > 0.7).astype(np.int64))
    assert found.strength.low > 0.7
    assert found.p < 1e-50


def test_a_straight_relation_is_told_by_its_ranks() -> None:
    x, noise = np.random.default_rng(2).normal(size=(2, 600))
    found, ranks = of_any_shape(x, x + noise), numbers(x, x + noise)
    assert found.strength == ranks.strength
    assert ranks.p <= found.p <= 2 * ranks.p


def test_a_parabola_is_seen_from_either_side() -> None:
    x, noise = np.random.default_rng(3).normal(size=(2, 600))
    y = x**2 + 0.1 * noise
    assert of_any_shape(y, x).strength.value < 0.2
    assert either_way(y, x).strength == either_way(x, y).strength == of_any_shape(x, y).strength


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_false_alarms_are_no_more_than_they_may_be(kind: str) -> None:
    def p(seed: int) -> float:
        x, y = np.random.default_rng(seed).normal(size=(2, 240))
        return of_any_shape(x, y if kind == "numbers" else (y > 0.5).astype(np.int64)).p

    assert 0.01 <= np.mean([p(seed) < 0.05 for seed in range(300)]) <= 0.08


def test_missing_values_few_rows_and_constants_say_nothing() -> None:
    x = np.array([1.0, np.nan, 2.0])
    for found in (
        of_any_shape(x, x),
        of_any_shape(np.full(90, np.nan), np.ones(90)),
        of_any_shape(np.ones(90), np.arange(90.0)),
    ):
        assert (found.strength.value, found.p) == (0, 1)


def test_bins_hold_equal_values_together_and_about_as_many_rows() -> None:
    bins = equal_bins(np.arange(100.0), 4)
    assert np.bincount(bins).tolist() == pytest.approx([25] * 4, abs=1)
    assert len(set(equal_bins(np.array([1.0] * 50 + [2.0] * 2), 10)[:50])) == 1
