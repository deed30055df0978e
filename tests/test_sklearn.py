"""Classifier and Regressor keep scikit-learn's contract, and take frames as people have them."""

from __future__ import annotations

import ast
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import LeaveOneOut, TimeSeriesSplit, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import artificer
from artificer import Classifier, Regressor
from artificer.core.clock import Clock
from artificer.line.design import design
from artificer.measure.metrics import OWN
from artificer.sklearn.estimator import Estimator
from artificer.sklearn.given import Extras, own_folds
from artificer.sklearn.replaced import stays
from artificer.sklearn.words import own_words

WEIGHTS = "boosting samples rows and counts rows a leaf, so a row of weight 2 is not two rows; true of every booster"
# Three learners are enough where the portfolio is not what is tested.
FEW = ("lightgbm", "linear", "catboost")
EXPECTED = {"check_sample_weight_equivalence_on_dense_data": WEIGHTS}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # scikit-learn's own checks warn on purpose
@parametrize_with_checks(
    [Classifier(budget_s=20), Regressor(budget_s=20)], expected_failed_checks=lambda _: EXPECTED, xfail_strict=True
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    if check.func.__name__ == "check_array_api_input":
        return  # runs where SCIPY_ARRAY_API is set: arrays of other libraries are not claimed
    check(estimator)


def people(n_rows: int = 240) -> tuple[pl.DataFrame, np.ndarray]:
    """Strings, dates, text, truth values and gaps."""
    rng = np.random.default_rng(2)
    age = rng.normal(40, 10, n_rows)
    city = rng.choice(["Oslo", "Rome", "Lima"], n_rows)
    note = rng.choice(["called again and was very happy with it", "asked to never be called any more please"], n_rows)
    joined = np.datetime64("2020-01-01") + rng.integers(0, 900, n_rows).astype("timedelta64[D]")
    y = np.where((age > 42) ^ (city == "Rome"), "stays", "leaves")
    frame = pl.DataFrame({"age": age, "city": city, "note": note, "joined": joined, "member": rng.random(n_rows) < 0.5})
    gaps = rng.random(n_rows) < 0.1
    return frame.with_columns(age=pl.when(pl.Series(gaps)).then(None).otherwise(pl.col("age"))), y


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_frames_with_strings_dates_text_and_gaps(kind: str) -> None:
    frame, y = people()
    X = {"polars": frame, "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[kind]
    model = Classifier(budget_s=20, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.8
    assert list(model.classes_) == ["leaves", "stays"]
    np.testing.assert_array_equal(
        model.predict_proba(X), Classifier(budget_s=20, random_state=0).fit(frame, y).predict_proba(frame)
    )


def right_by_label(y_true: Any, y_pred: Any) -> float:
    assert set(np.unique(y_true)) | set(np.unique(y_pred)) <= {"leaves", "stays"}
    return float((y_true == y_pred).mean())


def test_a_function_of_the_caller_is_a_metric_and_reads_their_labels() -> None:
    frame, y = people()
    model = Classifier(budget_s=20, metric=right_by_label).fit(frame, y)
    usual = Classifier(budget_s=20, metric="accuracy").fit(frame, y)
    assert model.score_.value == pytest.approx(usual.score_.value, abs=0.1)
    assert pickle.loads(pickle.dumps(clone(model))).metric is right_by_label
    assert not OWN
    loss = artificer.as_metric(log_loss, larger_is_better=False, needs="proba", name="their loss")
    by_loss = Classifier(budget_s=20, metric=loss).fit(frame, y, sample_weight=np.linspace(0.5, 1.5, len(y)))
    named = Classifier(budget_s=20, metric="log_loss").fit(frame, y, sample_weight=np.linspace(0.5, 1.5, len(y)))
    assert by_loss.score_.value == pytest.approx(named.score_.value)


def test_where_a_metric_is_too_slow_to_choose_a_blend_by_the_best_candidate_ships_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules["artificer.line.refine"], "call_s", lambda run, track: 0.3)
    frame, y = people()
    model = Classifier(budget_s=20, metric=right_by_label, learners=FEW[:2]).fit(frame, y)
    best = max((one for one in model.trials_ if one.score), key=lambda one: one.score.value)
    assert [one.candidate for one in model.leaderboard_ if one.weight] == [best.candidate.name]
    assert model._run is not None
    told = [one for one in model._run.results["refine"].decisions if one.question == "Is there time to choose a blend?"]
    assert "300 ms a call" in told[0].because


def test_a_function_that_is_no_metric_here_is_refused_before_training() -> None:
    frame, y = people()
    for wrong, says in (
        (lambda y_true: 1.0, "cannot be called"),
        (lambda y_true, y_pred: float("nan"), "must give a number"),
        (artificer.as_metric(right_by_label, needs="value"), "label or proba"),
    ):
        with pytest.raises(ValueError, match=says):
            Classifier(budget_s=20, metric=wrong).fit(frame, y)
    with pytest.raises(ValueError, match="takes no sample_weight"):
        Classifier(budget_s=20, metric=right_by_label).fit(frame, y, sample_weight=np.ones(len(y)))
    with pytest.raises(ValueError, match="does not fit: the prediction is binary"):
        Classifier(budget_s=20, metric="rmse").fit(frame, y)
    with pytest.raises(artificer.ArtificerError, match="needs is 'scores'"):
        artificer.as_metric(right_by_label, needs="scores")  # type: ignore[arg-type]


def test_class_weights_move_predictions_and_no_score_counts_them() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = (X[:, 0] + rng.normal(size=600) > 1.8).astype(int)
    plain, balanced, named = (
        Classifier(budget_s=20, metric="log_loss", class_weight=one).fit(X, y)
        for one in (None, "balanced", {1: (y == 0).sum() / (y == 1).sum()})
    )
    assert balanced.predict(X).sum() > 1.5 * plain.predict(X).sum()
    assert balanced.predict_proba(X)[:, 1].mean() == pytest.approx(named.predict_proba(X)[:, 1].mean(), abs=0.05)
    assert balanced.score_.value > plain.score_.value, "log loss of rows as they came is lowest without weights"
    for wrong, says in (({2: 3.0}, "which y lacks"), ({1: 0.0}, "above 0"), ("even", "'balanced' or None")):
        with pytest.raises(ValueError, match=says):
            Classifier(class_weight=wrong).fit(X, y)  # type: ignore[arg-type]


def test_the_loss_follows_the_metric() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = np.exp(X[:, 0] + rng.normal(size=600))
    high = Regressor(budget_s=20, metric="quantile_loss:0.9").fit(X, y)
    assert (y <= high.predict(X)).mean() == pytest.approx(0.9, abs=0.06)
    counts = Regressor(budget_s=20, metric="poisson_deviance").fit(X, np.floor(y))
    assert counts.predict(X).min() > 0
    with pytest.raises(ValueError, match=r"negative in 1 of 600 rows \(the lowest is -2\); correct or drop"):
        Regressor(metric="tweedie_deviance:1.2").fit(X, np.r_[-2.0, y[1:]])
    with pytest.raises(ValueError, match="a level between 0 and 1"):
        Regressor(metric="quantile_loss:9").fit(X, y)


def test_labels_come_back_in_their_own_type() -> None:
    X, _ = load_iris(return_X_y=True)
    for labels in (np.array([True, False]), np.array([3, 7]), np.array([2.0, 5.0]), np.array(["a", "b"])):
        y = labels[(X[:, 2] > 3).astype(int)]
        predicted = Classifier(budget_s=10).fit(X, y).predict(X)
        assert predicted.dtype == y.dtype
        assert (predicted == y).mean() > 0.95


def test_saved_and_loaded_it_predicts_the_same(tmp_path: Path) -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = Classifier(budget_s=20).fit(X, y)
    model.save(tmp_path / "package")
    predictor = artificer.load(tmp_path / "package")
    np.testing.assert_array_equal(predictor.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match="is there already"):
        model.save(tmp_path / "package")


def test_pickled_it_predicts_the_same() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=20).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_the_same_seed_gives_the_same_model_and_workers_change_nothing() -> None:
    X, y = load_diabetes(return_X_y=True)
    one = Regressor(random_state=1, learners=FEW).fit(X, y).predict(X)
    np.testing.assert_array_equal(Regressor(random_state=1, n_jobs=2, learners=FEW).fit(X, y).predict(X), one)


def test_it_can_be_cloned_and_cross_validated() -> None:
    X, y = load_iris(return_X_y=True)
    scores = cross_val_score(clone(Classifier(budget_s=10)), X, y, cv=3)
    assert scores.mean() > 0.9


def test_weights_groups_time_and_rows_to_validate_on() -> None:
    X, y = load_diabetes(return_X_y=True)
    n = len(y)
    weight = np.where(np.arange(n) < n // 2, 0.0, 1.0)
    weighted = Regressor(learners=FEW).fit(X, y + 1000 * (weight == 0), weight)
    assert weighted.predict(X).mean() < 400
    groups = np.arange(n) // 10
    assert Regressor(learners=FEW).fit(X, y, groups=groups).score_.n < n
    timed = Regressor(learners=FEW).fit(X, y, time=pd.date_range("2024-01-01", periods=n).to_numpy())
    assert timed.score_.n < n
    held = Regressor(learners=FEW).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert held.score_.n == n - 300


@pytest.mark.parametrize(
    "labels",
    [np.array(["no", "yes"]), np.array([False, True]), np.array([3, 7]), np.array([2.0, 5.0]), np.array([" a", "?"])],
)
def test_a_package_gives_the_labels_that_the_estimator_gives(labels: np.ndarray, tmp_path: Path) -> None:
    X, _ = load_iris(return_X_y=True)
    y = labels[(X[:, 2] > 3).astype(int)]
    model = Classifier(budget_s=5, metric="f1", learners=["linear"]).fit(X, y)
    written = model.save(tmp_path / "package")
    loaded = artificer.load(tmp_path / "package")
    assert loaded.predict(X).tolist() == model.predict(X).tolist()
    assert loaded.classes.tolist() == model.classes_.tolist()
    one = loaded.predict_one({f"x{k}": float(X[0, k]) for k in range(4)})
    assert one is not None
    assert one.value == model.predict(X)[0]
    assert written == model.predictor_.model_hash == loaded.model_hash
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_durations_are_read_by_the_package_as_by_the_estimator(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wait = pd.to_timedelta(rng.integers(-(10**9), 10**9, 200), unit="us").to_series(index=range(200))
    wait[7] = pd.NaT
    X = pd.DataFrame({"wait": wait, "other": rng.normal(size=200)})
    model = Classifier(budget_s=5, learners=["lightgbm"]).fit(X, X["wait"] > pd.Timedelta(0))
    model.save(tmp_path / "package")
    loaded = artificer.load(tmp_path / "package")
    expected = model.predict_proba(X)
    assert expected[:, 1].std() > 0.3
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    np.testing.assert_array_equal(np.vstack([loaded.predict_proba(X[k : k + 1]) for k in range(9)]), expected[:9])


def test_settings_that_cannot_be_are_refused() -> None:
    X, y = load_iris(return_X_y=True)
    for settings, says in (
        ({"budget_s": None}, "budget_s is None; it is a number above 0"),
        ({"budget_s": -1}, "budget_s is -1; it is a number above 0"),
        ({"memory_gb": -1}, "memory_gb is -1"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ):
        with pytest.raises((TypeError, ValueError), match=says):
            Classifier(**settings).fit(X, y)  # type: ignore[arg-type]
    alone = Classifier(budget_s=10, learners="linear").fit(X, y)
    assert [one.candidate for one in alone.leaderboard_] == ["linear"]
    with pytest.raises(ValueError, match="budget_s is -1"):
        alone.improve(-1)


def test_what_fit_is_given_beside_x_is_checked() -> None:
    frame, y = people()
    n = len(y)
    for given, says in (
        ({"time": "tz"}, r"time is 'tz'; give one value a row: an array of shape \(240,\)"),
        ({"groups": [1, 2]}, "groups has 2 values and X 240 rows"),
        ({"groups": np.zeros((n, 1))}, r"groups is of shape \(240, 1\)"),
        ({"time": ["a"] * n}, "time holds no date, time or number"),
        ({"groups": [1, "a"] * (n // 2)}, "groups cannot be read as one column"),
        ({"sample_weight": -np.ones(n)}, "^sample_weight is missing, infinite or negative in 240 rows"),
        ({"X_val": frame[:9], "y_val": ["stays"] * 9}, "y_val holds one class only, 'stays'"),
    ):
        with pytest.raises(ValueError, match=says):
            Classifier().fit(frame, y, **given)
    with pytest.raises(ValueError, match="X has a column 'artificer target', a name that is kept"):
        Classifier().fit(frame.with_columns(pl.lit(1.0).alias("artificer target")), y)
    with pytest.raises(ValueError, match="X has two columns named 'a'; rename or drop one of them"):
        Classifier().fit(pd.DataFrame(np.zeros((n, 2)), columns=["a", "a"]), y)
    with pytest.raises(ValueError, match="the frame has no columns"):
        Classifier().fit(pd.DataFrame(index=range(n)), y)
    with pytest.raises(ValueError, match="y holds texts such as '1' beside 1; make all labels of one type"):
        Classifier().fit(frame, [1, "1"] * (n // 2))


def test_gaps_of_pandas_are_gaps_wherever_they_stand() -> None:
    X, y = load_iris(return_X_y=True)
    moments = pd.Series(pd.date_range("2024-01-01", periods=150))
    moments[3] = pd.NaT
    model = Classifier(budget_s=5, learners=["linear"]).fit(X, y, time=moments)
    holed = X.astype(object)
    holed[0, 0] = pd.NA
    gap = X.copy()
    gap[0, 0] = np.nan
    np.testing.assert_array_equal(model.predict_proba(holed), model.predict_proba(gap))


def test_findings_and_errors_speak_of_what_the_caller_has() -> None:
    frame, y = people(400)
    told = frame.with_columns(again=pl.Series(np.where(y == "stays", 1.0, 2.0) + 0.01 * np.arange(400) / 400))
    found = Classifier(budget_s=5, learners=["linear"]).fit(told, y).findings_
    leak = next(one for one in found if one.code == "leakage")
    assert leak.says.startswith("'again' alone tells nearly all of y (")
    assert leak.fix == "if it is known only afterwards, leave it out of X; if it repeats the target in other words too"
    with pytest.raises(ValueError, match="the target y has 240 classes, .* For a number to predict, use Regressor"):
        Classifier().fit(people(500)[0], np.arange(500) % 240)
    assert own_words("class '1' holds 5 rows, share of '0'", ["no", "yes"]) == "class 'yes' holds 5 rows, share of 'no'"
    assert own_words("class '7' holds 5 rows", ["no", "yes"]) == "class '7' holds 5 rows"


def _filled(node: ast.expr) -> str:
    """A sentence of the source with x for what it fills in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_filled, node.values))
    if isinstance(node, ast.BinOp):
        return _filled(node.left) + _filled(node.right)
    return "x"


def sentences() -> list[str]:
    """What checks say and advise, with x for what they fill in; not those of keys and sealed rows, which no estimator has."""
    told = []
    for file in sorted((Path(artificer.__file__).parent / "line").glob("[ad]*/*.py")):
        if file.stem in ("identifiers", "horizon", "overlap", "group_overlap", "plain"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg in ("says", "fix"):
                told.append(_filled(node.value))
    return [one for one in told if "take it out of" not in one]


def test_no_check_tells_who_calls_an_estimator_of_a_brief() -> None:
    told = sentences()
    assert sum("[" in one for one in told) > 15
    for one in told:
        assert not re.search(r"\[\w+\] \w|the brief|artificer ", own_words(one)), own_words(one)


@pytest.mark.parametrize(
    ("y", "says"),
    [(np.zeros(150), "one class"), (np.full(150, np.nan), "NaN"), (np.zeros(149), "inconsistent numbers")],
)
def test_labels_that_cannot_be_learned_are_refused(y: np.ndarray, says: str) -> None:
    X, _ = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=says):
        Classifier().fit(X, y)


def test_an_unknown_metric_names_the_closest() -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="closest metric"):
        Regressor(metric="rmsee").fit(X, y)


def test_the_leaderboard_tells_what_was_tried_and_what_is_in_the_model() -> None:
    X, y = load_iris(return_X_y=True)
    model = Classifier(budget_s=30, learners=FEW, random_state=0).fit(X, y)  # with more than one seed
    assert model.leaderboard() == model.leaderboard_
    assert sum(one.weight for one in model.leaderboard_) == pytest.approx(1.0)
    assert {one.candidate for one in model.leaderboard_} == {trial.candidate.name for trial in model.trials_}
    scores = [one.score.value for one in model.leaderboard_ if one.score]
    assert scores == sorted(scores)  # log loss: less is better
    table = model.leaderboard(as_frame=True)
    assert isinstance(table, pl.DataFrame)
    assert table.height == len(model.leaderboard_)
    assert table["candidate"][0] == model.leaderboard_[0].candidate
    shipped = next(one for one in model.front_ if one.chosen)
    assert set(shipped.weights) == {one.candidate for one in model.leaderboard_ if one.weight}


def test_out_of_fold_predictions_stand_in_the_order_of_the_rows() -> None:
    X, y = load_iris(return_X_y=True)
    found = Classifier(budget_s=10, random_state=0).fit(X, y).out_of_fold_
    measured = np.isfinite(found).all(axis=1)
    assert found.shape == (150, 3)
    assert measured.all(), "few rows are measured on every fold, however little time is given"
    assert (found[measured].argmax(axis=1) == y[measured]).mean() > 0.9
    held = Classifier(budget_s=10).fit(X[:-30:2], y[:-30:2], X_val=X[1::2], y_val=y[1::2]).out_of_fold_
    assert np.isnan(held[: len(X[:-30:2])]).all()
    assert (held[len(X[:-30:2]) :].argmax(axis=1) == y[1::2]).mean() > 0.8


def test_importance_finds_the_column_that_tells(tmp_path: Path) -> None:
    frame, y = people(400)
    model = Classifier(budget_s=10, random_state=0).fit(frame[:200], y[:200])
    found = model.importance(frame[200:], y[200:], n_repeats=2)
    assert {one.column for one in found[:2]} == {"age", "city"}
    assert found[0].effect.low > 0
    assert next(one for one in found if one.column == "member").effect.low <= 0
    with pytest.raises(ValueError, match="class that it was not fitted with"):
        model.importance(frame[:1], ["goes"])
    with pytest.raises(ValueError, match="each column must be shuffled once"):
        model.importance(frame, y, n_repeats=0)


@pytest.mark.parametrize(
    ("classes", "success"),
    [(("no", "yes"), "yes"), ((0, 1), 1), ((False, True), True), (("rare", "usual"), "rare"), ((0.0, 1.0), 1.0)],
)
def test_success_is_what_affirms_else_the_rarer_class(classes: tuple[Any, Any], success: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = np.array(classes)[(x + rng.normal(size=300) > -1).astype(int)]  # the second is commoner
    model = Classifier(budget_s=2, metric="f1").fit(x[:, None], y)
    told = model.predict(x[:, None])
    found = {one: f1_score(y, told, pos_label=one) for one in classes}
    assert abs(model.score_.value - found[success]) < abs(
        model.score_.value - found[next(iter({*classes} - {success}))]
    )


def test_labels_follow_the_metric_and_probabilities_do_not() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 3))
    y = np.where(rng.random(1500) < 1 / (1 + np.exp(2.5 - 1.5 * X[:, 0])), "rare", "usual")
    plain, wanted = (Classifier(budget_s=20, random_state=0, metric=one).fit(X, y) for one in (None, "f1"))
    assert (plain.predict(X) == plain.classes_[plain.predict_proba(X).argmax(axis=1)]).all()
    assert (wanted.predict(X) == "rare").mean() > 1.3 * (plain.predict(X) == "rare").mean()
    assert wanted.predictor_.predict(X).tolist() == wanted.predict(X).tolist()


def test_intervals_hold_nine_values_in_ten() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 3))
    y = 2 * X[:, 0] + np.exp(0.5 * X[:, 0]) * rng.normal(size=3000)
    model = Regressor(budget_s=10, random_state=0).fit(X[:900], y[:900])
    low, high = model.predict_interval(X[900:]).T
    assert ((y[900:] >= low) & (y[900:] <= high)).mean() == pytest.approx(0.9, abs=0.03)
    wide = model.predict_interval(X[900:], level=0.98)
    assert (wide[:, 0] <= low).all()
    assert (wide[:, 1] >= high).all()
    for level in (90, None, "a", [0.5]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            model.predict_interval(X, level=level)  # type: ignore[arg-type]


def test_learners_can_be_named_or_excluded() -> None:
    X, y = load_iris(return_X_y=True)
    alone = Classifier(budget_s=10, learners=["linear"]).fit(X, y)
    assert [one.candidate for one in alone.leaderboard_] == ["linear"]
    without = Classifier(budget_s=30, exclude=["network", "catboost", "lightgbm", "extra_trees"]).fit(X, y)
    assert {trial.candidate.learner for trial in without.trials_}.isdisjoint(
        {"network", "catboost", "lightgbm", "extra_trees"}
    )
    with pytest.raises(ValueError, match="closest name: 'lightgbm'"):
        Classifier(learners=["lightgbn"]).fit(X, y)
    with pytest.raises(ValueError, match="no candidate is left"):
        Classifier(learners=["linear"], exclude=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match=r"given to lightgbm, .*; not discriminant: it is for three classes or more"):
        Classifier(learners=["discriminant"]).fit(X, y > 0)


def test_a_fold_of_one_row_is_no_fault_of_a_library(capfd: pytest.CaptureFixture[str]) -> None:
    X = np.arange(3.0)[:, None]
    assert Classifier(budget_s=5).fit(X, ["a", "b", "a"]).predict(X).shape == (3,)
    assert "Fatal" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("cv", [3, TimeSeriesSplit(3), np.arange(442) % 4, np.repeat([-1, 0, 1], [200, 121, 121])])
def test_own_folds(cv: Any) -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=10, learners=["lightgbm", "linear"], cv=cv).fit(X, y)
    measured = ~np.isnan(model.out_of_fold_[:, 0])
    expected = (
        np.ones(442, bool) if not isinstance(cv, TimeSeriesSplit | np.ndarray) or len(np.unique(cv)) == 4 else None
    )
    if isinstance(cv, TimeSeriesSplit):
        expected = np.isin(np.arange(442), np.concatenate([test for _, test in cv.split(X)]))
    if expected is None:
        expected = cv >= 0
    np.testing.assert_array_equal(measured, expected)


@pytest.mark.parametrize(
    ("cv", "says"),
    [
        (np.zeros(7, int), "one fold a row"),
        (np.full(442, -1), "no fold"),
        ([(np.arange(10), np.arange(5, 20))], "measures rows that it trains on"),
        ([(np.arange(10), np.arange(0))], "0 to measure"),
    ],
)
def test_folds_that_cannot_be_are_refused(cv: Any, says: str) -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match=says):
        Regressor(budget_s=10, cv=cv).fit(X, y)
    with pytest.raises(ValueError, match="both given"):
        Regressor(budget_s=10, cv=3).fit(X, y, X_val=X[:50], y_val=y[:50])


def test_rows_to_validate_on_need_not_be_trained_on() -> None:
    X, y = load_diabetes(return_X_y=True)
    odd = np.full(100, 5000.0)
    kept = Regressor(budget_s=10, learners=["linear"]).fit(X, y, X_val=X[:100], y_val=odd, train_on_val=False)
    also = Regressor(budget_s=10, learners=["linear"]).fit(X, y, X_val=X[:100], y_val=odd)
    assert kept.predict(X).max() < 1000 < also.predict(X).max()


def test_a_callback_is_told_what_happens() -> None:
    told: list[tuple[str, str]] = []
    X, y = load_iris(return_X_y=True)
    Classifier(budget_s=10, callback=lambda stage, text: told.append((stage, text))).fit(X, y)
    assert any(stage == "fit" and text.startswith("lightgbm, fold 1") for stage, text in told)


def test_improve_leaves_no_candidate_of_few_rows_untried_and_says_when_nothing_is_left() -> None:
    X, y = load_iris(return_X_y=True)
    model = Classifier(budget_s=5, random_state=0).fit(X, y)
    assert len(model.trials_) == 2
    told: list[str] = []
    model._run.progress = lambda stage, text: told.append(text)  # type: ignore[union-attr]
    model.improve(10)
    assert model._run is not None
    assert {"lightgbm_extra_trees", "network"} <= {one.name for one in design(model._run).candidates}
    assert any(one.startswith("lightgbm, fold 1") for one in told), "that of fit had fewer iterations"
    assert len(model.trials_) > 2
    alone = Classifier(budget_s=10, learners="linear").fit(X, y)
    with pytest.warns(UserWarning, match="improve trained nothing new: every candidate had been tried") as warned:
        alone.improve(5)
    assert warned[0].filename == __file__


def test_where_the_model_stays_the_leaderboard_tells_all_the_same_what_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = load_iris(return_X_y=True)
    model = Classifier(budget_s=5, random_state=0).fit(X, y)
    score, chances = model.score_, model.predict_proba(X)
    monkeypatch.setattr("artificer.sklearn.estimator.stays", lambda *_: "for a reason")
    told: list[str] = []
    model._run.progress = lambda stage, text: told.append(text)  # type: ignore[union-attr]
    model.improve(10)
    assert told[-1] == "the model stays as it was: for a reason"
    assert model.score_ == score
    np.testing.assert_array_equal(model.predict_proba(X), chances)
    assert len(model.leaderboard_) == len(model.trials_) > 2
    assert {one.candidate for one in model.leaderboard_ if one.weight} == {one.candidate for one in model._model.parts}


def test_improve_compares_models_on_the_rows_that_both_were_measured_on() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=10, learners="linear", random_state=0).fit(X, y)
    run, shipped = model._run, model._model
    assert run is not None
    assert shipped is not None
    worse = np.load(run.path(shipped.out_of_fold))
    few = dict(worse)
    easy = np.argsort(np.abs(few["prediction"][:, 0] - y[few["rows"]]))[:100]  # a score that no whole set has
    few = {"rows": few["rows"][easy], "prediction": few["prediction"][easy] + 5.0}
    place = run.path(shipped.out_of_fold).with_name("few.npz")
    np.savez(place, **few)
    name = str(Path(shipped.out_of_fold).with_name("few.npz"))
    luckier = replace(shipped, out_of_fold=name, model_hash="another", score=replace(shipped.score, value=1.0, n=100))
    assert stays(run, shipped, luckier, model.trials_) == ""
    assert "on the 100 rows that measured both" in stays(run, luckier, shipped, model.trials_)


@pytest.mark.slow
def test_more_time_goes_on_from_where_fit_stopped_and_is_never_worse_out_of_fold() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=4, random_state=0, callback=None).fit(X, y)
    before, first = model.score_.value, len(model.trials_)
    told: list[str] = []
    model._run.progress = lambda stage, text: told.append(text)  # type: ignore[union-attr]
    assert model.improve(30) is model
    assert model.score_.value <= before
    assert len(model.trials_) > first
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="what fit made is gone"):
        again.improve(5)


def test_rows_to_validate_on_come_with_labels_that_y_has() -> None:
    X, y = load_iris(return_X_y=True)
    few = X[y < 2], y[y < 2]
    with pytest.raises(ValueError, match="give both, or none"):
        Classifier().fit(*few, X_val=X)
    with pytest.raises(ValueError, match="a class that it was not fitted with"):
        Classifier().fit(*few, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="give each row its label"):
        Classifier().fit(*few, X_val=X, y_val=y[:3])
    with pytest.raises(ValueError, match="y_val contains NaN"):
        Regressor().fit(*few, X_val=X[:2], y_val=[1.0, np.nan])


def test_a_number_of_folds_keeps_groups_whole_and_is_refused_with_a_time() -> None:
    _, y = load_diabetes(return_X_y=True)
    groups = np.arange(len(y)) % 20
    of_row, trains = own_folds(4, y, Extras(groups=groups), classify=False)
    for fold in range(4):
        assert set(groups[trains[fold]]).isdisjoint(groups[of_row == fold])
    with pytest.raises(ValueError, match="cut by time"):
        own_folds(4, y, Extras(time=np.arange(len(y))), classify=False)
    with pytest.raises(ValueError, match="100 are the most"):
        own_folds(LeaveOneOut(), y, Extras(), classify=False)


def test_rows_of_one_group_alone_can_be_learned_from() -> None:
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(UserWarning, match="groups holds one value alone") as told:
        assert Regressor(budget_s=10, learners=FEW).fit(X, y, groups=np.zeros(len(y))).score_.n == len(y)
    assert told[0].filename == __file__


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_rows_to_validate_on_weigh_what_others_do_whatever_the_unit(unit: float) -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=10, learners=["linear"])
    model.fit(X[:300], y[:300], np.full(300, unit), X_val=X[300:], y_val=y[300:] + 1000)
    assert model.predict(X).mean() == pytest.approx(np.r_[y[:300], y[300:] + 1000].mean(), rel=0.05)


def test_groups_that_no_measured_row_differs_in_leave_candidates_their_intervals() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(budget_s=10, learners=["linear"], random_state=0)
    model.fit(X[:300], y[:300], groups=np.arange(300) // 10, X_val=X[300:], y_val=y[300:])
    told = model.leaderboard_[0].score
    assert told is not None
    assert 0 < told.low < told.value < told.high < 100


def test_the_budget_counts_what_reading_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    began, after = Estimator._frame, Clock.after
    monkeypatch.setattr(Clock, "after", lambda seconds: started.append("clock") or after(seconds))
    monkeypatch.setattr(Estimator, "_frame", lambda *given, **more: started.append("read") or began(*given, **more))
    Regressor(budget_s=10, learners=["linear"]).fit(*load_diabetes(return_X_y=True))
    assert started[:2] == ["clock", "read"]


def test_a_number_of_folds_may_be_numpys_own() -> None:
    groups = np.arange(60) // 5
    of_row, _ = own_folds(np.int64(3), np.arange(60.0), Extras(groups=groups), classify=False)
    assert len(np.unique(np.c_[of_row, groups], axis=0)) == len(np.unique(groups))


@pytest.mark.parametrize("n_rows", [2, 5, 8])
@pytest.mark.parametrize("weighed", ["alike", "some", "one", "early"])
@pytest.mark.parametrize("cut", ["plain", "groups", "time"])
def test_very_few_rows_can_be_learned_from(n_rows: int, weighed: str, cut: str) -> None:
    X, places = np.arange(2.0 * n_rows).reshape(n_rows, 2), np.arange(n_rows)
    weight = {"alike": None, "some": places % 3 != 0, "one": places == 0, "early": places < (n_rows + 2) // 3}[weighed]
    given = {"plain": {}, "groups": {"groups": places if n_rows < 4 else places // 2}, "time": {"time": places}}[cut]
    model = Regressor(budget_s=3, learners=FEW[:2], random_state=0)
    model.fit(X, places.astype(float), None if weight is None else weight.astype(float), **given)
    assert np.isfinite(model.predict(X)).all()


def numbers(n_rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(3).normal(size=(n_rows, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize(("kind", "dtype"), [("Int64", np.int64), ("boolean", np.bool_), ("int64[pyarrow]", np.int64)])
def test_labels_of_nullable_types_keep_their_own(kind: str, dtype: type) -> None:
    X, y = numbers()
    model = Classifier(budget_s=5, learners="linear").fit(X, pd.Series(y, dtype=kind))
    assert model.classes_.dtype == dtype
    assert model.predict(X).dtype == dtype


@pytest.mark.parametrize("fitted", ["array", "numbered", "levels"])
@pytest.mark.parametrize("given", ["array", "pandas", "polars", "arrow"])
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_columns_without_names_of_their_own_are_known_by_their_place(fitted: str, given: str) -> None:
    X, y = numbers()
    levels = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")])
    made = {"array": X, "numbered": pd.DataFrame(X), "levels": pd.DataFrame(X, columns=levels)}
    model = Classifier(budget_s=5, learners="linear").fit(made[fitted], y)
    frame = pl.DataFrame(X, schema=["u", "v", "w"])
    shown = {"array": X, "pandas": frame.to_pandas(), "polars": frame, "arrow": frame.to_arrow()}
    np.testing.assert_array_equal(model.predict_proba(shown[given]), model.predict_proba(made[fitted]))
    with pytest.raises(ValueError, match="X has 2 features"):
        model.predict(frame.drop("w") if given == "polars" else frame.drop("w").to_pandas())


def test_numbered_columns_in_another_order_are_known_by_their_number() -> None:
    X, y = numbers()
    model = Classifier(budget_s=5, learners="linear").fit(pd.DataFrame(X), y)
    np.testing.assert_array_equal(model.predict(pd.DataFrame(X)[[2, 0, 1]]), model.predict(X))


def test_a_lazy_frame_is_collected() -> None:
    X, y = numbers()
    lazy = pl.DataFrame(X, schema=["u", "v", "w"]).lazy()
    model = Classifier(budget_s=5, learners="linear").fit(lazy, y, X_val=lazy.head(20), y_val=y[:20])
    assert model.predict(lazy).shape == y.shape


def test_folds_may_be_listed() -> None:
    X, y = numbers()
    folds = (np.arange(60) % 3).tolist()
    listed = Classifier(budget_s=5, learners="linear", cv=folds).fit(X, y)
    np.testing.assert_array_equal(
        listed.out_of_fold_, Classifier(budget_s=5, learners="linear", cv=np.array(folds)).fit(X, y).out_of_fold_
    )


def test_a_class_whose_rows_weigh_nothing_is_named() -> None:
    X, y = numbers()
    with pytest.raises(ValueError, match="every row of class 0 has a sample_weight of 0"):
        Classifier(budget_s=5, learners="linear").fit(X, y, sample_weight=y)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"learners": 3}, "learners is 3; it holds names"),
        ({"exclude": ["linear", 3]}, "exclude is .* it holds names"),
        ({"metric": 3}, "metric is 3; it is a name"),
        ({"random_state": 1.5}, "random_state is 1.5; it is a whole number"),
        ({"callback": "print"}, "callback is 'print'"),
        ({"callback": lambda text: None}, r"callback cannot be called with \(stage, text\)"),
    ],
)
def test_settings_of_another_type_are_refused_before_anything_is_trained(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        Classifier(budget_s=5, **settings).fit(*numbers())


@pytest.mark.parametrize(
    ("fit", "says"),
    [
        (lambda X, y: Classifier(random_state=-1).fit(X, y), "random_state is -1; it is a whole number from 0 up"),
        (lambda X, y: Classifier(class_weight=[1, 2]).fit(X, y), r"class_weight is \[1, 2\]; it is a dict"),
        (lambda X, y: Classifier(class_weight={0: "a"}).fit(X, y), "weights are numbers above 0"),
        (lambda X, y: Classifier().fit(X, y, sample_weight=["a"] * len(y)), "sample_weight holds what is no number"),
        (lambda X, y: Regressor().fit(X, ["a"] * len(y)), "Input y holds what is no number"),
        (lambda X, y: Regressor().fit(X, y, X_val=X, y_val=np.full(len(y), np.nan)), "y_val contains NaN or infinity"),
    ],
)
def test_what_is_no_number_is_named(fit: Callable[[np.ndarray, np.ndarray], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit(*numbers())


def test_importance_is_not_told_of_values_that_are_missing() -> None:
    X, y = numbers()
    fitted = Regressor(budget_s=3, learners="linear").fit(X, y)
    with pytest.raises(ValueError, match="y contains NaN or infinity"):
        fitted.importance(X, np.where(y == y[0], np.nan, y))
    with pytest.raises(ValueError, match=r"n_repeats is 1\.5"):
        fitted.importance(X, y, n_repeats=1.5)  # type: ignore[arg-type]


def test_a_class_that_only_rows_to_validate_on_have_is_said_to_be_theirs() -> None:
    X, y = numbers()
    with pytest.raises(ValueError, match="y_val holds 7, a class that it was not fitted with"):
        Classifier(budget_s=5).fit(X, y, X_val=X[:10], y_val=np.full(10, 7))


@pytest.mark.parametrize("labels", [("no", "yes"), ("pear", "apple")], ids=["success last", "success first"])
def test_a_demanded_direction_is_of_the_second_class_whichever_is_success(labels: tuple[str, str]) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, (600, 2))
    rises = rng.random(600) < 1 / (1 + np.exp(-(2 * np.sin(2 * x[:, 0]) + x[:, 0])))
    second = max(labels)
    y = np.where(rises, second, min(labels))
    if labels[0] == "pear":  # the rarer class counts as success, where none affirms
        x, y = np.concatenate([x, x[rises]]), np.concatenate([y, y[rises]])
    frame = pd.DataFrame(x, columns=["a", "b"])
    model = Classifier(budget_s=10, learners="lightgbm", monotonic_cst={"a": 1}, random_state=0).fit(frame, y)
    grid = pd.DataFrame({"a": np.linspace(-2, 2, 40), "b": 0.0})
    swept = model.predict_proba(grid)[:, 1]
    assert (np.diff(swept) >= -1e-12).all()
    assert np.ptp(swept) > 0.3


def test_directions_of_an_array_are_by_column_and_numbers_keep_them() -> None:
    rng = np.random.default_rng(4)
    X = rng.uniform(-2, 2, (300, 2))
    model = Regressor(budget_s=10, learners="catboost", monotonic_cst=[0, -1]).fit(X, np.sin(3 * X[:, 1]) - X[:, 1])
    swept = model.predict(np.stack([np.zeros(40), np.linspace(-2, 2, 40)], axis=1))
    assert (np.diff(swept) <= 1e-12).all()
    assert np.ptp(swept) > 1.0
    assert clone(model).get_params()["monotonic_cst"] == [0, -1]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"agee": 1}, "monotonic_cst names 'agee', and X has no such column; it has age, city"),
        ([1, 0], "give -1, 0 or 1 for each of the 5 columns"),
        ({"age": 2}, "monotonic_cst says 2 of 'age'; give 1"),
        ({"city": 1}, "monotonic_cst demands a direction of 'city', which holds no numbers"),
    ],
)
def test_a_direction_that_cannot_be_is_refused(given: Any, says: str) -> None:
    frame, y = people()
    with pytest.raises(ValueError, match=re.escape(says)):
        Classifier(budget_s=5, monotonic_cst=given).fit(frame, y)
