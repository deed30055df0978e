"""Strength of relations: known values, invariances, none where there is none, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from artificer.measure.any_shape import either_way
from artificer.measure.associate import Association, categories, category_and_number, numbers


def _random(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n), rng.integers(0, 4, n)


def test_numbers_agree_with_spearman_whatever_the_scale_and_the_sign() -> None:
    x, noise, _ = _random(0)
    y = x + noise
    rho, p = stats.spearmanr(x, y)
    for found in (numbers(x, y), numbers(np.exp(x), y), numbers(-x, y)):
        assert found.strength.value == pytest.approx(rho)
        assert found.p == pytest.approx(p)
        assert 0 < found.strength.low < rho < found.strength.high < 1


def test_missing_numbers_are_left_out() -> None:
    x, noise, _ = _random(0)
    gaps = np.where(np.arange(300) < 50, np.nan, x)
    assert numbers(gaps, x + noise) == numbers(x[50:], (x + noise)[50:])


def test_categories_have_the_p_value_of_the_chi_square_test() -> None:
    _, _, a = _random(1)
    b = (a + _random(2)[2]) // 2
    found = categories(a, b)
    known = stats.chi2_contingency(stats.contingency.crosstab(a, b).count, correction=False)
    assert found.p == pytest.approx(known.pvalue)
    assert found.strength.low < found.strength.value < found.strength.high
    assert found.strength.value < np.sqrt(known.statistic / 300 / 3)


def test_category_and_number_has_the_p_value_of_the_variance_of_ranks() -> None:
    _, noise, code = _random(3)
    y = code + 2 * noise
    ranks = stats.rankdata(y)
    found = category_and_number(code, y)
    assert found.p == pytest.approx(stats.f_oneway(*(ranks[code == one] for one in range(4))).pvalue)
    assert found.strength.low < found.strength.value < found.strength.high


def test_a_perfect_relation_is_strongest() -> None:
    x, _, code = _random(4)
    assert numbers(x, 3 * x).strength.value == pytest.approx(1)
    assert categories(code, (code + 1) % 4).strength.value == pytest.approx(1)
    assert category_and_number(code, code.astype(float)).strength.value == pytest.approx(1)


def test_a_name_for_every_row_is_no_relation() -> None:
    """The bias that the corrections are for: many levels seem to explain everything."""
    x, _, code = _random(5)
    many = np.arange(300) // 2
    assert category_and_number(many, x).strength.low == 0
    assert category_and_number(many, x).p > 0.01
    assert categories(many, code).strength.low == 0


@pytest.mark.parametrize("kind", ["numbers", "categories", "category_and_number"])
def test_false_alarms_come_as_often_as_they_may_and_intervals_then_hold_zero(kind: str) -> None:
    def measured(seed: int) -> Association:
        x, y, code = _random(seed, 120)
        if kind == "numbers":
            return numbers(x, y)
        return categories(code, (x > 0).astype(int)) if kind == "categories" else category_and_number(code, y)

    found = [measured(seed) for seed in range(400)]
    assert 0.02 <= np.mean([one.p < 0.05 for one in found]) <= 0.08
    # A strength is never below 0: an interval misses it on one side only, or (numbers) on either.
    assert 0.92 <= np.mean([one.strength.low == 0 for one in found]) <= 1


def test_the_interval_of_a_correlation_holds_the_truth() -> None:
    rho = 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman's of a normal pair whose Pearson correlation is 0.6
    held = []
    for seed in range(500):
        x, noise, _ = _random(seed, 80)
        strength = numbers(x, 0.6 * x + 0.8 * noise).strength
        held.append(strength.low <= rho <= strength.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_interval_of_cramers_v_holds_the_truth() -> None:
    table = np.array([[0.35, 0.15], [0.15, 0.35]])
    held = []
    for seed in range(400):
        cells = np.random.default_rng(seed).choice(4, 200, p=table.ravel())
        strength = categories(cells // 2, cells % 2).strength
        held.append(strength.low <= 0.4 <= strength.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_constants_and_few_rows_have_no_strength() -> None:
    x, _, code = _random(6)
    nothing = np.zeros(300)
    for found in (
        numbers(x, nothing),
        numbers(x[:3], x[:3]),
        categories(code, nothing),
        category_and_number(code, nothing),
        category_and_number(np.arange(3), np.full(3, np.nan)),
    ):
        assert (found.strength.value, found.strength.low, found.strength.high, found.p) == (0, 0, 1, 1)


def test_a_million_rows_have_a_narrow_interval() -> None:
    code = np.random.default_rng(0).integers(0, 3, 1_000_000)
    strength = categories(code, np.where(np.arange(1_000_000) % 2, code, 0)).strength
    assert strength.low < strength.value < strength.high
    assert strength.high - strength.low < 0.01


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.5, -1e30, 1e-30, np.nan]), st.integers(0, 3)), max_size=12),
    st.sampled_from([1.0, 0.5, 0.1]),
)
def test_whatever_the_rows_a_strength_lies_in_its_interval_and_chances_are_chances(
    rows: list[tuple[float, int]], worth: float
) -> None:
    x, code = np.array([one for one, _ in rows], np.float64), np.array([one for _, one in rows], np.int64)
    y = np.where(code == 3, np.nan, -x)
    for found in (
        numbers(x, y, worth=worth),
        category_and_number(code, x, worth=worth),
        categories(code, np.nan_to_num(x).astype(bool).astype(int), worth=worth),
        either_way(x, y, worth=worth),
    ):
        assert -1e-9 <= found.strength.low <= found.strength.value <= found.strength.high <= 1 + 1e-9
        assert 0 < found.p <= 1 + 1e-9
