"""Wrong chances are shown on few rows, and right ones are called wrong as seldom as the level says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from artificer.measure.cox import chance_if_right


def drawn(seed: int, n_rows: int, middle: float) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes of right chances, and the log odds of these."""
    rng = np.random.default_rng(seed)
    odds = middle + 1.5 * rng.normal(size=n_rows)
    return (rng.random(n_rows) < 1 / (1 + np.exp(-odds))).astype(float), odds


@pytest.mark.parametrize(("n_rows", "middle"), [(60, -3.0), (2_000, 0.0)])
def test_right_chances_are_called_wrong_as_often_as_the_level_says(n_rows: int, middle: float) -> None:
    found = []
    for seed in range(200):
        y, odds = drawn(seed, n_rows, middle)
        found.append(chance_if_right(y, 1 / (1 + np.exp(-odds)))[0])
    assert stats.binomtest(int((np.array(found) < 0.1).sum()), 200, 0.1).pvalue > 0.01


def test_twenty_successes_show_that_chances_are_too_sure() -> None:
    shown = 0
    for seed in range(20):
        y, odds = drawn(seed, 300, -4.0)
        assert y.sum() < 40
        shown += chance_if_right(y, 1 / (1 + np.exp(-2.5 * odds)))[0] < 0.005
    assert shown >= 19


def test_luck_moves_the_slope_by_what_it_says() -> None:
    y, odds = drawn(0, 4_000, 0.0)
    p = 1 / (1 + np.exp(-odds))
    information = (p * (1 - p)) @ (odds - np.average(odds, weights=p * (1 - p))) ** 2
    assert chance_if_right(y, p)[1] == pytest.approx(information**-0.5)


def test_weights_count_like_repeated_rows_in_what_is_found_but_not_in_what_is_sure() -> None:
    y, odds = drawn(1, 2_000, 0.0)
    p, twos = 1 / (1 + np.exp(-1.1 * odds)), np.full(2_000, 2.0)
    assert chance_if_right(y, p, twos) == pytest.approx(chance_if_right(y, p))


def test_one_chance_for_all_has_no_slope() -> None:
    p, error = chance_if_right(np.array([0.0, 1.0] * 50), np.full(100, 0.9))
    assert p < 0.01
    assert error == np.inf
