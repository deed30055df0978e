"""Quantiles and tails are those of scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from artificer.measure.distributions import (
    binomial_quantile,
    chi2_above,
    f_above,
    f_quantile,
    normal_quantile,
    normal_reach,
    t_above,
    t_quantile,
    t_reach,
)

chance = st.floats(1e-6, 1 - 1e-6)
freedom = st.integers(1, 100_000)


@given(level=st.floats(0.01, 0.9999), n=freedom)
def test_reaches_hold_their_level(level: float, n: int) -> None:
    assert stats.norm.cdf(normal_reach(level)) - stats.norm.cdf(-normal_reach(level)) == pytest.approx(level)
    assert stats.t.cdf(t_reach(level, n), n) - stats.t.cdf(-t_reach(level, n), n) == pytest.approx(level)


@given(p=chance, n=freedom, m=freedom)
def test_quantiles(p: float, n: int, m: int) -> None:
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), abs=1e-12)
    assert t_quantile(p, n) == pytest.approx(stats.t.ppf(p, n), abs=1e-9)
    assert stats.f.cdf(f_quantile(p, n, m), n, m) == pytest.approx(p, abs=1e-9)


@given(x=st.floats(0, 300), n=freedom, m=freedom)
def test_tails(x: float, n: int, m: int) -> None:
    assert chi2_above(x, n) == pytest.approx(stats.chi2.sf(x, n), abs=1e-12)
    assert f_above(x, n, m) == pytest.approx(stats.f.sf(x, n, m), abs=1e-9)
    assert float(t_above(x, n)) == pytest.approx(stats.t.sf(x, n), abs=1e-12)


@given(p=chance, n=st.integers(1, 20_000_000), share=st.floats(1e-6, 1 - 1e-6))
def test_a_binomial_count_passes_its_quantile_no_more_often_than_said(p: float, n: int, share: float) -> None:
    k = binomial_quantile(p, n, share)
    assert stats.binom.cdf(k, n, share) >= p - 1e-9
    assert k == 0 or stats.binom.cdf(k - 1, n, share) < p + 1e-9


def test_tails_of_many_values_at_once() -> None:
    z, n = np.array([0.0, 1.0, 2.0]), np.array([1, 5, 90])
    assert t_above(z, n) == pytest.approx(stats.t.sf(z, n))
