"""Chances agree with what is known of them and come true as often as they say; levels shrink as they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from artificer.core.figures import in_chances
from artificer.core.records import Chances, Estimate
from artificer.measure import bayes
from artificer.measure.bayes import practically
from artificer.measure.compare import compare, corrected_resampled_t
from artificer.measure.means import mean_t


def test_under_a_flat_prior_chances_are_students() -> None:
    values = np.random.default_rng(0).normal(0.3, 2, 25)
    found = bayes.chances(mean_t(values), 0.1)
    posterior = stats.t(24, values.mean(), values.std(ddof=1) / 5)
    assert found is not None
    assert (found.better, found.worse) == pytest.approx((posterior.sf(0.1), posterior.cdf(-0.1)))
    assert found.better + found.same + found.worse == pytest.approx(1)


def test_chances_and_the_interval_say_the_same() -> None:
    """An end of a 95% interval at 0 leaves 2.5% beyond, on whichever side, and at whatever level it is told."""
    for level in (0.95, 0.99):
        upwards, downwards = Estimate(2, 0, 5, "t", 80, level), Estimate(-2, -5, 0, "t", 80, level)
        up, down = bayes.chances(upwards, 0.0), bayes.chances(downwards, 0.0)
        assert up is not None
        assert down is not None
        assert up.worse == pytest.approx((1 - level) / 2)
        assert down.better == pytest.approx((1 - level) / 2)


def test_what_does_not_matter_is_the_same_and_what_is_not_known_has_no_chances() -> None:
    found = bayes.chances(Estimate(0.001, -0.002, 0.004, "t", 900), 0.01)
    assert found is not None
    assert found.same > 0.999
    equal = bayes.chances(Estimate(0, 0, 0, "t", 900), 0.01)
    assert equal is not None
    assert equal.same == 1
    assert bayes.chances(Estimate(0.1, -np.inf, np.inf, "t", 1), 0.01) is None
    assert bayes.chances(Estimate(np.nan, np.nan, np.nan, "not defined", 9), 0.01) is None


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "brier"])
def test_chances_come_true_as_often_as_they_say(metric: str) -> None:
    """The chance that one is better by more than it truly is lies below 10% in a tenth of samples, and below 50% in half."""
    rng = np.random.default_rng(0)
    y = (rng.random(40_000) < 0.4).astype(float)
    scores = [1 / (1 + np.exp(-(a * (y - 0.4) + rng.normal(size=len(y))))) for a in (1.3, 1.0)]
    first, second = (np.stack([1 - one, one], axis=1) for one in scores)
    truth = compare(metric, y, first, second).value
    said = []
    for seed in range(200):
        rows = np.random.default_rng(seed).choice(len(y), 300, replace=False)
        found = bayes.chances(compare(metric, y[rows], first[rows], second[rows]), abs(truth))
        assert found is not None
        said.append(found.better if truth > 0 else 1 - found.worse)
    assert np.mean(np.array(said) < 0.1) == pytest.approx(0.1, abs=0.07)
    assert np.mean(np.array(said) < 0.5) == pytest.approx(0.5, abs=0.1)


def test_folds_are_compared_as_benavoli_and_others_do() -> None:
    """Their posterior is Student's t, whose interval is Nadeau and Bengio's."""
    differences = np.array([0.01, 0.03, 0.02, -0.01, 0.02])
    found, known = bayes.folds_differ(differences, 80, 20, 0.01), corrected_resampled_t(differences, 80, 20)
    assert found is not None
    scale = ((1 / 5 + 0.25) * differences.var(ddof=1)) ** 0.5
    assert found.better == pytest.approx(stats.t.sf((0.01 - differences.mean()) / scale, 4))
    edge = bayes.folds_differ(differences, 80, 20, abs(known.low))
    assert edge is not None
    assert edge.worse == pytest.approx(0.025)  # below the interval's lower end lies what it leaves out


def test_folds_without_spread_or_fellows() -> None:
    apart, alike = bayes.folds_differ(np.full(5, 0.2), 80, 20, 0.1), bayes.folds_differ(np.zeros(5), 80, 20, 0.1)
    assert apart is not None
    assert alike is not None
    assert (apart.better, alike.same) == (1, 1)
    assert bayes.folds_differ(np.array([0.2]), 80, 20, 0.1) is None


def test_a_clause_tells_the_likeliest_first_and_leaves_out_what_cannot_be() -> None:
    assert (
        in_chances(Chances(0.004, 0.99, 0.0, 0.01, "t"))
        == "as good within 0.010 with a chance of 99%, better with 0.4%"
    )
    assert in_chances(Chances(0.0, 0.0, 1.0, 0.01, "t")) == "worse with a chance of over 99.9%"


def test_the_chance_of_a_higher_level_is_that_of_the_integral() -> None:
    """P(p1 > p2) for two Beta posteriors, by integration."""
    found = bayes.shrunk_rates(np.array([40, 30, 200]), np.array([100, 100, 600]))
    grid = (np.arange(100_000) + 0.5) / 100_000
    share, rows = float(found.each[2].value), found.prior_rows
    middle = (share * (600 + rows) - 200) / rows
    a, b = middle * rows, (1 - middle) * rows
    known = float((stats.beta.pdf(grid, 40 + a, 60 + b) * stats.beta.cdf(grid, 30 + a, 70 + b)).mean())
    assert found.above[0, 1] == pytest.approx(known, abs=0.01)
    assert found.above[0, 1] + found.above[1, 0] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("shares", [True, False])
def test_the_highest_level_is_above_the_next_as_often_as_is_said(shares: bool) -> None:
    said, true = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n = rng.choice([10, 30, 100], 6)
        truth = rng.beta(6, 14, 6) if shares else rng.normal(10, 0.5, 6)
        if shares:
            found = bayes.shrunk_rates(rng.binomial(n, truth), n)
        else:
            found = bayes.shrunk_means(truth + rng.normal(size=6) * 3 / np.sqrt(n), n.astype(float), 9.0)
        first, second = np.argsort([-one.value for one in found.each])[:2]
        said.append(found.above[first, second])
        true.append(truth[first] > truth[second])
    assert np.mean(said) == pytest.approx(np.mean(true), abs=0.1)
    assert min(said) > 0.45  # the higher mean, but for skew and draws


def test_small_levels_are_drawn_towards_the_common_rate() -> None:
    rng = np.random.default_rng(0)
    n = np.array([2, 5, 20, 100, 400, 800] * 20)
    truth = rng.beta(6, 14, len(n))
    k = rng.binomial(n, truth)
    found = bayes.shrunk_rates(k, n)
    assert 10 < found.prior_rows < 40  # the truth is 20
    believed = np.array([one.value for one in found.each])
    small = n <= 5
    assert ((believed - truth)[small] ** 2).mean() < 0.5 * ((k / n - truth)[small] ** 2).mean()
    assert 0.9 <= np.mean([one.low <= p <= one.high for one, p in zip(found.each, truth, strict=True)]) <= 0.99


def test_small_levels_are_drawn_towards_the_common_mean() -> None:
    rng = np.random.default_rng(1)
    n = np.array([2, 5, 20, 100] * 30)
    truth = rng.normal(10, 1, len(n))
    means = truth + rng.normal(size=len(n)) * 3 / np.sqrt(n)
    found = bayes.shrunk_means(means, n.astype(float), 9.0)
    assert 5 < found.prior_rows < 20  # the truth is 9
    assert 0.9 <= np.mean([one.low <= m <= one.high for one, m in zip(found.each, truth, strict=True)]) <= 0.99


def test_levels_that_do_not_differ_are_all_drawn_to_the_middle() -> None:
    found = bayes.shrunk_rates(np.array([50, 51, 49, 50]), np.full(4, 100))
    assert found.prior_rows > 1_000
    assert np.ptp([one.value for one in found.each]) < 0.002
    found = bayes.shrunk_means(np.array([1.0, 1.001, 0.999]), np.full(3, 50.0), 1.0)
    assert np.ptp([one.value for one in found.each]) < 1e-4


@pytest.mark.parametrize(("apart", "most"), [(0.0, 1.0), (0.05, 0.985), (0.2, 0.975)])
def test_few_levels_lie_where_they_are_believed_to(apart: float, most: float) -> None:
    rng = np.random.default_rng(0)
    held: dict[str, list[bool]] = {"shares": [], "means": []}
    for _ in range(300):
        n = rng.integers(20, 80, 4).astype(float)
        shares, means = np.clip(0.3 + apart * rng.normal(size=4), 0.02, 0.98), 5 * apart * rng.normal(size=4)
        found = bayes.shrunk_rates(rng.binomial(n.astype(int), shares).astype(float), n).each
        held["shares"] += [one.low <= truth <= one.high for one, truth in zip(found, shares, strict=True)]
        found = bayes.shrunk_means(means + rng.normal(size=4) / np.sqrt(n), n, 1.0).each
        held["means"] += [one.low <= truth <= one.high for one, truth in zip(found, means, strict=True)]
    assert all(0.93 <= np.mean(one) <= most for one in held.values())


def test_a_hundredth_of_a_value_does_not_matter() -> None:
    assert practically("value:-6,80", 370.0) == pytest.approx(3.7)
    assert practically("precision_at:50", 0.4) == 0.01
