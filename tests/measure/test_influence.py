"""Influence is the derivative of a score in the weight of a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artificer.measure.influence import has_influence, influence, tracked_metric
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


def test_a_metric_without_an_influence_is_followed_by_its_loss() -> None:
    assert tracked_metric("roc_auc", "binary") == "roc_auc"
    assert tracked_metric("average_precision", "binary") == "log_loss"
    assert tracked_metric("f1_macro", "multiclass") == "log_loss"
    assert tracked_metric("r2", "regression") == "rmse"
