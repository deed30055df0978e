"""Sorting gives what numpy's own gives, whatever stands in the values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.data.order import CLOSE, counted, order_of, repeats

NUMBERS = st.lists(
    st.floats(allow_nan=False) | st.integers(-9, 9).map(float) | st.sampled_from([CLOSE - 9.0, float(1 << 60), -1e308])
)


@given(NUMBERS)
def test_numbers_are_counted_in_their_order(drawn: list[float]) -> None:
    values = np.array(drawn, np.float64) + 0.0
    expected, n_expected = np.unique(values, return_counts=True)
    found, n = counted(values)
    assert found.tolist() == expected.tolist()
    assert n_expected.tolist() == ([1] * len(found) if n is None else n.tolist())


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=40))
def test_hashes_are_ordered_and_equal_ones_stay_as_they_come(drawn: list[int]) -> None:
    hashes = np.array(drawn, np.uint64)
    order, ordered = order_of(hashes)
    assert order.tolist() == np.argsort(hashes, kind="stable").tolist()
    assert ordered.tolist() == sorted(drawn)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_are_counted_too(n: int) -> None:
    assert counted(np.arange(n) + 0.5)[0].tolist() == [0.5, 1.5][:n]


@given(st.lists(st.integers(0, 12), max_size=40))
def test_what_repeats_is_counted(drawn: list[int]) -> None:
    counts = np.unique(np.array(drawn, np.uint64), return_counts=True)[1]
    assert repeats(np.array(sorted(drawn), np.uint64)).tolist() == counts[counts > 1].tolist()
