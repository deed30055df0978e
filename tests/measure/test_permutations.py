"""Tests of few rows: as sure as the number of their orders allows, and no more often wrong than they say."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from artificer.measure.any_shape import of_any_shape
from artificer.measure.associate import Association, categories, category_and_number, numbers
from artificer.measure.permutations import N_ORDERS, chance_of

KINDS = ("numbers", "flags", "category_and_number", "categories", "rare levels")


def _drawn(kind: str, rng: np.random.Generator, n: int) -> Association:
    x, y = rng.normal(size=(2, n))
    if kind == "numbers":
        return numbers(x, y)
    if kind == "flags":
        return numbers((x > 0.5).astype(float), y)
    if kind == "category_and_number":
        return category_and_number(rng.integers(0, 3, n), y)
    if kind == "categories":
        return categories((x > 0).astype(int), (y > 0.5).astype(int))
    return categories(np.minimum(rng.zipf(1.7, n), 20), np.minimum(rng.zipf(2.0, n), 6))


@given(st.integers(4, 12), st.booleans())
def test_perfect_order_is_no_surer_than_the_orders_of_so_few_rows(n: int, grouped: bool) -> None:
    x = np.arange(float(n))
    found = of_any_shape(x, x, worth=0.999 if grouped else 1.0)
    assert found.p >= (1 - 1e-9) * 2 / factorial(n)
    assert found.p <= (1.0 if grouped and n == 4 else 2.1 / factorial(n))
    assert found.strength.low == 0 or found.p <= 0.05


@pytest.mark.parametrize("n", [4, 5, 6])
def test_the_p_value_of_few_rows_is_that_of_all_their_orders(n: int) -> None:
    x, y = np.random.default_rng(n).normal(size=(2, n))
    each = [abs(stats.spearmanr(x, y[list(order)])[0]) for order in permutations(range(n))]
    assert numbers(x, y).p == pytest.approx(np.mean(np.array(each) >= each[0] - 1e-9))


def test_two_halves_apart_are_no_surer_than_their_arrangements() -> None:
    code, flag = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    assert category_and_number(code, np.arange(4.0)).p == pytest.approx(2 / 6)
    assert categories(code, flag).p == pytest.approx(2 / 6)
    assert numbers(flag.astype(float), code.astype(float)).p == pytest.approx(2 / 6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [4, 6, 15, 80])
def test_columns_that_tell_nothing_are_called_sure_no_more_often_than_said(kind: str, n: int) -> None:
    rng, reps = np.random.default_rng(n), 250
    p = np.array([_drawn(kind, rng, n).p for _ in range(reps)])
    for level in (0.05, 0.01):
        assert (p <= level).sum() <= stats.binom.ppf(0.9999, reps, 1.1 * level)


def test_beyond_what_is_drawn_chances_fall_on_and_never_below_the_number_of_orders() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 30))
    found = [numbers(x, x + spread * noise).p for spread in (3.0, 1.0, 0.3, 0.0)]
    assert found == sorted(found, reverse=True)
    assert found[2] < 1 / N_ORDERS
    assert found[-1] == pytest.approx(2 / factorial(30))


def test_one_meeting_of_rare_levels_among_many_rows_is_chance() -> None:
    common, other = np.random.default_rng(1).integers(0, 3, (2, 2_000))
    common[0], other[0] = 9, 9
    assert categories(common, other).p > 0.05
    both = np.where(np.arange(2_000) < 4, 1, 0)
    assert categories(both, both).p == pytest.approx(stats.fisher_exact([[1_996, 0], [0, 4]])[1])


def test_the_chance_of_an_order_counts_ties() -> None:
    assert chance_of(np.arange(4), np.arange(4)) == pytest.approx(1 / 24)
    assert chance_of(np.array([0, 0, 1, 1]), np.array([5, 5, 7, 7])) == pytest.approx(1 / 6)
    assert chance_of(np.repeat(np.arange(4), 5), np.repeat(np.arange(4), 5), 0.2) == pytest.approx(1 / 24)
