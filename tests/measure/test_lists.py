"""Lists of limited length: who is on them, what ties do, and no certainty from periods that happen to agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.measure.intervals import wilson
from artificer.measure.lists import (
    _resampled_shares,
    expected_picks,
    list_precision,
    lists,
    precision_gain,
    value_per_period,
)


def test_the_highest_scores_of_each_period_are_on_its_list() -> None:
    score = np.array([0.9, 0.1, 0.5, 0.2, 0.8, 0.3])
    period = np.array([0, 0, 0, 1, 1, 1])
    assert expected_picks(score, period, 2).tolist() == [1, 0, 1, 0, 1, 1]


def test_rows_tied_at_the_cut_share_the_places_that_are_left() -> None:
    assert expected_picks(np.array([1.0, 0.0, 0.0, 0.0, 0.0]), np.zeros(5, int), 2) == pytest.approx(
        [1, 0.25, 0.25, 0.25, 0.25]
    )


@given(
    scores=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    top=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_every_list_is_full_whatever_ties_and_order(scores: list[int], top: int, seed: int) -> None:
    score = np.array(scores, np.float64)
    rng = np.random.default_rng(seed)
    period = rng.integers(-1, 3, len(score))
    chance = expected_picks(score, period, top)
    for one in range(3):
        assert chance[period == one].sum() == pytest.approx(min(top, (period == one).sum()))
    assert not chance[period == -1].any()
    order = rng.permutation(len(score))
    assert expected_picks(score[order], period[order], top) == pytest.approx(chance[order])


def test_ties_broken_by_lot_give_the_mean_of_many_lots() -> None:
    rng = np.random.default_rng(0)
    rule, success = (rng.random(200) < 0.5).astype(float), (rng.random(200) < 0.3).astype(float)
    period = np.zeros(200, int)
    drawn = [lists(rule + 0.5 * rng.random(200), success, period, 20).succeeded[0] for _ in range(3000)]
    assert lists(rule, success, period, 20).succeeded[0] == pytest.approx(np.mean(drawn), abs=0.15)


def test_periods_shorter_than_the_list_do_not_bind() -> None:
    found = lists(np.arange(7.0), np.ones(7), np.array([0, 0, 0, 0, 1, 1, -1]), 3)
    assert found.chosen.tolist() == [3, 2]
    assert found.n_binding == 1


def test_one_period_has_the_interval_of_its_rows() -> None:
    success = np.array([1.0] * 7 + [0.0] * 23)
    assert list_precision(lists(-np.arange(30.0), success, np.zeros(30, int), 10)) == wilson(7, 10)


def test_two_periods_that_agree_prove_no_more_than_their_rows() -> None:
    success = np.tile([1.0] * 7 + [0.0] * 13, 2)
    score, period = np.tile(-np.arange(20.0), 2), np.repeat([0, 1], 20)
    found, rows = list_precision(lists(score, success, period, 10)), wilson(14, 20)
    assert (found.value, found.low, found.high, found.n) == (0.7, rows.low, rows.high, 2)
    worth = value_per_period(score, np.full(40, -6.0), 80 * success, period, 10)
    assert worth.value == pytest.approx(7 * 80 - 10 * 6)
    assert worth.low < worth.value - 50


def test_periods_that_differ_widen_the_interval() -> None:
    success = np.r_[np.ones(10), np.zeros(10), np.ones(10), np.zeros(10)]
    found = list_precision(lists(np.zeros(40), success, np.repeat([0, 1, 2, 3], 10), 10))
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("n_periods", [1, 2, 8])
def test_the_same_lists_do_not_differ(n_periods: int) -> None:
    rng = np.random.default_rng(0)
    score, success = rng.random(160), (rng.random(160) < 0.4).astype(float)
    found = precision_gain(score, score**3, success, np.arange(160) % n_periods, 5)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("n_periods", [1, 2, 8])
def test_a_better_order_gains_and_its_reverse_loses_as_much(n_periods: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    success = (x + 0.3 * rng.normal(size=800) > 0.5).astype(float)
    period = np.arange(800) % n_periods
    gain, loss = precision_gain(x, -x, success, period, 20), precision_gain(-x, x, success, period, 20)
    assert gain.is_gain
    assert (loss.low, loss.high) == pytest.approx((-gain.high, -gain.low))
    assert gain.high > gain.low


def test_resampling_one_period_agrees_with_filling_each_list_anew() -> None:
    rng = np.random.default_rng(4)
    score, success = rng.integers(0, 6, 90).astype(float), (rng.random(90) < 0.4).astype(float)
    counts = rng.multinomial(90, np.full(90, 1 / 90), 20)
    for one, share in zip(counts, _resampled_shares(score, success, counts, 15), strict=True):
        rows = np.repeat(np.arange(90), one)
        anew = lists(score[rows], success[rows], np.zeros(90, int), 15)
        assert share == pytest.approx(anew.succeeded[0] / 15)


def test_no_whole_period_has_no_value() -> None:
    outside = np.full(4, -1)
    assert np.isnan(list_precision(lists(np.ones(4), np.ones(4), outside, 2)).value)
    assert np.isnan(value_per_period(np.ones(4), np.ones(4), np.ones(4), outside, 2).value)
    assert np.isnan(precision_gain(np.ones(4), np.ones(4), np.ones(4), outside, 2).value)


def test_a_period_without_rows_is_worth_nothing_and_counts() -> None:
    period = np.array([0, 0, 3, 3])
    found = value_per_period(np.arange(4.0), np.full(4, -1.0), np.array([0.0, 9.0, 0.0, 9.0]), period, 1)
    assert (found.value, found.n) == (4.0, 4)
