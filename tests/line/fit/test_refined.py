"""Iterations are chosen by the loss that the best temperature leaves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold
from artificer.line.fit.learners import load
from artificer.line.fit.losses import row_losses
from artificer.line.fit.refined import HIGHEST, refined
from artificer_runtime.outcome import tempered

N, N_VALID = 600, 1000
HASTY = {"learning_rate": 0.2, "max_iterations": 90, "patience": 0}


def fold_of(task: str, weighted: bool = False) -> Fold:
    """Few rows to train on, so that a hasty model is soon too sure."""
    rng = np.random.default_rng(1)
    n_classes = {"binary": 2, "multiclass": 3}.get(task, 0)
    X = rng.normal(size=(N + N_VALID, 6)).astype(np.float32)
    y = X[:, 0] + rng.normal(size=len(X))
    if n_classes:
        y = (X[:, :n_classes] + rng.gumbel(size=(len(X), n_classes))).argmax(axis=1).astype(np.float64)
    weight = rng.uniform(0.2, 3.0, N_VALID) if weighted else None
    names = tuple("abcdef")
    return Fold(X[:N], y[:N], task, n_classes, names, X[N:], y[N:], weight_valid=weight)  # type: ignore[arg-type]


def curve_of(fold: Fold, fitted: Fitted) -> np.ndarray:
    assert fold.X_valid is not None
    assert fold.y_valid is not None
    return refined(fitted.member, fold.X_valid, fold.y_valid, fold.weight_valid, fitted.curve)


@pytest.mark.parametrize("name", ["lightgbm", "catboost"])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("weighted", [False, True])
def test_each_loss_is_what_the_best_temperature_leaves(name: str, task: str, weighted: bool) -> None:
    fold = fold_of(task, weighted)
    fitted = load(name).fit(fold, HASTY, Clock())
    found = curve_of(fold, fitted)
    assert len(found) == len(fitted.curve) == 90
    for iteration in (3, 30, 90):  # each is looked at
        chances = fitted.member.truncated(iteration).predict(fold.X_valid)  # type: ignore[attr-defined]

        def left(logarithm: float, chances: np.ndarray = chances) -> float:
            losses = row_losses("multiclass", fold.y_valid, tempered(chances, np.exp(logarithm)))  # type: ignore[arg-type]
            return float(np.average(losses, weights=fold.weight_valid))

        best = minimize_scalar(left, bounds=(0.0, np.log(HIGHEST)), method="bounded").fun
        assert found[iteration - 1] == pytest.approx(best, rel=1e-4)
    assert found[-1] < fitted.curve[-1], "a model that is too sure loses more as it is"


def test_numbers_and_what_has_no_iterations_keep_their_own_curve() -> None:
    numbers, classes = fold_of("regression"), fold_of("binary")
    boosted = load("lightgbm").fit(numbers, HASTY, Clock())
    assert curve_of(numbers, boosted) is boosted.curve
    linear = load("linear").fit(classes, {}, Clock())
    assert curve_of(classes, linear) is linear.curve
