"""Any model, any column of predictions: every test that can run does, and the others say why not."""

from __future__ import annotations

from typing import ClassVar
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import polars as pl
import pytest
from examinees import Halves, see
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import artificer
from artificer.core.errors import BriefError, DataError
from artificer.line.judge.about import About
from artificer.line.judge.any_model import shown
from artificer.line.judge.examination import Examination, examined
from artificer.line.judge.foreign import fit_weights
from artificer.line.judge.tests import builtin, run_tests
from artificer.line.judge.tests.seed_stability import seed_stability

LINE = make_pipeline(StandardScaler(), LogisticRegression())


def outcomes(found: Examination) -> dict[str, str]:
    return {test.code: test.outcome for test in found.tests}


def test_a_sound_model_passes_all_that_can_be_tested(tumours: Halves) -> None:
    train, judged = tumours
    found = artificer.examine(LINE.fit(*train), *judged, train=train)
    assert {code for code, outcome in outcomes(found).items() if outcome == "not run"} == {
        "against_previous",
        "staleness",
        "stability",
        "fairness",
        "recourse",
    }
    assert not found.faults()
    found.assert_passes()
    assert "15 tests ran, each interval at 99.67%" in found.findings[0].says
    assert "staleness (it needs the moment of each row)" in found.findings[0].says
    assert str(found).count("it needs the moment of each row") == 1


def test_a_spoilt_model_does_not(tumours: Halves) -> None:
    (X, y), judged = tumours
    found = artificer.examine(LINE.fit(X, 1 - y), *judged)
    assert outcomes(found)["against_trivial"] == "failed"
    assert found.exit_code() == 3
    with pytest.raises(AssertionError, match="the model fails against_trivial; roc_auc") as raised:
        found.assert_passes()
    told = str(raised.value)
    assert "✗ against_trivial, a constant: the model is worse than a constant" in told
    assert "to mend: do not use it" in told
    assert "were roc_auc worse by" in told  # what a test here could have seen
    assert "not run: overlap, " in told


def test_warnings_fail_where_one_is_strict(tumours: Halves) -> None:
    train, judged = tumours
    luck = RandomForestClassifier(n_estimators=1, max_features=1, random_state=0).fit(*train)
    found = artificer.examine(luck, *judged, train=train)
    assert found.exit_code() == 0
    assert found.exit_code(strict=True) == 3
    with pytest.raises(AssertionError, match="labels flip"):
        found.assert_passes(strict=True)


def test_predictions_alone_are_tested_too(diabetics: Halves) -> None:
    train, (X, y) = diabetics
    found = artificer.examine_predictions(y, LinearRegression().fit(*train).predict(X))
    assert {code for code, outcome in outcomes(found).items() if outcome != "not run"} == {
        "leakage",
        "against_trivial",
        "calibration",
        "power",
    }
    assert "robustness (it needs the model itself" in found.findings[0].says


def test_the_same_model_and_rows_give_the_same_findings(calls: pd.DataFrame) -> None:
    X, y = calls.drop(columns=["deposit", "called_on"]), calls["deposit"]
    texts = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), remainder="passthrough"),
        RandomForestClassifier(20, random_state=0),
    ).fit(X[::2], y[::2])
    seen = see(model, (X[1::2], y[1::2]), (X[::2], y[::2]))
    first, second = ([test for test in run_tests(seen) if test.code != "cost"] for _ in range(2))
    assert first == second
    assert len(first) == len(builtin()) - 1


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
def test_the_kind_of_rows_does_not_matter(tumours: Halves, kind: str) -> None:
    (X, y), (X_judged, y_judged) = tumours
    to = {"array": lambda frame: frame.to_numpy(), "pandas": lambda frame: frame, "polars": pl.from_pandas}[kind]
    model = LINE.fit(to(X), y)
    found = artificer.examine(model, to(X_judged), y_judged, train=(to(X), y))
    assert found.score.value == pytest.approx(0.985, abs=0.01)
    assert len([one for one in outcomes(found).values() if one != "not run"]) == 15


def test_categories_and_gaps_come_back_to_the_model_as_they_were(calls: pd.DataFrame) -> None:
    X, y = calls.drop(columns=["deposit"]), calls["deposit"]
    X["job"] = X["job"].astype("category")
    X["balance"] = X["balance"].astype("float32")
    seen = []

    def model(rows: pd.DataFrame) -> np.ndarray:
        seen.append(rows.dtypes.to_dict())
        return np.full(len(rows), 0.1)

    artificer.examine(model, X, y)
    assert seen[0]["job"] == X["job"].dtype
    assert seen[0]["called_on"] == X["called_on"].dtype
    assert seen[0]["age"] == X["age"].dtype


def test_several_classes_and_labels_without_chances() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LinearSVC().fit(X[::2], names[::2])
    found = artificer.examine(model, X[1::2], names[1::2], train=(X[::2], names[::2]))
    assert found.metric == "accuracy"
    assert found.score.value > 0.9
    chances = artificer.examine(LINE.fit(X[::2], names[::2]), X[1::2], names[1::2])
    assert chances.metric == "log_loss"
    assert outcomes(chances)["calibration"] in ("passed", "warned")


def test_success_is_the_last_class_unless_another_is_named(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    last, first = (artificer.examine(model, X, y, positive=one, metric="average_precision") for one in (1, 0))
    assert last.score.value != first.score.value
    p = model.predict_proba(X)
    words = np.where(y == 1, "well", "ill")
    named = artificer.examine_predictions(words, p[:, 0], positive="ill", metric="average_precision")
    assert named.score.value == pytest.approx(first.score.value)


@pytest.mark.parametrize("positive", [0, 1])
def test_the_model_in_use_is_turned_as_the_new_one_is(tumours: Halves, positive: int) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    for before in (model, model.predict_proba(X)):
        seen = see(model, (X, y), previous=before, positive=positive)
        assert np.array_equal(seen.prediction, seen.previous)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"y": [0, 1, 1], "prediction": [0.1, 0.9]}, "2 predictions of 3 rows"),
        ({"y": [0, 1, 1], "prediction": [0.1, np.nan, 0.3]}, "1 prediction is missing"),
        ({"y": [0, 1, None], "prediction": [0.1, 0.2, 0.3]}, "y is missing in 1 row;"),
        ({"y": ["a", "b", "a"], "prediction": ["a", "c", "a"]}, "neither a chance from 0 to 1 nor one of a, b"),
        ({"y": ["a", "b", "b"], "prediction": ["a", "b", "b"], "metric": "rmse"}, "not for this task"),
        ({"y": [0, 1, 1], "prediction": [0, 1, 1], "time": "day"}, "no column 'day'"),
    ],
)
def test_what_cannot_be_tested_is_refused_by_name(given: dict[str, object], says: str) -> None:
    with pytest.raises((DataError, BriefError), match=says):
        artificer.examine_predictions(**given)  # type: ignore[arg-type]


def test_each_test_is_a_case_of_junit(tumours: Halves) -> None:
    (X, y), judged = tumours
    found = examined(see(LINE.fit(X, 1 - y), judged))
    suite = ElementTree.fromstring(found.junit())
    cases = {case.attrib["name"]: case for case in suite}
    assert list(cases) == [test.code for test in found.tests]
    failure = cases["against_trivial"].find("failure")
    assert failure is not None
    assert "worse than a constant" in failure.attrib["message"]
    assert cases["staleness"].find("skipped") is not None
    failed = len([test for test in found.tests if test.outcome == "failed"])
    assert (suite.attrib["failures"], suite.attrib["tests"]) == (str(failed), str(len(found.tests)))


def test_the_fixture_tests_a_model_in_a_suite_of_ones_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from sklearn.datasets import load_breast_cancer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        X, y = load_breast_cancer(return_X_y=True)

        def test_sound(examined):
            model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[::2], y[::2])
            found = examined(model, X[1::2], y[1::2])
            found.assert_passes()
            assert found.findings

        def test_spoilt(examined_predictions):
            examined_predictions(y, 1 - y).assert_passes()
        """
    )
    ended = pytester.runpytest_subprocess(
        "-p", "no:artificer", "-p", "artificer.pytest_plugin", "-p", "no:cacheprovider"
    )
    ended.assert_outcomes(passed=1, failed=1)
    ended.stdout.fnmatch_lines(
        ["*the model fails against_trivial*", "*to mend: do not use it*", "*rows would show it four times in five*"]
    )
    ended.stdout.no_fnmatch_line("*examination.py*")  # the trace ends in the suite's own line


def test_weights_moments_and_groups_are_columns_that_the_model_does_not_read_or_values_beside_them(
    tumours: Halves,
) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    group, weight = np.arange(len(y)) // 5, 1.0 + np.arange(len(y)) % 3
    by_column = artificer.examine(model, X.assign(doctor=group, times=weight), y, group="doctor", weight="times")
    beside = artificer.examine(model, X, y, group=group, weight=weight)
    by_place = artificer.examine(
        model, pl.DataFrame(X.assign(doctor=group, times=weight)), y, group="doctor", weight="times"
    )
    assert by_column.score == beside.score == by_place.score
    assert "groups" in beside.score.method
    numbers = StandardScaler().fit_transform(X)
    plain = LogisticRegression().fit(numbers, y)
    assert "groups" in artificer.examine(plain, numbers, y, group=group, train=(numbers, y)).score.method
    with pytest.raises(DataError, match=r"group has 3 values and y \d+; they must be of one length"):
        artificer.examine(model, X, y, group=[1, 2, 3])


def test_a_copy_is_trained_on_what_the_model_reads(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    with_sex = (train[0].assign(sex="f"), train[1])
    seen = shown(model, X.assign(sex="f"), y, train=with_sex, about=About(protected=["sex"]))
    assert seen.fit is not None
    assert seen.train is not None
    assert np.allclose(seen.fit(seen.train, 0)(seen.rows.frame), seen.prediction)


class Weighing(LogisticRegression):  # type: ignore[misc]
    """Keeps the weights that each copy was trained with."""

    given: ClassVar[list[np.ndarray | None]] = []

    def fit(self, X: object, y: object, sample_weight: np.ndarray | None = None) -> Weighing:
        self.given.append(sample_weight)
        super().fit(X, y, sample_weight)
        return self


def test_a_copy_is_trained_with_the_weights_of_its_rows(tumours: Halves) -> None:
    (X, y), (X_judged, y_judged) = tumours
    rng = np.random.default_rng(0)
    frames = [one.assign(w=rng.uniform(1, 2, len(one))) for one in (X, X_judged)]
    model = make_pipeline(StandardScaler(), Weighing()).fit(X, y)
    Weighing.given.clear()
    shown_model = shown(model, frames[1], y_judged, train=(frames[0], y), about=About(weight="w"))
    run_tests(shown_model, [seed_stability])
    assert Weighing.given
    assert all(one is not None and one.min() >= 1 and one.max() <= 2 for one in Weighing.given)


def test_a_copy_that_takes_no_weights_is_trained_without() -> None:
    weight = np.ones(3)
    assert fit_weights(make_pipeline(StandardScaler(), Weighing()), weight) == {"weighing__sample_weight": weight}
    assert fit_weights(KNeighborsClassifier(), weight) == fit_weights(Weighing(), None) == {}
    assert fit_weights(make_pipeline(StandardScaler(), "passthrough"), weight) == {}


def test_options_that_cannot_be_are_refused(tumours: Halves) -> None:
    train, judged = tumours
    model = LINE.fit(*train)
    with pytest.raises(BriefError, match="level is 95, and lies between 0 and 1"):
        artificer.examine(model, *judged, level=95)
    with pytest.raises(
        BriefError, match="metric is of type int; the name of one is needed, such as 'log_loss', or a function"
    ):
        artificer.examine(model, *judged, metric=1)
    with pytest.raises(BriefError, match="the metric len cannot be called with"):
        artificer.examine(model, *judged, metric=len)
    with pytest.raises(BriefError, match="the effect of 'mean area' is 'up'; it is one of increasing, decreasing, any"):
        artificer.examine(model, *judged, effects={"mean area": "up"})
    with pytest.raises(DataError, match="y is missing in 2 rows"):
        artificer.examine_predictions(pd.Series(["a", None, "b", np.nan, "a"], dtype="category"), list("ababa"))
    with pytest.raises(DataError, match="y is missing in 1 row;"):
        artificer.examine_predictions(np.array([1.0, np.nan, 2.5, 0.3]), np.ones(4))
    assert "fairness" not in {
        test.code for test in artificer.examine(model, *judged, protected=judged[0].columns[0]).tests if test.because
    }


def test_a_function_of_ones_own_is_a_metric_at_every_door(tumours: Halves) -> None:
    train, (X, y) = tumours
    model, log_loss = LINE.fit(*train), artificer.as_metric(metrics.log_loss, larger_is_better=False, needs="proba")

    def recall(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        return float(metrics.recall_score(y_true, y_pred, pos_label=0))

    found = artificer.examine(model, X, y, train=train, metric=recall)
    assert found.metric == "recall"
    assert found.score.value == metrics.recall_score(y, model.predict(X), pos_label=0)
    assert "jackknife" in found.score.method
    assert artificer.examine(model, X, y, metric=recall, positive=0).score.value == found.score.value
    chances = model.predict_proba(X)[:, 1]
    alone = artificer.examine_predictions(y, chances, metric=log_loss)
    assert alone.score.value == pytest.approx(metrics.log_loss(y, chances))
    assert artificer.explain(model, X[:60], y[:60], metric=log_loss).metric == "log_loss (own)"
    median = artificer.as_metric(metrics.median_absolute_error, larger_is_better=False, needs="value")
    told = artificer.examine_predictions(np.arange(9) % 3, np.full(9, 1), metric=median)
    assert told.score.value == 1
    assert artificer.examine(model, X, y, metric=None).metric == "roc_auc"


def test_numbers_that_are_all_alike_and_a_single_one_are_judged() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    model = LinearRegression().fit(X, X[:, 0])
    alike = artificer.examine(model, X, np.ones(60))
    assert alike.score.value == pytest.approx(((model.predict(X) - 1) ** 2).mean() ** 0.5)
    one = artificer.examine(model, X[:1], [0.5])
    assert one.score.value == pytest.approx(abs(model.predict(X[:1])[0] - 0.5))
    assert one.score.high == np.inf
