"""Corrections for looking more than once, against SciPy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from artificer.measure.correct import benjamini_hochberg, holm, looks, spent

P = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(p=P)
def test_benjamini_hochberg_is_that_of_scipy(p: np.ndarray) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(p=P)
def test_holm_lies_between_the_plain_and_the_bonferroni_values_and_keeps_their_order(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, p * len(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_holm_on_a_worked_example() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_keeps_the_chance_of_any_false_alarm() -> None:
    p = np.random.default_rng(0).random((4000, 10))
    alarms = np.mean([holm(row).min() < 0.05 for row in p])
    assert 0.04 < alarms < 0.06
    assert np.mean(p.min(axis=1) < 0.05) > 0.3


def test_no_p_values_stay_none() -> None:
    assert len(holm(np.empty(0))) == len(benjamini_hochberg(np.empty(0))) == 0


def test_repeated_looks_share_the_error() -> None:
    assert looks(0.95, 1) == looks(0.95, 0) == pytest.approx(0.95)
    assert looks(0.95, 10) == pytest.approx(0.995)


def test_looks_that_nobody_counted_ahead_share_the_error_however_many_come() -> None:
    """Models that are all exactly as good as asked: any that is said to be better is a false promise."""
    reach = np.array([stats.norm.ppf(0.5 + spent(0.95, n) / 2) for n in range(1, 101)])
    assert reach[0] == pytest.approx(1.96, abs=0.001)
    others = np.random.default_rng(0).normal(size=(4000, 100))
    growing = np.cumsum(others, axis=1) / np.sqrt(np.arange(1, 101))
    for told in (others, growing):
        assert np.mean((told > reach).any(axis=1)) < 0.06
    each = np.array([1 - spent(0.95, n) for n in range(1, 10_000)])
    assert each.sum() / 2 < 0.05
    assert (np.diff(each) < 0).all()
