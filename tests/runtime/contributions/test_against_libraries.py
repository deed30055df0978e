"""Contributions of one tree model are SHAP's values, as the training libraries themselves give them."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import numpy as np
import pytest

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners import catboost_trees, extra_trees, lightgbm_trees
from artificer_runtime import walk
from artificer_runtime.contributions import trees

N, N_COLUMNS = 300, 6
GROUP = np.arange(N_COLUMNS)


def fold(task: Any, seed: int = 0) -> Fold:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, N_COLUMNS)).astype(np.float32)
    X[:, 4:] = rng.integers(0, 9, (N, 2))
    X[rng.random(X.shape) < 0.1] = np.nan
    signal = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + np.where(X[:, 4] == 3, 2, 0) + np.isnan(X[:, 3])
    y = signal if task == "regression" else np.digitize(signal, [0.3] if task == "binary" else [-0.3, 0.8])
    n_classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    names = tuple(f"x{k}" for k in range(N_COLUMNS))
    return Fold(X, y.astype(np.float64), task, n_classes, names, categorical=(4, 5))


@pytest.fixture(params=["compiled", "numpy"])
def way(request, monkeypatch):
    """Where nothing is compiled, numpy is tried twice."""
    if request.param == "numpy":
        monkeypatch.setattr(walk, "KERNEL", None)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_of_lightgbm(task, way):
    made = fold(task)
    learner = lightgbm_trees.LightGBM()
    settings = {"max_iterations": 15, "num_leaves": 12, "min_data_in_leaf": 5, "max_cat_to_onehot": 1}
    booster = lightgbm.train(
        learner.parameters(made, settings),
        learner._dataset(made),
        num_boost_round=15,
    )
    member = lightgbm_trees.portable(booster.model_to_string(num_iteration=-1), "identity")
    wanted = booster.predict(made.X, pred_contrib=True).reshape(N, -1, N_COLUMNS + 1)
    shares = trees.Shares.of_trees(member, GROUP, N_COLUMNS)
    np.testing.assert_allclose(shares.of(made.X), wanted[:, :, :-1].transpose(0, 2, 1), atol=1e-6)
    np.testing.assert_allclose(shares.base, wanted[0, :, -1], atol=1e-6)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_of_catboost(task, way):
    made = fold(task)
    learner = catboost_trees.CatBoost()
    model = catboost.CatBoost(learner.parameters(made, {"max_iterations": 12, "depth": 5}))
    pool = catboost.Pool(made.X, made.y)
    model.fit(pool)
    member = catboost_trees.portable(model, made)
    wanted = np.asarray(model.get_feature_importance(pool, "ShapValues")).reshape(N, -1, N_COLUMNS + 1)
    shares = trees.Shares.of_symmetric(member, GROUP, N_COLUMNS)
    np.testing.assert_allclose(shares.of(made.X), wanted[:, :, :-1].transpose(0, 2, 1), atol=1e-6)
    np.testing.assert_allclose(shares.base, wanted[0, :, -1], atol=1e-6)


def test_of_random_trees_add_up_to_what_scikit_learn_predicts(way):
    made = fold("multiclass")
    fitted = extra_trees.ExtraTrees().fit(made, {"trees": 20}, Clock())
    shares = trees.Shares.of_trees(fitted.member, GROUP, N_COLUMNS)
    np.testing.assert_allclose(shares.base + shares.of(made.X).sum(axis=1), fitted.native, atol=1e-9)
    assert (shares.of(made.X)[:, 0] != 0).any()
