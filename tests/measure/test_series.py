"""Regression over time agrees with a known implementation, and its intervals hold under autocorrelation."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.measure.series import autocorrelation, newey_west

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


def test_the_interval_of_a_trend_holds_the_truth_where_days_hang_together() -> None:
    """Ordinary least squares would hold it in about 65 of 100."""
    design = np.column_stack([np.ones(300), np.linspace(0, 1, 300)])
    held = []
    for seed in range(300):
        noise = np.random.default_rng(seed).normal(size=300)
        for day in range(1, 300):
            noise[day] += 0.6 * noise[day - 1]
        trend = newey_west(design, 2 * design[:, 1] + noise).contrast(np.array([0.0, 1.0]), "trend")
        held.append(trend.low <= 2 <= trend.high)
    assert 0.88 <= np.mean(held) <= 0.98
