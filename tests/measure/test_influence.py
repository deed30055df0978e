"""Influence is the derivative of a score in the weight of a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artificer.measure.influence import has_influence, influence, of_numbers, of_ranks, pairs_won, tracked_metric
from artificer.measure.metrics import METRICS, metric, score

BINARY = [name for name, one in METRICS.items() if has_influence(name) and "binary" in one.tasks]
REGRESSION = [name for name, one in METRICS.items() if has_influence(name) and one.tasks == ("regression",)]


def rows(seed: int, name: str, n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    tilt = rng.normal(size=n)
    if "binary" in metric(name).tasks:
        p = np.round(rng.uniform(0.05, 0.95, n), 2)  # with ties
        y = (rng.random(n) < p).astype(float)
        y[:2] = 0.0, 1.0
        return y, np.stack([1 - p, p], axis=1), tilt
    y = rng.uniform(1, 9, n)
    return y, (y + rng.normal(0, 1, n)).clip(0.1)[:, None], tilt


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(BINARY + REGRESSION))
def test_reweighting_rows_changes_the_score_as_their_influence_says(seed: int, name: str) -> None:
    y, prediction, tilt = rows(seed, name)
    phi = influence(name, y, prediction)
    assert phi.mean() == pytest.approx(0, abs=1e-12)
    step = 1e-5
    up, down = (score(name, y, prediction, 1 + sign * step * tilt) for sign in (1, -1))
    derivative = metric(name).sign * (up - down) / (2 * step)
    # Weights are shares: a tilt of the weights is a tilt of the distribution less its mean.
    expected = float((phi * (tilt - tilt.mean())).mean())
    assert derivative == pytest.approx(expected, rel=1e-3, abs=1e-6)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(["roc_auc", "average_precision"]), weighted=st.booleans())
def test_so_it_does_for_ranks(seed: int, name: str, weighted: bool) -> None:
    y, prediction, tilt = rows(seed, name)
    weight = np.random.default_rng(seed).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    phi = of_ranks(name, y, prediction[:, 1], weight)
    assert phi.mean() == pytest.approx(0, abs=1e-12)
    step = 1e-5
    up, down = (score(name, y, prediction, weight * (1 + sign * step * tilt)) for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx(float((phi * tilt).mean()), rel=1e-3, abs=1e-6)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_so_it_does_for_the_share_of_variance_explained(seed: int, weighted: bool) -> None:
    y, prediction, tilt = rows(seed, "r2")
    weight = np.random.default_rng(seed).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    phi = of_numbers("r2", y, prediction[:, 0], weight)
    assert phi.mean() == pytest.approx(0, abs=1e-12)
    step = 1e-5
    up, down = (score("r2", y, prediction, weight * (1 + sign * step * tilt)) for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx(float((phi * tilt).mean()), rel=1e-3, abs=1e-6)


def test_a_metric_without_an_influence_is_followed_by_its_loss() -> None:
    assert tracked_metric("roc_auc", "binary") == "roc_auc"
    assert tracked_metric("average_precision", "binary") == "log_loss"
    assert tracked_metric("f1_macro", "multiclass") == "log_loss"
    assert tracked_metric("r2", "regression") == "rmse"


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(BINARY + REGRESSION))
def test_so_it_does_within_stretches_and_with_weights(seed: int, name: str) -> None:
    y, prediction, tilt = rows(seed, name, 240)
    weight = np.random.default_rng(seed).uniform(0.5, 2, 240)
    place = np.arange(240) % 3  # each as many rows, so that a tilt of the rows' shares is known
    y[:6] = [0, 0, 0, 1, 1, 1] if name in BINARY else y[:6]
    phi = influence(name, y, prediction, weight, place)
    assert phi.mean() == pytest.approx(0, abs=1e-10)

    def whole(by: np.ndarray) -> float:
        pooled = _pooled_area if name == "roc_auc" else _mean_of_stretches
        return pooled(name, y, prediction, weight, by, place)

    step = 1e-5
    derivative = metric(name).sign * (whole(1 + step * tilt) - whole(1 - step * tilt)) / (2 * step)
    assert derivative == pytest.approx(float((phi * tilt).mean()), rel=1e-3, abs=1e-6)


def _mean_of_stretches(
    name: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray, by: np.ndarray, place: np.ndarray
) -> float:
    """Each counts as much as its rows."""
    scores = [score(name, y[place == one], prediction[place == one], (weight * by)[place == one]) for one in range(3)]
    shares = np.bincount(place, weights=by) / by.sum()
    return float(shares @ scores)


def _pooled_area(
    _: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray, by: np.ndarray, place: np.ndarray
) -> float:
    """Pairs within a stretch: won ones by all of them, each stretch as much as its rows."""
    one_each = np.arange(len(y))
    won, pairs = pairs_won(y, prediction[:, 1], one_each, len(y), weight, place)
    return float(by @ won @ by / (by @ pairs @ by))


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_pairs_by_bins_give_the_area_however_bins_weigh(seed: int) -> None:
    y, prediction, _ = rows(seed, "roc_auc")
    rng = np.random.default_rng(seed)
    bins, v = rng.integers(0, 7, len(y)), rng.uniform(0.1, 3, 7)
    won, pairs = pairs_won(y, prediction[:, 1], bins, 7)
    assert won.sum() == pytest.approx(score("roc_auc", y, prediction))
    assert v @ won @ v / (v @ pairs @ v) == pytest.approx(score("roc_auc", y, prediction, v[bins]))


def test_pairs_of_many_scores_are_told_by_levels_of_them() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(float)
    won, pairs = pairs_won(y, p, np.zeros(20_000, np.int64), 1)
    assert won.sum() / pairs.sum() == pytest.approx(score("roc_auc", y, np.stack([1 - p, p], axis=1)), abs=1e-4)
