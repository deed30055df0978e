"""Intervals that reach further on the side of the long tail: how often they hold, and what they make of few or equal values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artificer.measure.skewed import skewed

N_DRAWS, N = 1_000, 60


@pytest.mark.parametrize(
    ("draw", "truth", "least", "symmetric"),
    [
        (lambda rng: rng.normal(size=N), 1.0, 0.94, 0.97),
        (lambda rng: rng.laplace(size=N), 2.0, 0.93, 0.93),
        (lambda rng: rng.standard_t(4.5, size=N), 1.8, 0.91, 0.91),
    ],
    ids=["normal", "Laplace", "Student"],
)
def test_the_mean_square_of_sixty_errors_is_held(
    draw: Callable[[np.random.Generator], np.ndarray], truth: float, least: float, symmetric: float
) -> None:
    rng, held, even = np.random.default_rng(0), 0, 0
    for _ in range(N_DRAWS):
        squares = draw(rng) ** 2
        found = skewed(float(squares.mean()), (squares - squares.mean()) / N, level=0.95, method="")
        held += found.low <= truth <= found.high
        reach = np.exp(2.0 * squares.std(ddof=1) / np.sqrt(N) / squares.mean())
        even += squares.mean() / reach <= truth <= squares.mean() * reach
    assert held >= least * N_DRAWS
    assert even < min(symmetric * N_DRAWS, held)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_the_value_lies_within_and_a_turned_sign_turns_the_interval(values: list[float]) -> None:
    parts = (np.array(values) - np.mean(values)) / len(values)
    one, other = (skewed(sign * 5.0, sign * parts, level=0.9, method="") for sign in (1.0, -1.0))
    assert one.low <= 5.0 <= one.high
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))


def test_one_row_proves_nothing_and_equal_ones_do_not_vary() -> None:
    assert (skewed(3.0, np.zeros(1), level=0.95, method="").low) == -np.inf
    alike = skewed(3.0, np.zeros(9), level=0.95, method="")
    assert (alike.low, alike.high) == (3.0, 3.0)


def test_tiny_values_have_the_interval_of_others() -> None:
    parts = np.array([-3.0, 1.0, 2.0])
    one, tiny = (skewed(0.0, scale * parts, level=0.95, method="") for scale in (1.0, 1e-120))
    assert (tiny.low, tiny.high) == pytest.approx((1e-120 * one.low, 1e-120 * one.high))
