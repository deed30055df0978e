"""A model is compared with a constant, the last value, a linear model, and the one in use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from examinees import Halves, of, see
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from artificer.line.judge.tests.against_linear import against_linear
from artificer.line.judge.tests.against_previous import against_previous
from artificer.line.judge.tests.against_trivial import against_trivial
from artificer.line.judge.tests.power import power
from artificer.line.judge.tests.robustness import robustness

LINE = make_pipeline(StandardScaler(), LogisticRegression())


def test_a_model_that_learned_is_better_than_a_constant(tumours: Halves) -> None:
    train, judged = tumours
    found = of(against_trivial, see(LINE.fit(*train), judged, train))()
    assert (found.severity, found.where) == ("note", "a constant")
    assert found.effect is not None
    assert found.effect.low > 0.3


def test_a_model_that_says_the_same_of_all_rows_is_a_warning(tumours: Halves) -> None:
    train, judged = tumours
    found = of(against_trivial, see(DummyClassifier().fit(*train), judged, train))()
    assert found.severity == "warning"


def test_a_model_that_is_wrong_is_worse_than_a_constant(tumours: Halves) -> None:
    (X, y), judged = tumours
    found = of(against_trivial, see(LINE.fit(X, 1 - y), judged, (X, y)))()
    assert found.severity == "blocker"
    assert found.effect is not None
    assert found.effect.low > 0  # mended, the score is better
    assert "worse than a constant" in found.says
    assert found.says.endswith("; worse with a chance of over 99.9%")


def test_without_training_rows_the_constant_is_that_of_the_judged_ones(diabetics: Halves) -> None:
    train, judged = diabetics
    found = of(against_trivial, see(LinearRegression().fit(*train), judged))()
    assert found.facts[-1].value == pytest.approx(judged[1].mean())
    assert "which favours it" in found.facts[-1].unit


def test_numbers_in_time_are_compared_with_the_value_that_came_last() -> None:
    rng = np.random.default_rng(0)
    day = np.arange(600)
    walk = np.cumsum(rng.normal(size=600))
    X = np.stack([day, rng.normal(size=600)], axis=1).astype(float)
    model = LinearRegression().fit(X[:300], walk[:300])
    seen = see(model, (X[300:], walk[300:]), (X[:300], walk[:300]), time="x0")
    found = of(against_trivial, seen)("the last value")
    assert found.severity == "warning"  # a walk's next value is its last
    knows = replace(seen, prediction=walk[300:, None] + 0.1)
    assert of(against_trivial, knows)("the last value").severity == "note"


def test_a_model_worse_than_a_line_is_a_warning(tumours: Halves) -> None:
    train, judged = tumours
    stump = RandomForestClassifier(n_estimators=1, max_depth=1, random_state=0).fit(*train)
    assert of(against_linear, see(stump, judged, train))().severity == "warning"
    assert of(against_linear, see(LINE.fit(*train), judged, train))().severity == "note"


def test_the_linear_rival_reads_texts_moments_and_gaps(calls: object) -> None:
    import pandas as pd

    from artificer.line.judge.tests.against_linear import linear_prediction

    assert isinstance(calls, pd.DataFrame)
    X, y = calls.drop(columns="deposit"), calls["deposit"]
    X.loc[::7, "age"] = np.nan
    seen = see(lambda rows: ["no"] * len(rows), (X[::2], y[::2]), (X[1::2], y[1::2]))
    assert seen.score(linear_prediction(seen), metric="roc_auc").value > 0.8


def test_a_worse_model_than_the_one_in_use_is_a_blocker(diabetics: Halves) -> None:
    train, judged = diabetics
    good, bad = LinearRegression().fit(*train), DummyRegressor().fit(*train)
    assert of(against_previous, see(bad, judged, train, previous=good))().severity == "blocker"
    assert of(against_previous, see(good, judged, train, previous=bad))().severity == "note"


def test_rows_that_were_right_and_are_wrong_now_are_counted(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    wrong = 1 - model.predict(X)
    found = of(against_previous, see(lambda rows: wrong, (X, y), previous=model.predict(X)))()
    facts = {one.name: one.value for one in found.facts}
    assert facts["share_changed"] == 1
    assert facts["share_newly_wrong"] == pytest.approx((model.predict(X) == y).mean())


def test_worse_by_too_little_to_matter_is_no_warning() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 3))
    y = (X[:, 0] + rng.normal(size=4_000) > 0).astype(int)
    linear = LogisticRegression().fit(X[:2_000], y[:2_000]).predict_proba(X[2_000:])
    seen = replace(see(lambda rows: linear, (X[2_000:], y[2_000:]), metric="log_loss"), linear=linear)
    truth = np.eye(2)[y[2_000:]]
    found = of(against_linear, replace(seen, prediction=linear + 0.001 * (0.5 - truth) * 2 * linear * (1 - linear)))()
    assert found.effect is not None
    assert found.effect.high < 0
    assert found.severity == "note"
    assert "worse than a linear model by too little to matter: log_loss worse by 0.0" in found.says


def test_a_loss_that_rises_is_said_to_get_worse(diabetics: Halves) -> None:
    train, judged = diabetics
    seen = see(LinearRegression().fit(*train), judged, train)
    assert "rmse gets worse by" in of(robustness, seen)("shift").says
    assert "were rmse worse by" in of(power, seen)().says


def test_what_no_slice_could_show_is_not_told_as_a_fall(tumours: Halves) -> None:
    train, (X, y) = tumours
    model = LINE.fit(*train)
    assert "A slice of 2 rows could be at its worst unseen" in of(power, see(model, (X[:20], y[:20])))().says
    assert "slice" not in of(power, see(model, (X[:9], y[:9])))().says


def test_rows_that_are_all_alike_say_nothing_of_a_constant_that_is_learned_from_them(diabetics: Halves) -> None:
    train, judged = diabetics
    same = np.full(len(judged[1]), 150.0)
    assert list(against_trivial(see(LinearRegression().fit(*train), (judged[0], same)))) == []


def test_training_rows_of_one_class_teach_no_line(tumours: Halves) -> None:
    train, judged = tumours
    some = train[1] == 1
    model = LINE.fit(*train)
    assert list(against_linear(see(model, judged, (train[0][some], train[1][some])))) == []
