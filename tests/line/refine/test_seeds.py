"""Several seeds made one member: it predicts the mean of what they say, raw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners import load
from artificer.line.refine.seeds import together
from artificer_runtime.members import Member

pytestmark = pytest.mark.slow


def fold(task: str, seed: int) -> Fold:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)).astype(np.float32)
    X[:, 0] = rng.integers(-1, 20, 300)
    X[rng.random(X.shape) < 0.1] = np.nan
    signal = np.nan_to_num(X[:, 0] % 3 + X[:, 1])
    cuts = {"binary": [0.5], "multiclass": [0.3, 0.6], "regression": []}[task]
    y = np.searchsorted(np.quantile(signal, cuts), signal).astype(float) if cuts else signal
    return Fold(X, y, task, len(cuts) + 1 if cuts else 0, tuple("abcd"), categorical=(0,), seed=seed)  # type: ignore[arg-type]


def raw(member: Any, X: np.ndarray) -> np.ndarray:
    """Log odds, logarithms of probabilities up to a constant, or values."""
    p = member.predict(X)
    if member.link == "identity":
        return np.asarray(p)
    logs = np.log(p)
    return np.asarray(logs - logs[:, :1])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("learner", ["lightgbm", "catboost"])
def test_the_one_says_the_mean_of_all(learner: str, task: str) -> None:
    settings: dict[str, Any] = {"max_iterations": 12}
    if learner == "lightgbm":
        settings |= {"bagging_fraction": 0.6, "bagging_freq": 1}
    given = [fold(task, seed) for seed in (0, 1, 2)]
    if learner == "catboost":
        given = [Fold(one.X, one.y, one.task, one.n_classes, one.names, seed=one.seed) for one in given]
    members: list[Member] = [load(learner).fit(one, settings, Clock()).member for one in given]
    (one,) = together(members)
    X = given[0].X
    said = [raw(member, X) for member in members]
    assert np.ptp([part[:, -1] for part in said], axis=0).max() > 1e-3, "seeds that agree prove nothing"
    np.testing.assert_allclose(raw(one, X), np.mean(said, axis=0), atol=1e-9)
    np.testing.assert_allclose(raw(one, X[:5]), np.mean(said, axis=0)[:5], atol=1e-9)
    again = type(one).from_arrays(dict(one.arrays()), dict(one.meta()))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(again.predict(X), one.predict(X))


def test_what_cannot_be_one_stays_several() -> None:
    linear: Member = load("linear").fit(fold("binary", 0), {"C": 1.0}, Clock()).member
    assert together([linear, linear]) == [linear, linear]
