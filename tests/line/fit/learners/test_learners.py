"""Learners: their portable form is the library's model, the clock is obeyed, and small or dull data do no harm."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from artificer.core.clock import Clock
from artificer.core.errors import FaultError
from artificer.core.protocols import Fold, Learner
from artificer.line.fit.learners import BUILTIN, catboost_trees, extra_trees, lightgbm_trees, linear_model, load
from artificer.line.fit.learners.kernel_machine import _Data, _Problem
from artificer.line.fit.learners.lightgbm_trees import floor32
from artificer.line.fit.learners.neural_network import _Training
from artificer.line.fit.losses import constant, level_of, link_of, power_of, row_losses
from artificer_runtime.members.kernel import nearness
from artificer_runtime.members.links import linked
from artificer_runtime.members.trees import Trees

N_OUT = {"binary": 2, "multiclass": 3, "regression": 1}
TASKS = sorted(N_OUT)
LOSSES = ("absolute", "quantile:0.9", "poisson", "tweedie:1.5")
ALL = [*((task, "") for task in TASKS), *(("regression", loss) for loss in LOSSES)]
SHORT = {
    "lightgbm": {"max_iterations": 30},
    "lightgbm_trusting": {"max_iterations": 30},
    "catboost": {"max_iterations": 30},
    "linear": {},
    "network": {"epochs": 30},
    "kernel": {},
    "extra_trees": {"trees": 30},
    "discriminant": {"sharpness": 1.0},
}
SQUARED_ONLY = ("kernel", "extra_trees")
LEARNERS = [
    (name, task, loss)
    for name in sorted(BUILTIN)
    for task, loss in ALL
    if (name, task) != ("discriminant", "regression") and not (loss and name in SQUARED_ONLY)
]
# A network computes in single precision.
ATOL = {"network": 1e-5}
LARGEST = float(np.finfo(np.float32).max)


def made(task: str, n_rows: int = 600, seed: int = 0, **more) -> Fold:
    """Rows with gaps, zeros, ties and codes of a category (0 missing, -1 unseen) in feature 0."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6)).astype(np.float32)
    X[:, 0] = rng.integers(-1, 12, n_rows)
    X[:, 1] = np.round(X[:, 1] * 2) / 2
    X[rng.random(X.shape) < 0.08] = np.nan
    X[rng.random(X.shape) < 0.08] = 0
    X[:, 5] = np.nan_to_num(X[:, 5])
    full = np.nan_to_num(X)
    signal = (full[:, 0] % 3) + full[:, 1] * full[:, 2] + np.abs(full[:, 3]) + 0.3 * rng.normal(size=n_rows)
    cuts = {"binary": [0.5], "multiclass": [0.33, 0.66]}.get(task, [])
    if power_of(more.get("loss", "")) is not None:
        signal = np.where(signal > 1, signal - 1, 0.0) * 100  # many a zero, and a size that no learner expects
    y = signal if task == "regression" else np.searchsorted(np.quantile(signal, cuts), signal).astype(float)
    half = n_rows // 2
    n_classes = 0 if task == "regression" else N_OUT[task]
    return Fold(X[:half], y[:half], task, n_classes, tuple("abcdef"), X[half:], y[half:], **more)


def hard_rows(fold: Fold, thresholds: np.ndarray) -> np.ndarray:
    """Thresholds themselves and their neighbours, gaps, extremes, codes never seen."""
    rng = np.random.default_rng(1)
    at = thresholds[np.isfinite(thresholds)].astype(np.float32)
    pool = np.concatenate([at, np.nextafter(at, np.float32(9e9)), np.nextafter(at, np.float32(-9e9))])
    pool = np.concatenate([pool, np.array([np.nan, 0, -0.0, 1e-38, -1e-36, LARGEST, -LARGEST], np.float32)])
    X = rng.choice(pool, (1500, fold.X.shape[1])).astype(np.float32)
    X[:, 0] = rng.choice(np.array([-1, 0, 3, 11, 12, 40, 1e6, np.nan], np.float32), len(X))
    return X


@pytest.mark.parametrize(("name", "task", "loss"), LEARNERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_portable_form_predicts_what_the_library_does(name, task, loss, weighted):
    weight = np.random.default_rng(2).uniform(0.1, 3, 300) if weighted else None
    fold = made(task, weight=weight, categorical=(0,) if name == "lightgbm" else (), loss=loss)
    fold = replace(fold, served=hard_rows(fold, fold.X)[:200])
    fitted = load(name).fit(fold, SHORT[name], Clock())
    prediction = fitted.member.predict(fold.checked)
    assert prediction.shape == fitted.native.shape == (500, N_OUT[task])
    np.testing.assert_allclose(prediction, fitted.native, rtol=ATOL.get(name, 1e-9), atol=ATOL.get(name, 1e-9))
    assert np.ptp(prediction, axis=0).min() > 0.05, "a model that learned nothing proves nothing"
    assert not fitted.cut


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", sorted(set(BUILTIN) - {*SQUARED_ONLY, "discriminant"}))
def test_a_loss_is_lowered_below_what_one_number_reaches(name, loss):
    fold = made("regression", 1600, loss=loss)
    given_settings = {"linear": {}, "network": {"epochs": 20}}.get(name, {"learning_rate": 0.08, "max_iterations": 200})
    fitted, squared = (load(name).fit(one, given_settings, Clock()) for one in (fold, replace(fold, loss="")))

    def shown(one):
        best = one.member.truncated(int(np.argmin(one.curve)) + 1) if len(one.curve) else one.member
        return best.predict(fold.X_valid)

    def lost(prediction):
        return row_losses("regression", fold.y_valid, prediction, loss).mean()

    share = 1.0 if name == "linear" else 0.8  # the signal is in products and sizes
    assert lost(shown(fitted)) < share * lost(np.full((len(fold.y_valid), 1), constant(loss, fold.y)))
    if power_of(loss) is not None:
        assert shown(fitted).min() > 0
        return
    assert (fold.y_valid <= shown(fitted)[:, 0]).mean() == pytest.approx(level_of(loss), abs=0.15)
    if loss.startswith("quantile"):
        assert lost(shown(fitted)) < 0.97 * lost(shown(squared))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), case=st.sampled_from(ALL), k=st.integers(1, 12), zero=st.booleans())
def test_lightgbm_agrees_on_hard_rows_whole_and_truncated(seed, case, k, zero):
    task, loss = case
    fold = made(task, seed=seed, categorical=(0,), loss=loss)
    learner = lightgbm_trees.LightGBM()
    given_settings = {"min_data_in_leaf": 3, "min_data_per_group": 5, "cat_smooth": 1, "zero_as_missing": zero}
    booster = lightgbm.Booster(learner.parameters(fold, given_settings), learner._dataset(fold))
    for _ in range(12):
        booster.update()
    member = lightgbm_trees.portable(booster.model_to_string(num_iteration=-1), link_of(task, loss))
    X = hard_rows(fold, member.threshold)
    for part, n in ((member, -1), (member.truncated(k), k)):
        native = booster.predict(X, num_iteration=n)
        native = np.stack([1 - native, native], 1) if task == "binary" else native.reshape(len(X), -1)
        np.testing.assert_allclose(part.predict(X), native, rtol=1e-9, atol=1e-12)
        few = np.concatenate([part.predict(X[at : at + 1]) for at in range(40)])
        np.testing.assert_allclose(few, native[:40], rtol=1e-9, atol=1e-12)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), case=st.sampled_from(ALL), k=st.integers(1, 12))
def test_catboost_agrees_on_hard_rows_whole_and_truncated(seed, case, k):
    task, loss = case
    fold = made(task, seed=seed, loss=loss)
    unit = catboost_trees._unit(fold)
    model = catboost_trees.Library(catboost_trees.CatBoost().parameters(fold, {"max_iterations": 12, "depth": 5}))
    model.fit(catboost_trees.Pool(fold.X, fold.y / unit))
    member = catboost_trees.portable(model, fold)
    X = hard_rows(fold, member.border.ravel())
    kind = "RawFormulaVal" if task == "regression" else "Probability"
    for part, n in ((member, 0), (member.truncated(k), k)):
        native = model.predict(X, prediction_type=kind, ntree_end=n).reshape(len(X), -1) * unit
        native = unit * np.exp(native / unit) if power_of(loss) is not None else native
        np.testing.assert_allclose(part.predict(X), native, rtol=1e-9, atol=1e-12)


# No learner has effects on many classes, and CatBoost watches trees before it makes them monotone.
CURVES = [
    (name, task, loss, monotone)
    for name in ("catboost", "lightgbm")
    for task, loss in ALL
    for monotone in (False, True)
    if not (monotone and (task == "multiclass" or name == "catboost"))
]


@pytest.mark.parametrize(("name", "task", "loss", "monotone"), CURVES)
def test_the_curve_is_the_loss_of_the_truncated_members(name, task, loss, monotone):
    fold = made(task, loss=loss, monotone=(0, 0, 0, 1, 0, 0) if monotone else ())
    fitted = load(name).fit(fold, SHORT[name], Clock())
    assert len(fitted.curve) == fitted.n_iterations
    if loss:
        ends = [fitted.member.truncated(k).predict(fold.X_valid) for k in (2, fitted.n_iterations)]
        lost = [row_losses(task, fold.y_valid, prediction, loss).mean() for prediction in ends]
        # Libraries lower half of a deviance, and CatBoost shows the whole absolute error.
        by = 2 if power_of(loss) is not None else 1
        assert by * (fitted.curve[-1] - fitted.curve[1]) == pytest.approx(lost[1] - lost[0], rel=1e-5)
        return
    for k in (1, 7, fitted.n_iterations):
        prediction = fitted.member.truncated(k).predict(fold.X_valid)
        if task == "regression":
            loss = np.sqrt(np.mean((prediction[:, 0] - fold.y_valid) ** 2))
        else:
            loss = -np.mean(np.log(prediction[np.arange(len(prediction)), fold.y_valid.astype(int)]))
        assert fitted.curve[k - 1] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("name", ["lightgbm", "catboost"])
def test_boosting_ends_when_the_validation_loss_has_stopped_falling(name):
    fold = made("binary")
    noise = Fold(fold.X, fold.y, "binary", 2, fold.names, fold.X_valid, 1 - fold.y_valid)
    fitted = load(name).fit(noise, {"patience": 5, "max_iterations": 200}, Clock())
    assert fitted.n_iterations - 1 - int(np.argmin(fitted.curve)) == 5
    assert not fitted.cut


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_a_clock_that_has_run_out_cuts_the_fit_and_leaves_a_model(name):
    fold = made("binary")
    fitted = load(name).fit(fold, {}, Clock.after(-1))
    assert fitted.cut
    np.testing.assert_allclose(fitted.member.predict(fold.X), fitted.native, atol=ATOL.get(name, 1e-9))


def test_a_linear_fit_that_the_clock_stopped_at_its_only_penalty_says_that_it_was_cut():
    fold, penalty = replace(made("binary"), X_valid=None, y_valid=None), {"C": 30.0}
    stopped, whole = (load("linear").fit(fold, penalty, clock) for clock in (Clock.after(-1), Clock()))
    assert stopped.facts["rounds"] < whole.facts["rounds"]
    assert (stopped.cut, whole.cut) == (True, False)
    again = load("linear").fit(fold, penalty | {"rounds": stopped.facts["rounds"]}, Clock.after(-1))
    np.testing.assert_array_equal(again.member.predict(fold.X), stopped.member.predict(fold.X))
    assert not again.cut, "a replay does as it is told"


@pytest.mark.parametrize("watched", [False, True])
def test_a_tree_whose_columns_hold_nothing_to_split_ends_no_fit(watched):
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(size=600), rng.integers(1, 3, 600)], axis=1).astype(np.float32)
    y = 10.0 * X[:, 0] + rng.normal(size=600)
    valid = (X[400:], y[400:]) if watched else (None, None)
    fold = Fold(X[:400], y[:400], "regression", 0, ("x", "shop"), *valid, categorical=(1,), served=X[400:])
    told = {
        "extra_trees": True,
        "feature_fraction": 0.5,
        "min_data_in_leaf": 10,
        "learning_rate": 0.1,
        "max_iterations": 200,
    }
    for seed in range(3):
        fitted = load("lightgbm").fit(replace(fold, seed=seed), told, Clock())
        assert fitted.n_iterations == 200
        assert len(fitted.curve) == 200 * watched
        assert np.mean((fitted.member.predict(X[400:])[:, 0] - y[400:]) ** 2) < 0.05 * y.var()


@pytest.mark.parametrize("name", ["lightgbm", "catboost"])
def test_a_refit_grows_as_many_trees_as_it_is_told(name):
    fold = made("regression")
    alone = Fold(fold.X, fold.y, "regression", 0, fold.names)
    fitted = load(name).fit(alone, {"max_iterations": 17}, Clock())
    assert (fitted.n_iterations, len(fitted.curve)) == (17, 0)


@pytest.mark.parametrize(("name", "task", "loss"), LEARNERS)
def test_the_same_fold_gives_the_same_model_to_the_bit(name, task, loss):
    one, two = (load(name).fit(made(task, seed=5, loss=loss), SHORT[name], Clock()).member for _ in range(2))
    for key, array in one.arrays().items():
        np.testing.assert_array_equal(array, two.arrays()[key])
    json.dumps(one.meta())


@pytest.mark.parametrize("name", ["lightgbm", "catboost"])
@pytest.mark.parametrize("loss", ["", *LOSSES])
def test_a_monotone_feature_never_lowers_the_prediction(name, loss):
    fold = made("regression", monotone=(0, 0, 0, 1, 0, 0), loss=loss)
    member = load(name).fit(fold, SHORT[name], Clock()).member
    X = np.repeat(np.nan_to_num(fold.X[:50]), 40, axis=0)
    X[:, 3] = np.tile(np.linspace(-3, 3, 40, dtype=np.float32), 50)
    assert np.diff(member.predict(X).reshape(50, 40), axis=1).min() >= -1e-12
    assert np.ptp(member.predict(X)) > 0.05, "a model that learned nothing breaks no direction"


def dull(case: str) -> Fold:
    fold = made("binary", 80)
    X, y, names = fold.X, fold.y, fold.names
    ones = np.ones_like(X)
    return {
        "constant features": Fold(ones, y, "binary", 2, names, ones, fold.y_valid),
        "one class": Fold(X, np.ones(40), "binary", 2, names, fold.X_valid, fold.y_valid),
        "one value": Fold(X, np.full(40, 4.0), "regression", 0, names, fold.X_valid, fold.y_valid),
        "a class that training lacks": Fold(X, 2 * y, "multiclass", 4, names, fold.X_valid, fold.y_valid + 1),
        "one class of three": Fold(X, np.full(40, 2.0), "multiclass", 3, names, fold.X_valid, fold.y_valid),
        "only gaps": Fold(ones * np.nan, y, "binary", 2, names, ones, fold.y_valid),
        "six rows": Fold(X[:6], np.array([0, 1.0, 0, 1, 1, 0]), "binary", 2, names, X[6:8], np.array([0.0, 1])),
    }[case]


DULL = (
    "constant features",
    "one class",
    "one value",
    "a class that training lacks",
    "one class of three",
    "only gaps",
    "six rows",
)


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name in sorted(BUILTIN) for case in DULL if (name, case) != ("discriminant", "one value")],
)
def test_dull_data_give_a_model_that_says_what_is_there(name, case, capfd):
    fold = dull(case)
    fitted = load(name).fit(fold, SHORT[name], Clock())
    assert capfd.readouterr() == ("", "")  # no library's own notices
    prediction = fitted.member.predict(fold.X)
    np.testing.assert_allclose(prediction, fitted.native, atol=1e-5)
    assert prediction.shape[1] == max(fold.n_classes, 1)
    if case == "one value":
        np.testing.assert_allclose(prediction, 4)
        for loss, value in (("absolute", 4), ("poisson", 4), ("tweedie:1.5", 4), ("poisson", 0), ("tweedie:1.5", 0)):
            told = replace(fold, y=np.full(40, float(value)), y_valid=np.full(40, float(value)), loss=loss)
            again = load(name).fit(told, SHORT[name], Clock())
            np.testing.assert_allclose(again.member.predict(fold.X), again.native, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(again.member.predict(fold.X), value, rtol=0.03, atol=1e-3)
    elif case.startswith("one class"):
        assert prediction[:, int(fold.y[0])].min() > 0.999
    elif case in ("constant features", "only gaps"):
        np.testing.assert_allclose(prediction[:, 1], fold.y.mean(), atol=0.05)


def test_the_penalty_is_searched_on_validation_rows_and_obeyed_in_a_refit():
    fold = made("binary")
    searched = load("linear").fit(fold, {}, Clock())
    told = load("linear").fit(Fold(fold.X, fold.y, "binary", 2, fold.names), dict(searched.facts), Clock())
    assert told.facts == searched.facts
    np.testing.assert_allclose(told.member.coefficients, searched.member.coefficients, atol=0.05)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("zeros", [0.0, 0.97])
def test_rows_without_their_zeros_are_fitted_as_whole_ones_are(task, zeros, monkeypatch):
    monkeypatch.setattr(linear_model, "CELLS_AT_ONCE", 500)  # so that rows come in many parts
    fold, rng = made(task), np.random.default_rng(2)
    words = np.where(rng.random((2, 300, 60)) < zeros, 0, rng.random((2, 300, 60))).astype(np.float32)
    X, X_valid = (
        np.concatenate([one, 50 * one[:, :1], more], axis=1)
        for one, more in zip((fold.X, fold.X_valid), words, strict=True)
    )
    names = tuple(f"f{place}" for place in range(X.shape[1]))
    whole = replace(fold, X=X, X_valid=X_valid, names=names, served=X_valid[:40])
    thin = replace(whole, **{name: sparse.csr_array(getattr(whole, name)) for name in ("X", "X_valid", "served")})
    one, other = (load("linear").fit(given, {}, Clock()) for given in (whole, thin))
    np.testing.assert_array_equal(one.member.coefficients, other.member.coefficients)
    np.testing.assert_array_equal(one.native, other.native)
    np.testing.assert_allclose(one.member.predict(X_valid), other.member.predict(thin.X_valid), rtol=1e-9)
    np.testing.assert_allclose(one.member.predict(whole.checked), other.member.predict(thin.checked), rtol=1e-9)
    # Of 150 classes, the zeros of words would be multiplied by each.
    monkeypatch.setattr(sparse.csr_array, "toarray", lambda self: pytest.fail("the zeros are not written out"))
    other.member.predict(thin.X_valid)
    assert one.facts == other.facts


def test_mostly_zero_words_are_fitted_as_sparse_rows_and_predicted_alike():
    rng = np.random.default_rng(0)
    X = (rng.random((1200, 300)) < 0.03).astype(np.float32)
    y = (X[:, :20].sum(axis=1) > 0).astype(float)
    fold = Fold(X[:800], y[:800], "binary", 2, tuple(map(str, range(300))), X[800:], y[800:])
    fitted = load("linear").fit(fold, {}, Clock())
    np.testing.assert_allclose(fitted.member.predict(fold.X), fitted.native, atol=1e-9)
    assert (fitted.member.predict(fold.X_valid).argmax(axis=1) == fold.y_valid).mean() > 0.8


@given(st.floats(-LARGEST, LARGEST), st.floats(-(2.0**120), 2.0**120, width=32))
def test_a_rounded_threshold_parts_single_precision_as_the_double_one_does(threshold, x):
    assert (x <= threshold) == (x <= floor32(threshold))
    below = float(np.nextafter(np.float32(x), np.float32(-math.inf)))
    assert floor32(x) == x
    assert floor32(math.nextafter(x, -math.inf)) == below


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_every_built_in_is_a_learner(name):
    learner = load(name)
    assert isinstance(learner, Learner)
    assert learner.name == name


def test_an_unknown_learner_is_our_own_fault():
    with pytest.raises(FaultError, match="no learner 'lightgb'"):
        load("lightgb")


def test_many_sets_of_categories_agree():
    fold = made("binary", 3000, categorical=(0,))
    X = fold.X.copy()
    X[:, 0] = np.random.default_rng(0).integers(-1, 400, len(X))
    y = (np.random.default_rng(1).random(400)[X[:, 0].astype(int)] > 0.5).astype(float)
    given_settings = {"max_iterations": 40, "min_data_in_leaf": 2, "min_data_per_group": 3, "cat_smooth": 1}
    many = Fold(X, y, "binary", 2, fold.names, categorical=(0,))
    fitted = load("lightgbm").fit(many, given_settings, Clock())
    assert isinstance(fitted.member, Trees)
    assert len(fitted.member.slot_kind) > 100
    big = np.tile(X, (6, 1))
    np.testing.assert_allclose(fitted.member.predict(big)[: len(X)], fitted.native[: len(X)], atol=1e-9)


class TestKernelMachine:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_what_is_left_out_is_what_the_others_alone_predict(self, weighted):
        weight = np.random.default_rng(2).uniform(0.1, 3, 300) if weighted else None
        data = _Data.of(made("regression", weight=weight), 40)
        problem = _Problem(data, 0.4 / data.deviation, 1.2)
        left_out = problem.solved(0.3).left_out[:, 0]
        for row in (0, 17, 39):
            rest = np.arange(40) != row
            near = problem.near[np.ix_(rest, rest)] + np.diag(0.3 / data.weight[rest])
            others = np.linalg.solve(near, (data.targets - data.mean)[rest, 0])
            assert left_out[row] == pytest.approx(float(problem.near[row, rest] @ others + data.mean[0]), rel=1e-9)

    def test_a_group_is_left_out_whole(self):
        group = np.random.default_rng(3).integers(0, 12, 300)
        data = _Data.of(made("regression", group=group[:300]), 40)
        problem = _Problem(data, 0.4 / data.deviation, 1.2)
        left_out = problem.solved(0.3).left_out[:, 0]
        for one in np.unique(data.group):
            rest = data.group != one
            near = problem.near[np.ix_(rest, rest)] + 0.3 * np.eye(rest.sum())
            others = np.linalg.solve(near, (data.targets - data.mean)[rest, 0])
            told = problem.near[np.ix_(~rest, rest)] @ others + data.mean[0]
            np.testing.assert_allclose(left_out[~rest], told, rtol=1e-8)

    @pytest.mark.parametrize("power", [1.0, 1.2])
    def test_its_slopes_are_those_of_the_prediction(self, power):
        data = _Data.of(made("multiclass"), 50)
        problem = _Problem(data, 0.4 / data.deviation, power)
        solved = problem.solved(0.3)

        def away(row: int, step: np.ndarray) -> np.ndarray:
            rest = np.arange(len(problem.placed)) != row
            square = np.square(problem.placed[row] + step - problem.placed[rest]).sum(axis=1)
            return nearness(square, power) @ solved.coefficients[rest]

        steps = 1e-5 * np.eye(problem.placed.shape[1])
        slopes = (
            np.array([[away(row, one) - away(row, -one) for one in steps] for row in range(len(problem.placed))]) / 2e-5
        )
        np.testing.assert_allclose(problem.slopes(solved), (slopes**2).mean(axis=0).sum(axis=1), rtol=1e-5)

    def test_a_feature_that_matters_is_scaled_up_and_noise_down(self):
        X = np.random.default_rng(0).normal(size=(400, 12)).astype(np.float32)
        fold = Fold(X, np.sin(2 * X[:, 3]).astype(np.float64), "regression", 0, tuple("abcdefghijkl"))
        member = load("kernel").fit(fold, {}, Clock()).member
        assert member.scale.argmax() == 3
        assert np.delete(member.scale, 3).max() < 0.3 * member.scale[3]

    def test_rounds_repeat_a_search_that_the_clock_cut(self):
        fold = made("binary")
        cut = load("kernel").fit(fold, {}, Clock.after(-1))
        again = load("kernel").fit(fold, {"rounds": cut.facts["rounds"]}, Clock())
        assert cut.cut
        assert not again.cut
        assert again.facts == cut.facts
        np.testing.assert_array_equal(again.member.predict(fold.X), cut.member.predict(fold.X))

    def test_ridge_and_bandwidth_can_be_told(self):
        facts = load("kernel").fit(made("binary"), {"ridge": 2.0, "bandwidth": 1.7}, Clock()).facts
        assert (facts["ridge"], facts["bandwidth"]) == (2.0, 1.7)

    def test_of_many_rows_some_are_kept_of_each_class_and_those_without_weight_never(self):
        fold = made("multiclass", 2000)
        y = np.where(np.arange(1000) < 2, 2.0, np.minimum(fold.y, 1))
        weight = (np.arange(1000) % 2 == 0).astype(float)
        rare = Fold(fold.X, y, "multiclass", 3, fold.names, weight=weight)
        fitted = load("kernel").fit(rare, {"rows": 100, "searched": 60}, Clock())
        assert 100 <= len(fitted.member.rows) <= 103
        assert fitted.member.predict(fold.X[:1])[0, 2] > 0.01
        told = Fold(fold.X[::2], y[::2], "multiclass", 3, fold.names)
        np.testing.assert_array_equal(
            load("kernel").fit(told, {"rows": 100, "searched": 60}, Clock()).member.predict(fold.X),
            fitted.member.predict(fold.X),
        )

    def test_its_member_says_that_it_keeps_rows(self):
        assert load("kernel").fit(made("binary"), {}, Clock()).member.KEEPS_ROWS

    def test_scores_of_noise_are_made_into_shares(self):
        rng = np.random.default_rng(0)
        fold = Fold(
            rng.normal(size=(300, 5)).astype(np.float32), (rng.random(300) < 0.3) * 1.0, "binary", 2, tuple("abcde")
        )
        prediction = load("kernel").fit(fold, {}, Clock()).member.predict(rng.normal(size=(200, 5)).astype(np.float32))
        np.testing.assert_allclose(prediction[:, 1], fold.y.mean(), atol=0.15)


class TestExtraTrees:
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(seed=st.integers(0, 10**6), task=st.sampled_from(TASKS), gaps=st.booleans())
    def test_it_agrees_on_hard_rows(self, seed, task, gaps):
        fold = made(task, seed=seed)
        given_fold = fold if gaps else Fold(np.nan_to_num(fold.X), fold.y, task, fold.n_classes, fold.names)
        learner = extra_trees.ExtraTrees()
        model = learner._forest(given_fold, {"min_samples_leaf": 1}, 10, 0)
        leaf = extra_trees._Leaf.of(given_fold)
        member = extra_trees.portable([extra_trees._Tree.of(one.tree_, leaf, model) for one in model.estimators_])
        X = hard_rows(fold, member.threshold)
        if not gaps:  # scikit-learn refuses gaps where training had none
            X = np.nan_to_num(X)
        native = leaf.native(model, X)
        np.testing.assert_allclose(member.predict(X), native, rtol=1e-9, atol=1e-12)
        few = np.concatenate([member.predict(X[at : at + 1]) for at in range(40)])
        np.testing.assert_allclose(few, native[:40], rtol=1e-9, atol=1e-12)

    def test_rounds_repeat_a_forest_that_the_clock_cut(self):
        fold = made("multiclass")
        cut = load("extra_trees").fit(fold, {"most_leaves": 20}, Clock.after(-1))
        again = load("extra_trees").fit(fold, {"most_leaves": 20, "rounds": cut.facts["rounds"]}, Clock())
        assert (cut.cut, again.cut, again.facts) == (True, False, cut.facts)
        assert len(again.member.root) == 10
        np.testing.assert_array_equal(again.member.predict(fold.X), cut.member.predict(fold.X))

    @pytest.mark.parametrize("task", TASKS)
    def test_its_trees_have_no_more_leaves_than_asked(self, task):
        member = (
            load("extra_trees").fit(made(task), {"trees": 25, "min_samples_leaf": 1, "most_leaves": 12}, Clock()).member
        )
        assert len(member.root) == 25
        assert member.leaves.sum() == 25 * 12

    def test_leaves_of_one_class_share_what_they_say(self):
        fold = made("multiclass")
        member = load("extra_trees").fit(fold, {"trees": 20, "min_samples_leaf": 1}, Clock()).member
        assert member.leaves.sum() > 100
        assert len(member.value) < 20

    def test_no_class_is_ruled_out_by_a_pure_leaf(self):
        fold = made("multiclass")
        prediction = load("extra_trees").fit(fold, {"min_samples_leaf": 1}, Clock()).member.predict(fold.X)
        assert prediction.min() > 1e-3
        np.testing.assert_allclose(prediction.sum(axis=1), 1)


class TestDiscriminant:
    def test_rows_of_normal_clouds_get_their_true_probabilities(self):
        rng = np.random.default_rng(0)
        y = rng.integers(0, 3, 6000)
        means = np.array([[0, 0, 0], [1.5, 0, 0], [0, 1.5, 1]])
        shape = np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]])
        X = (means[y] + rng.normal(size=(6000, 3)) @ shape).astype(np.float32)
        fitted = load("discriminant").fit(Fold(X, y.astype(float), "multiclass", 3, tuple("abc")), {}, Clock())
        inverse = np.linalg.inv(shape.T @ shape)
        true = linked(np.stack([X @ inverse @ m - 0.5 * m @ inverse @ m for m in means], 1), "softmax")
        np.testing.assert_allclose(fitted.member.predict(X), true, atol=0.1)
        assert fitted.facts["sharpness"] == pytest.approx(1, abs=0.05)

    def test_many_features_of_few_rows_are_shrunk(self):
        rng = np.random.default_rng(0)
        y = np.arange(80) % 2
        X = (0.4 * y[:, None] + rng.normal(size=(80, 200))).astype(np.float32)
        fitted = load("discriminant").fit(
            Fold(X, y.astype(float), "binary", 2, tuple(map(str, range(200)))), {}, Clock()
        )
        assert fitted.facts["shrinkage"] >= 0.4
        fresh = (0.4 * y[:, None] + rng.normal(size=(80, 200))).astype(np.float32)
        assert ((fitted.member.predict(fresh)[:, 1] > 0.5) == y).mean() > 0.8

    def test_copies_of_a_row_do_not_make_noise_look_sure(self):
        noise = np.random.default_rng(0).normal(size=(40, 30))
        X, y = np.repeat(noise, 8, axis=0).astype(np.float32), np.repeat(np.arange(40) % 2, 8).astype(float)
        fold = Fold(X, y, "binary", 2, tuple(map(str, range(30))))
        of_groups = replace(fold, group=np.repeat(np.arange(40), 8))
        alone, whole = (load("discriminant").fit(one, {}, Clock()).facts for one in (fold, of_groups))
        assert alone["sharpness"] > 0.5
        assert whole["sharpness"] < 0.2

    def test_rounds_repeat_a_search_that_the_clock_cut(self):
        fold = made("binary")
        cut = load("discriminant").fit(fold, {}, Clock.after(-1))
        again = load("discriminant").fit(fold, {"rounds": cut.facts["rounds"]}, Clock())
        assert (cut.cut, again.cut, again.facts) == (True, False, cut.facts)

    def test_numbers_are_refused(self):
        with pytest.raises(FaultError, match="tells classes apart"):
            load("discriminant").fit(made("regression"), {}, Clock())


class TestTrusting:
    def test_copies_of_a_wrong_label_do_not_vouch_for_it(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(600, 3)).astype(np.float32)
        wrong = rng.random(600) < 0.05
        y = ((X[:, 0] > 0) != wrong).astype(float)
        X, y, group = np.repeat(X, 4, axis=0), np.repeat(y, 4), np.repeat(np.arange(600), 4)
        fold = Fold(X, y, "binary", 2, tuple("abc"))
        alone, whole = (
            load("lightgbm_trusting").fit(one, {"max_iterations": 20}, Clock()).facts["n_doubted"]
            for one in (fold, replace(fold, group=group))
        )
        assert whole > 0.5 * 4 * wrong.sum()
        assert alone < 0.5 * whole


class TestNetwork:
    def test_its_stages_are_those_of_the_curve_and_a_refit_ends_at_one(self):
        fold = made("binary")
        fitted = load("network").fit(fold, {"epochs": 40, "patience": 0}, Clock())
        assert len(fitted.curve) == fitted.n_iterations == 4
        for k in (1, 4):
            prediction = fitted.member.truncated(k).predict(fold.X_valid)
            loss = -np.mean(np.log(prediction[np.arange(len(prediction)), fold.y_valid.astype(int)]))
            assert fitted.curve[k - 1] == pytest.approx(loss, rel=1e-5)
        alone = Fold(fold.X, fold.y, "binary", 2, fold.names)
        refit = load("network").fit(alone, {"epochs": 40, "max_iterations": 2, "patience": 0}, Clock())
        np.testing.assert_array_equal(refit.member.predict(fold.X), fitted.member.truncated(2).predict(fold.X))

    def test_it_ends_after_the_first_cycle_that_did_no_good(self):
        fold = made("binary")
        wrong = Fold(fold.X, fold.y, "binary", 2, fold.names, fold.X_valid, 1 - fold.y_valid)
        fitted = load("network").fit(wrong, {"epochs": 60}, Clock())
        assert fitted.n_iterations == 2
        assert not fitted.cut

    def test_whom_the_clock_allows_fewer_epochs_learns_what_a_replay_of_these_learns(self):
        fold = made("binary")
        short = load("network").fit(fold, {"epochs": 4_000, "patience": 0}, Clock.after(2.0))
        assert short.cut
        again = {"epochs": short.facts["epochs"], "max_iterations": short.n_iterations, "patience": 0}
        whole = load("network").fit(fold, again, Clock())
        np.testing.assert_array_equal(short.member.predict(fold.X), whole.member.predict(fold.X))

    def test_when_the_clock_has_passed_it_gives_the_cycles_that_had_ended(self):
        seconds = iter(range(10_000))
        clock = Clock(200.0, now=lambda: float(next(seconds)))  # each look at the clock takes a second: 200 steps
        fitted = load("network").fit(made("binary"), {"epochs": 300, "patience": 0}, clock)
        assert fitted.cut
        assert 0 < fitted.n_iterations == len(fitted.curve) < 4

    @pytest.mark.parametrize(("task", "of"), ALL)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_its_slopes_are_those_of_the_loss(self, task, of, weighted):
        weight = np.random.default_rng(2).uniform(0.1, 3, 300) if weighted else None
        work = _Training(made(task, weight=weight, loss=of), {"hidden": 8, "layers": 2})
        # In double precision, so that differences of the loss tell its slope.
        rng = np.random.default_rng(0)
        work.flat = work.flat.astype(np.float64) + 0.1 * rng.normal(size=work.flat.size)
        work.gradient = np.zeros_like(work.flat)
        start = 0
        for name, values in list(work.parameters.items()):
            for views, flat in ((work.parameters, work.flat), (work.slopes, work.gradient)):
                views[name] = flat[start : start + values.size].reshape(values.shape)
            start += values.size
        batch = np.arange(64)

        def loss() -> float:
            raw = work._through(work.parameters, work.ready[batch].astype(np.float64), 0.0).raw
            share = (np.ones(64) if weight is None else weight[batch]) / (64 if weight is None else weight[batch].sum())
            y = work.y[batch]
            if of:
                shown = np.exp(raw) if power_of(of) is not None else raw
                return float(share @ row_losses(task, y, shown, of)) / (1 if of.startswith("quantile") else 2)
            if task == "regression":
                return float(share @ (raw[:, 0] - y) ** 2)
            likely = linked(raw, "logit" if task == "binary" else "softmax")
            return float(share @ -np.log(likely[np.arange(64), y.astype(int)]))

        work._slopes(batch, 0.0)
        slopes = work.gradient.copy()
        for place in rng.choice(len(slopes), 60, replace=False):
            before, work.flat[place] = work.flat[place], work.flat[place] + 1e-5
            above = loss()
            work.flat[place] = before - 1e-5
            below = loss()
            work.flat[place] = before
            assert slopes[place] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-5)
