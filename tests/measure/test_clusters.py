"""Intraclass correlation: the textbook's example, extremes, and how often the interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.clusters import intraclass

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
