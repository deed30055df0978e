"""Regression over time agrees with a known implementation, and its intervals hold under autocorrelation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from artificer.measure.associate import numbers
from artificer.measure.series import Regression, autocorrelation, autoregressive, newey_west, worth_in_time

T = np.arange(40.0)
Y = np.sin(T * 0.7) + 0.05 * T + ((T * 7919) % 13) / 13
X = np.column_stack([np.ones(40), T, T % 3 == 0])


def test_it_agrees_with_statsmodels() -> None:
    """Against statsmodels 0.14: OLS and WLS, cov_type="HAC", maxlags=4, use_correction=True."""
    plain, weighted = newey_west(X, Y, n_lags=4), newey_west(X, Y, 1 + T % 4, n_lags=4)
    assert plain.weights == pytest.approx([0.4895662866545343, 0.0518984902380531, -0.03647395920636484])
    errors = [0.29231341017215257, 0.01327960575190478, 0.11450312705177683]
    assert np.sqrt(np.diag(plain.covariance)) == pytest.approx(errors)
    assert weighted.weights == pytest.approx([0.537839400529975, 0.05001049674077333, -0.03841741366309813])
    errors = [0.3557033376208023, 0.01533687406829733, 0.1528659354998569]
    assert np.sqrt(np.diag(weighted.covariance)) == pytest.approx(errors)


def test_autocorrelation_agrees_with_statsmodels() -> None:
    assert autocorrelation(Y).value == pytest.approx(0.7457943177747649)
    assert autocorrelation(Y, 2).value == pytest.approx(0.32122482741260866)
    assert autocorrelation(np.ones(9)).low == -1


def _hanging_together(seed: int, n: int, share: float) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n):
        noise[place] += share * noise[place - 1]
    return noise


@pytest.mark.parametrize("way", [newey_west, autoregressive])
def test_the_interval_of_a_trend_holds_the_truth_where_days_hang_together(way: Callable[..., Regression]) -> None:
    """Ordinary least squares would hold it in about 65 of 100."""
    design = np.column_stack([np.ones(300), np.linspace(0, 1, 300)])
    held = []
    for seed in range(300):
        trend = way(design, 2 * design[:, 1] + _hanging_together(seed, 300, 0.6)).contrast(
            np.array([0.0, 1.0]), "trend"
        )
        held.append(trend.low <= 2 <= trend.high)
    assert 0.88 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(("n", "share", "most"), [(120, 0.0, 0.09), (120, 0.6, 0.1), (900, 0.7, 0.09)])
def test_a_cycle_that_is_not_there_is_seldom_found(n: int, share: float, most: float) -> None:
    month = np.arange(n) * 36 // n % 12
    design = np.column_stack([np.ones(n), np.linspace(-1, 1, n), month[:, None] == np.arange(1, 12)]).astype(float)
    p = [autoregressive(design, _hanging_together(seed, n, share)).p(np.arange(2, 13)) for seed in range(200)]
    assert np.mean(np.array(p) < 0.05) <= most


def test_weights_of_what_hands_nothing_on_are_those_of_least_squares() -> None:
    y = X @ np.array([1.0, 0.2, -0.5]) + np.where(np.arange(40) % 2, 0.1, -0.1)
    known = np.linalg.lstsq(X, y, rcond=None)[0]
    assert autoregressive(X, y).weights == pytest.approx(known)


def _drifting(seed: int, rho: float, n: int = 200) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=n)
    for place in range(1, n):
        found[place] = rho * found[place - 1] + np.sqrt(1 - rho**2) * found[place]
    return found


def test_columns_that_drift_are_worth_fewer_rows_and_seldom_called_related() -> None:
    plain, told = [], []
    for seed in range(200):
        a, b = _drifting(seed, 0.9), _drifting(1_000 + seed, 0.9)
        plain.append(numbers(a, b).p < 0.05)
        told.append(numbers(a, b, worth=worth_in_time(a, b)).p < 0.05)
    assert np.mean(plain) > 0.4
    assert np.mean(told) < 0.08


def test_a_column_that_hands_nothing_on_is_worth_its_rows() -> None:
    a, b = _drifting(1, 0.9), _drifting(2, 0.0)
    assert worth_in_time(a, b) == worth_in_time(a[:3], a[:3]) == worth_in_time(np.full(9, np.nan), b[:9]) == 1.0
    assert worth_in_time(a, a) == worth_in_time(a, np.exp(a)) < 0.3
    gaps = np.concatenate([a, np.full(50, np.nan)])
    assert worth_in_time(gaps, np.concatenate([a, b[:50]])) == worth_in_time(a, a)
    assert worth_in_time((a > 0).astype(np.int64), np.digitize(a, [-1.0, 1.0])) < 0.8
