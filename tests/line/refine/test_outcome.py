"""What the blend becomes, in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from artificer.line.refine.blend import Measured
from artificer.line.refine.multipliers import multipliers
from artificer.line.refine.outcome import outcome
from artificer.line.refine.residuals import residuals
from artificer.line.refine.temperature import temperature
from artificer.measure.labels import decided
from artificer.measure.metrics import score


def world(n: int, seed: int, slope: float = 1.5, base: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of two classes, and what is truly their probability."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-base - slope * rng.normal(size=n)))
    return (rng.random(n) < p).astype(float), np.stack([1 - p, p], axis=1)


def sharpened(p: np.ndarray, by: float) -> np.ndarray:
    powers = p**by
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def seen(y: np.ndarray, metric: str, task: str = "binary", **more: np.ndarray) -> Measured:
    return Measured(np.arange(len(y)), y, metric, task, **more)  # type: ignore[arg-type]


def test_probabilities_that_are_too_sure_are_tempered_by_what_made_them_so() -> None:
    y, p = world(8000, 1)
    found, decision = temperature(seen(y, "roc_auc"), sharpened(p, 2.0))
    assert found == pytest.approx(2.0, rel=0.1)
    assert decision is not None
    assert decision.choice == f"tempered by {found:.2f}"
    assert decision.because.startswith(
        f"fitted on one half of the rows and measured on the other, a temperature of {found:.2f} gains +0."
    )


def test_right_probabilities_stay_nearly_as_they_are() -> None:
    for seed in range(10):
        y, p = world(1000, seed)
        assert temperature(seen(y, "log_loss"), p)[0] == pytest.approx(1.0, abs=0.2)


def test_weights_count_in_the_temperature() -> None:
    y, p = world(4000, 2)
    rows = np.concatenate([np.arange(2000), np.arange(2000, 4000)])
    weight = np.where(rows < 2000, 1.0, 1e-9)
    mixed = np.where((rows < 2000)[:, None], sharpened(p, 2.0), sharpened(p, 0.6))
    assert temperature(seen(y, "log_loss", weight=weight), mixed)[0] > 1.5


def test_few_rows_and_numbers_are_left_alone() -> None:
    y, p = world(60, 1)
    assert temperature(seen(y, "log_loss"), sharpened(p, 3.0)) == (1.0, None)
    assert temperature(seen(y, "rmse", "regression"), p[:, :1]) == (1.0, None)


@pytest.mark.parametrize(("metric", "base"), [("f1", -2.0), ("balanced_accuracy", -2.0), ("f1_macro", -2.0)])
def test_a_threshold_serves_rows_that_did_not_choose_it(metric: str, base: float) -> None:
    y, p = world(3000, 3, base=base)
    chosen, decision = multipliers(seen(y, metric), p)
    new_y, new_p = world(20_000, 4, base=base)
    assert decision is not None
    assert decision.choice.startswith("success from a probability of ")
    assert score(metric, new_y, decided(metric, new_p, chosen)) > score(metric, new_y, new_p) + 0.01
    # The threshold of balanced accuracy is the share of success (Bayes); what was chosen lies close to it.
    if metric == "balanced_accuracy":
        assert chosen[0] / sum(chosen) == pytest.approx(y.mean(), abs=0.06)


def test_on_few_rows_a_threshold_does_next_to_no_harm() -> None:
    new_y, new_p = world(20_000, 99)
    losses = []
    for seed in range(12):
        y, p = world(150, seed)
        chosen, _ = multipliers(seen(y, "accuracy"), p)
        losses.append(score("accuracy", new_y, new_p) - score("accuracy", new_y, decided("accuracy", new_p, chosen)))
    assert np.mean(losses) < 0.01


def test_rare_classes_of_three_are_called_as_the_metric_wants_them() -> None:
    def three(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        raw = rng.normal(size=(n, 3)) * 1.5 + [2.0, 0.0, -1.5]
        p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
        return (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).astype(float), p

    y, p = three(3000, 1)
    new_y, new_p = three(20_000, 2)
    for metric, least in (("balanced_accuracy", 0.1), ("f1_macro", 0.01)):
        chosen, decision = multipliers(seen(y, metric, "multiclass"), p)
        assert decision is not None
        assert len(chosen) == 3
        assert score(metric, new_y, decided(metric, new_p, chosen)) > score(metric, new_y, new_p) + least


def test_a_metric_that_reads_probabilities_has_no_threshold() -> None:
    y, p = world(500, 1)
    assert multipliers(seen(y, "roc_auc"), p) == ((), None)


def test_multipliers_are_in_the_order_of_the_classes_whichever_is_success() -> None:
    y, p = world(3000, 3, base=-2.0)
    first, _ = outcome(seen(y, "f1"), p, 1, "")
    other, _ = outcome(seen(y, "f1"), p[:, ::-1], 0, "")
    assert first.multipliers == other.multipliers[::-1] != ()
    assert first.temperature == other.temperature


def test_a_threshold_of_the_brief_leaves_labels_as_they_are() -> None:
    y, p = world(3000, 3, base=-2.0)
    assert outcome(seen(y, "f1"), p, 1, "", labels=False)[0].multipliers == ()


@pytest.mark.parametrize("noise", ["even", "growing", "skewed"])
def test_intervals_hold_nine_in_ten(noise: str) -> None:
    def numbers(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        prediction = rng.uniform(0, 10, n)
        error = rng.normal(size=n) if noise != "skewed" else rng.exponential(size=n) - 1
        return prediction + error * (0.2 + prediction if noise == "growing" else 1.0), prediction[:, None]

    held, scaled = [], []
    for seed in range(20):
        y, prediction = numbers(800, seed)
        found, decision = residuals(seen(y, "rmse", "regression"), prediction)
        assert found is not None
        assert decision is not None
        new_y, new = numbers(2000, 1000 + seed)
        low, high = found.interval(new[:, 0], 0.9).T
        held.append(((new_y >= low) & (new_y <= high)).mean())
        scaled.append(decision.choice == "with the prediction")
        below, above = (new_y < low).mean(), (new_y > high).mean()
        assert abs(below - above) < 0.06
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)
    assert np.mean(scaled) == 1.0 if noise == "growing" else np.mean(scaled) <= 0.2


def test_few_rows_leave_an_end_open_and_none_tell_nothing() -> None:
    y = np.random.default_rng(0).normal(size=30)
    found, _ = residuals(seen(y, "rmse", "regression"), np.zeros((30, 1)))
    assert found is not None
    assert np.isfinite(found.interval(np.zeros(1), 0.9)).all()
    assert np.isinf(found.interval(np.zeros(1), 0.99)).all()
    assert residuals(seen(y[:10], "rmse", "regression"), np.zeros((10, 1))) == (None, None)


def test_no_interval_reaches_below_0_where_no_value_does_and_each_holds_its_prediction() -> None:
    rng = np.random.default_rng(6)
    price = np.abs(rng.normal(0.0, 3.0, 400))
    prediction = np.full((400, 1), 3.0)
    for transform in ("", "log1p"):
        floored, _ = residuals(seen(price, "rmse", "regression"), prediction, transform)
        assert floored is not None
        assert floored.interval(np.array([1.0]), 0.9)[0, 0] == 0.0
    plain, _ = residuals(seen(price - 0.1, "rmse", "regression"), prediction)
    free, _ = residuals(seen(price, "rmse", "regression"), prediction)
    assert plain is not None
    assert free is not None
    assert plain.interval(np.array([1.0]), 0.9)[0, 0] < 0.0
    low, high = free.interval(np.array([-2.0]), 0.9)[0]
    assert low == -2.0 < high


def test_perfect_predictions_have_intervals_of_no_width() -> None:
    y = np.arange(500.0)
    found, _ = residuals(seen(y, "rmse", "regression"), y[:, None])
    assert found is not None
    np.testing.assert_array_equal(found.interval(y, 0.9), np.stack([y, y], axis=1))
