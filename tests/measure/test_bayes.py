"""Posteriors agree with what is known of them, and shrink as they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from artificer.measure import bayes
from artificer.measure.compare import corrected_resampled_t
from artificer.measure.intervals import mean_t


def test_a_rate_is_a_beta_posterior() -> None:
    found = bayes.rate(7, 20, (1.0, 1.0))
    assert found.value == pytest.approx(8 / 22)
    assert (found.low, found.high) == pytest.approx(stats.beta.ppf([0.025, 0.975], 8, 14))


def test_under_the_reference_prior_the_interval_is_students() -> None:
    values = np.random.default_rng(0).normal(3, 2, 25)
    found, known = bayes.mean(values), mean_t(values)
    assert (found.value, found.low, found.high) == pytest.approx((known.value, known.low, known.high))


def test_a_prior_draws_a_mean_as_rows_would() -> None:
    values = np.random.default_rng(0).normal(3, 2, 25)
    assert bayes.mean(values, 0.0, 25.0).value == pytest.approx(values.mean() / 2)
    with pytest.raises(ValueError, match="two values"):
        bayes.mean(np.ones(1))


def test_the_chance_of_a_better_rate_is_that_of_the_integral() -> None:
    """P(p1 > p2) for Beta(a, b), Beta(c, d) by integration."""
    found = bayes.rates_differ((40, 100), (30, 100))
    grid = (np.arange(100_000) + 0.5) / 100_000
    known = float((stats.beta.pdf(grid, 40.5, 60.5) * stats.beta.cdf(grid, 30.5, 70.5)).mean())
    assert found.better == pytest.approx(known, abs=0.01)
    assert found.difference.low < 0.1 < found.difference.high
    assert found.better + found.same + found.worse == pytest.approx(1)


def test_what_does_not_matter_is_the_same() -> None:
    rng = np.random.default_rng(0)
    found = bayes.means_differ(rng.normal(0, 1, 4_000), rng.normal(0.01, 1, 4_000), rope=0.1)
    assert found.same > 0.99


def test_folds_are_compared_as_benavoli_and_others_do() -> None:
    """Their posterior is Student's t, whose interval is Nadeau and Bengio's."""
    differences = np.array([0.01, 0.03, 0.02, -0.01, 0.02])
    found, known = bayes.folds_differ(differences, 80, 20, rope=0.01), corrected_resampled_t(differences, 80, 20)
    assert (found.difference.low, found.difference.high) == pytest.approx((known.low, known.high))
    scale = ((1 / 5 + 0.25) * differences.var(ddof=1)) ** 0.5
    assert found.better == pytest.approx(stats.t.sf((0.01 - differences.mean()) / scale, 4))
    assert found.better + found.same + found.worse == pytest.approx(1)


def test_folds_without_spread_or_fellows() -> None:
    assert bayes.folds_differ(np.full(5, 0.2), 80, 20, rope=0.1).better == 1
    assert bayes.folds_differ(np.zeros(5), 80, 20).same == 1
    assert bayes.folds_differ(np.array([0.2]), 80, 20).difference.high == np.inf


def test_small_levels_are_drawn_towards_the_common_rate() -> None:
    rng = np.random.default_rng(0)
    n = np.array([2, 5, 20, 100, 400, 800] * 20)
    truth = rng.beta(6, 14, len(n))
    k = rng.binomial(n, truth)
    found, rows = bayes.shrunk_rates(k, n)
    assert 10 < rows < 40  # the truth is 20
    believed = np.array([one.value for one in found])
    small = n <= 5
    assert ((believed - truth)[small] ** 2).mean() < 0.5 * ((k / n - truth)[small] ** 2).mean()
    assert 0.9 <= np.mean([one.low <= p <= one.high for one, p in zip(found, truth, strict=True)]) <= 0.99


def test_small_levels_are_drawn_towards_the_common_mean() -> None:
    rng = np.random.default_rng(1)
    n = np.array([2, 5, 20, 100] * 30)
    truth = rng.normal(10, 1, len(n))
    means = truth + rng.normal(size=len(n)) * 3 / np.sqrt(n)
    found, rows = bayes.shrunk_means(means, n.astype(float), 9.0)
    assert 5 < rows < 20  # the truth is 9
    assert 0.9 <= np.mean([one.low <= m <= one.high for one, m in zip(found, truth, strict=True)]) <= 0.99


def test_levels_that_do_not_differ_are_all_drawn_to_the_middle() -> None:
    found, rows = bayes.shrunk_rates(np.array([50, 51, 49, 50]), np.full(4, 100))
    assert rows > 1_000
    assert np.ptp([one.value for one in found]) < 0.002
    found, rows = bayes.shrunk_means(np.array([1.0, 1.001, 0.999]), np.full(3, 50.0), 1.0)
    assert np.ptp([one.value for one in found]) < 1e-4
