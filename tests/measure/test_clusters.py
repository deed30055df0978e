"""Intraclass correlation: the textbook's example, extremes, and how often the interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.any_shape import of_any_shape
from artificer.measure.associate import categories, numbers
from artificer.measure.clusters import intraclass, likeness, worth
from artificer.measure.means import mean_t

JUDGED = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_it_is_that_of_shrout_and_fleiss() -> None:
    """Shrout and Fleiss (1979), Psychological Bulletin 86: ICC(1,1) is .17, from -.13 to .72."""
    found = intraclass(JUDGED.ravel(), np.repeat(np.arange(6), 4))
    assert found is not None
    assert found.correlation.value == pytest.approx(0.17, abs=0.005)
    assert found.correlation.low == pytest.approx(-0.13, abs=0.005)
    assert found.correlation.high == pytest.approx(0.72, abs=0.005)
    assert found.design_effect == pytest.approx(1 + 3 * found.correlation.value)
    assert found.effective_rows.value == pytest.approx(24 / found.design_effect)


def test_groups_of_one_value_are_worth_a_row_each() -> None:
    found = intraclass(np.repeat(np.arange(10.0), 5), np.repeat(np.arange(10), 5))
    assert found is not None
    assert found.correlation.value == pytest.approx(1)
    assert found.effective_rows.value == pytest.approx(10)


def test_without_groups_there_is_none() -> None:
    values = np.arange(9.0)
    assert intraclass(values, np.arange(9)) is None
    assert intraclass(values, np.zeros(9)) is None
    assert intraclass(np.ones(9), np.arange(9) // 3) is None


def test_the_interval_holds_the_truth() -> None:
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(40), rng.integers(2, 9, 40))
        values = 0.5 * rng.normal(size=40)[groups] + np.sqrt(0.75) * rng.normal(size=len(groups))
        found = intraclass(values, groups)
        assert found is not None
        held.append(found.correlation.low <= 0.25 <= found.correlation.high)
    assert 0.91 <= np.mean(held) <= 0.99


def test_the_likeness_of_two_codes_is_that_of_0_and_1_whatever_they_are_called() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), rng.integers(1, 9, 40))
    flag = (rng.normal(size=40)[group] + rng.normal(size=len(group)) > 0).astype(np.int64)
    known = intraclass(flag.astype(float), group)
    assert known is not None
    for same in (flag, 7 - 3 * flag, flag.astype(float)):
        assert likeness(same, group) == pytest.approx(known.correlation.value)


def test_a_row_is_worth_a_group_s_share_where_both_columns_are_the_group_s() -> None:
    group = np.repeat(np.arange(30), 5)
    of_group, own = np.random.default_rng(0).normal(size=30)[group], np.random.default_rng(1).normal(size=150)
    assert worth(of_group, of_group, group) == pytest.approx(1 / 5)
    assert worth(of_group, own, group) > 0.8
    assert worth(of_group, of_group, np.arange(150)) == worth(of_group, of_group, None) == 1.0
    gaps = np.where(np.arange(150) % 5 == 0, of_group, np.nan)
    assert worth(gaps, of_group, group) == 1.0  # one row of each group is left


def test_rows_of_one_group_are_worth_one() -> None:
    x, one = np.random.default_rng(0).normal(size=50), np.zeros(50, np.int64)
    assert likeness(x, one) == likeness(one, one) == 1.0
    assert worth(x, x, one) == pytest.approx(1 / 50)
    assert likeness(x[:1], one[:1]) == likeness(x[:0], one[:0]) == 0.0
    told = mean_t(x, worth=worth(x, x, one))
    assert (told.low, told.high) == (-np.inf, np.inf)
    assert numbers(x, x, worth=worth(x, x, one)).p == 1.0


def test_the_mean_of_few_groups_lies_within_its_interval() -> None:
    held = []
    for seed in range(400):
        x = np.repeat(np.random.default_rng(seed).normal(size=5), 20)
        told = mean_t(x, worth=0.05)
        held.append(told.low <= 0 <= told.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_rows_that_are_worth_a_fifth_tell_as_much_as_a_fifth_of_them() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    y, code = x + 2 * rng.normal(size=60), np.digitize(x, [-0.5, 0.5])
    flag = (y > 0).astype(np.int64)
    for how, a, b in ((numbers, x, y), (categories, code, flag)):
        once, five = how(a, b), how(np.repeat(a, 5), np.repeat(b, 5), worth=0.2)
        assert five.p == pytest.approx(once.p, rel=1e-6)
        assert (five.strength.low, five.strength.high) == pytest.approx((once.strength.low, once.strength.high))


def test_what_belongs_to_the_group_is_not_taken_for_a_relation() -> None:
    """60 groups of ten, half of the target's variance between them: 5% of tests may see what is not there."""
    seen = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(60), 10)
        y = rng.normal(size=60)[group] + rng.normal(size=600)
        x = rng.normal(size=60)[group]
        seen.append([of_any_shape(x, y, worth=one).p < 0.05 for one in (worth(x, y, group), 1.0)])
    known, unknown = np.mean(seen, axis=0)
    assert known < 0.1
    assert unknown > 0.8
