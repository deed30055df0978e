"""Lists of limited length: who is on them, what ties do, and no certainty from periods that happen to agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.measure.lists import (
    Listed,
    _resampled_shares,
    expected_picks,
    list_precision,
    lists,
    precision_gain,
    value_per_period,
)
from artificer.measure.means import wilson


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
    drawn = [lists(Listed(success, period), rule + 0.5 * rng.random(200), 20).succeeded[0] for _ in range(3000)]
    assert lists(Listed(success, period), rule, 20).succeeded[0] == pytest.approx(np.mean(drawn), abs=0.15)


def test_periods_shorter_than_the_list_do_not_bind() -> None:
    found = lists(Listed(np.ones(7), np.array([0, 0, 0, 0, 1, 1, -1])), np.arange(7.0), 3)
    assert found.chosen.tolist() == [3, 2]
    assert found.n_binding == 1


def test_one_period_has_the_interval_of_its_rows() -> None:
    success = np.array([1.0] * 7 + [0.0] * 23)
    assert list_precision(lists(Listed(success, np.zeros(30, int)), -np.arange(30.0), 10)) == wilson(7, 10)


def test_two_periods_that_agree_prove_no_more_than_their_rows() -> None:
    success = np.tile([1.0] * 7 + [0.0] * 13, 2)
    score, period = np.tile(-np.arange(20.0), 2), np.repeat([0, 1], 20)
    found, rows = list_precision(lists(Listed(success, period), score, 10)), wilson(14, 20)
    assert (found.value, found.low, found.high, found.n) == (0.7, rows.low, rows.high, 2)
    worth = value_per_period(Listed(success, period), score, np.full(40, -6.0), np.full(40, 80.0), 10)
    assert worth.value == pytest.approx(7 * 80 - 10 * 6)
    assert worth.low < worth.value - 50


def test_periods_that_differ_widen_the_interval() -> None:
    success = np.r_[np.ones(10), np.zeros(10), np.ones(10), np.zeros(10)]
    found = list_precision(lists(Listed(success, np.repeat([0, 1, 2, 3], 10)), np.zeros(40), 10))
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("n_periods", [1, 2, 8])
def test_the_same_lists_do_not_differ(n_periods: int) -> None:
    rng = np.random.default_rng(0)
    score, success = rng.random(160), (rng.random(160) < 0.4).astype(float)
    found = precision_gain(Listed(success, np.arange(160) % n_periods), score, score**3, 5)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("n_periods", [1, 2, 8])
def test_a_better_order_gains_and_its_reverse_loses_as_much(n_periods: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    success = (x + 0.3 * rng.normal(size=800) > 0.5).astype(float)
    period = np.arange(800) % n_periods
    rows = Listed(success, period)
    gain, loss = precision_gain(rows, x, -x, 20), precision_gain(rows, -x, x, 20)
    assert gain.is_gain
    assert (loss.low, loss.high) == pytest.approx((-gain.high, -gain.low))
    assert gain.high > gain.low


def test_resampling_one_period_agrees_with_filling_each_list_anew() -> None:
    rng = np.random.default_rng(4)
    score, success = rng.integers(0, 6, 90).astype(float), (rng.random(90) < 0.4).astype(float)
    counts = rng.multinomial(90, np.full(90, 1 / 90), 20)
    for one, share in zip(counts, _resampled_shares(score, success, counts, 15), strict=True):
        rows = np.repeat(np.arange(90), one)
        anew = lists(Listed(success[rows], np.zeros(90, int)), score[rows], 15)
        assert share == pytest.approx(anew.succeeded[0] / 15)


def test_no_whole_period_has_no_value() -> None:
    outside = np.full(4, -1)
    rows = Listed(np.ones(4), outside)
    assert np.isnan(list_precision(lists(rows, np.ones(4), 2)).value)
    assert np.isnan(value_per_period(rows, np.ones(4), np.ones(4), np.ones(4), 2).value)
    assert np.isnan(precision_gain(rows, np.ones(4), np.ones(4), 2).value)


def test_a_period_without_rows_is_worth_nothing_and_counts() -> None:
    period = np.array([0, 0, 3, 3])
    found = value_per_period(
        Listed(np.array([0.0, 1.0] * 2), period), np.arange(4.0), np.full(4, -1.0), np.full(4, 9.0), 1
    )
    assert (found.value, found.n) == (4.0, 4)


def test_picks_that_all_succeed_do_not_prove_the_worth_of_more() -> None:
    for period in (np.zeros(20, int), np.repeat([0, 1], 10)):
        rows = Listed(np.ones(20), period)
        found = value_per_period(rows, np.arange(20.0), np.full(20, -6.0), np.full(20, 80.0), 5)
        assert found.value == found.high == 370
        assert 100 < found.low < 300


@pytest.mark.parametrize("n_periods", [1, 2])
def test_a_list_is_worth_no_more_than_its_picks_can_bring(n_periods: int) -> None:
    """One pick tells nothing of its spread, and yet it costs no more than itself."""
    period = np.arange(20) % n_periods
    rows = Listed(np.arange(20) % 3 == 0, period)
    found = value_per_period(rows, np.arange(20.0), np.full(20, -6.0), np.full(20, 80.0), 1)
    assert (found.low, found.high) == (-6.0, 74.0)
    every = value_per_period(rows, np.arange(20.0), np.full(20, -6.0), np.full(20, 80.0), 20)
    assert -6.0 * 20 / n_periods <= every.low < every.value < every.high <= 74.0 * 20 / n_periods


def test_nothing_acted_on_is_worth_nothing() -> None:
    rows = Listed(np.ones(4), np.zeros(4, int))
    found = value_per_period(rows, np.ones(4), np.zeros(4), np.zeros(4), 0)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@given(seed=st.integers(0, 1000), room=st.integers(1, 30))
def test_a_row_of_weight_two_is_two_rows(seed: int, room: int) -> None:
    rng = np.random.default_rng(seed)
    score, success, period = (
        rng.integers(0, 9, 40).astype(float),
        rng.integers(0, 2, 40).astype(float),
        rng.integers(-1, 2, 40),
    )
    weight = rng.integers(0, 4, 40)
    again = np.repeat(np.arange(40), weight)
    found = lists(Listed(success, period, weight.astype(float)), score, room)
    copied = lists(Listed(success[again], period[again]), score[again], room)
    assert found.chosen.sum() == pytest.approx(copied.chosen.sum())
    assert found.succeeded.sum() == pytest.approx(copied.succeeded.sum())
    assert found.n_binding == copied.n_binding


def test_copies_of_a_row_prove_nothing_more_on_a_list() -> None:
    """Of 50 customers with 20 alike rows each, an interval of rows held the truth in a third of the draws."""

    def held(*, grouped: bool) -> float:
        inside = 0
        for seed in range(200):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=50)
            success = (rng.random(50) < 1 / (1 + np.exp(-x))).astype(float)
            who = np.repeat(np.arange(50), 20)
            rows = Listed(success[who], np.zeros(1_000, int), None, who if grouped else None)
            found = list_precision(lists(rows, x[who], 500))
            inside += found.low <= TRUTH <= found.high
        return inside / 200

    many = np.random.default_rng(10**6).normal(size=400_000)
    TRUTH = float((1 / (1 + np.exp(-many[many > np.median(many)]))).mean())
    assert held(grouped=False) < 0.6
    assert held(grouped=True) > 0.9


@pytest.mark.parametrize("n_periods", [1, 4])
def test_groups_widen_what_a_better_list_gains(n_periods: int) -> None:
    rng, who = np.random.default_rng(0), np.repeat(np.arange(60), 10)
    x = rng.normal(size=60)
    success = (x + rng.normal(size=60) > 0).astype(float)[who]
    period, other = np.arange(600) % n_periods, rng.normal(size=60)[who]
    alone = precision_gain(Listed(success, period), x[who], other, 40)
    grouped = precision_gain(Listed(success, period, None, who), x[who], other, 40)
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
