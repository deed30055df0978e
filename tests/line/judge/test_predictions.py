"""Predictions of any form are read, or refused in words: shapes, gaps, texts, what lies outside of 0 to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from artificer.core.brief import Target
from artificer.core.errors import BriefError, DataError
from artificer.line.ask.labels import read_labels
from artificer.line.judge.any_model import examine, examine_predictions
from artificer.line.judge.foreign import ModelRaisedError
from artificer.line.judge.predictions import as_prediction

TWO = read_labels(pl.Series("y", ["no", "yes"] * 4), Target(column="y", positive="yes"))
THREE = read_labels(pl.Series("y", ["a", "b", "c"] * 4), Target(column="y"))
NUMBER = read_labels(pl.Series("y", [0.5, 1.7, 2.25, 9.5]), Target(column="y"))


@pytest.mark.parametrize(
    ("labels", "given", "says"),
    [
        (TWO, [0.1, 0.2, 0.3], "3 predictions of 4 rows"),
        (TWO, np.full((4, 3), 1 / 3), r"shape \(4, 3\), and the rows hold 2 classes"),
        (TWO, np.full((4, 2, 1), 0.5), r"shape \(4, 2, 1\)"),
        (TWO, [[0.5, 0.5], [1.2, -0.2], [0.5, 0.5], [0.5, 0.5]], "row 2: 1.2, -0.2"),
        (TWO, [[0.5, 0.9]] * 4, "sum to 1"),
        (TWO, [0.5, float("nan"), 0.5, 0.5], "1 prediction is missing"),
        (TWO, [0.5, 1.5, 0.5, 0.5], "'1.5', which is neither a chance"),
        (TWO, ["no", None, "yes", "yes"], "1 prediction is missing"),
        (TWO, ["no", "maybe", "yes", "yes"], "'maybe', which is neither"),
        (THREE, [["a", "b", "c"]] * 4, "numbers are needed"),
        (THREE, [0.1, 0.2, 0.3, 0.4], "nor one of a, b, c"),
        (NUMBER, ["much", "little", "none", "some"], "numbers are needed"),
        (NUMBER, [1.0, float("inf"), 2.0, 3.0], "missing or infinite"),
        (NUMBER, np.zeros((4, 2)), r"shape \(4, 2\), and the target is a number"),
    ],
)
def test_what_is_no_prediction_is_refused_and_named(labels: Any, given: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        as_prediction(given, labels, 4)


def test_an_option_that_there_is_not_is_refused_with_the_closest() -> None:
    with pytest.raises(BriefError, match="no option 'metrik'; closest name here: 'metric'"):
        examine_predictions([0, 1] * 50, [0.2, 0.8] * 50, metrik="brier")


def test_chances_that_were_rounded_are_taken() -> None:
    assert as_prediction([[0.333, 0.333, 0.333]] * 4, THREE, 4).shape == (4, 3)
    assert as_prediction(np.full((4, 1), 0.25), TWO, 4)[0].tolist() == [0.75, 0.25]


RNG = np.random.default_rng(1)
X = pl.DataFrame({"a": RNG.normal(size=80), "town": RNG.choice(["Rome", "Bern"], 80)})
Y = np.where(X["a"].to_numpy() + RNG.normal(size=80) > 0, "yes", "no")


def test_a_model_that_raises_is_the_one_that_is_named_and_no_value_is_told() -> None:
    def model(frame: pl.DataFrame) -> np.ndarray:
        raise ValueError("could not convert 'Rome' in 'town'\nmore")

    with pytest.raises(ModelRaisedError) as error:
        examine(model, X, Y)
    assert "the model raised an error when it was asked to predict 80 rows" in str(error.value)
    assert "could not convert '…' in 'town'" in str(error.value)
    assert "'town' holds texts here" in str(error.value)
    assert isinstance(error.value.__cause__, ValueError)


def test_a_model_that_raises_on_changed_rows_leaves_the_other_tests() -> None:
    known = X["a"].to_list()

    def model(frame: pl.DataFrame) -> np.ndarray:
        if not set(frame["a"].to_list()) <= set(known):
            raise KeyError("not seen before")
        return 1 / (1 + np.exp(-frame["a"].to_numpy()))

    outcomes = {test.code: test for test in examine(model, X, Y).tests}
    assert outcomes["against_trivial"].outcome != "not run"
    raised = [test for test in outcomes.values() if "the model raised an error" in test.because]
    assert all(test.outcome == "not run" for test in raised)


def test_a_column_that_the_model_reads_must_be_there() -> None:
    class Model:
        feature_names_in_ = ("a", "twon", "other")

        def predict(self, frame: pl.DataFrame) -> np.ndarray:
            return np.full(frame.height, "yes")

    with pytest.raises(DataError, match=r"'twon' \(and 1 more\) is absent .* closest name here: 'town'"):
        examine(Model(), X, Y)


def test_what_a_test_could_not_do_is_xml_too() -> None:
    from xml.etree import ElementTree

    named = X.rename({"town": "to\x01wn\uffff"})
    found = examine_predictions(Y, np.full(80, 0.5), named, protected=("to\x01wn\uffff",))
    ElementTree.fromstring(found.junit(strict=True))


def test_the_model_in_use_may_read_fewer_columns_of_a_pandas_frame() -> None:
    wide = pd.DataFrame({"a": X["a"].to_numpy(), "b": RNG.normal(size=80)})
    before = LogisticRegression().fit(wide[["a"]], Y)
    found = examine(LogisticRegression().fit(wide, Y), wide, Y, previous=before)
    assert {test.code: test.outcome for test in found.tests}["against_previous"] == "passed"


def test_few_whole_numbers_are_a_number_to_predict_where_predictions_or_metric_say_so() -> None:
    y = RNG.poisson(1.5, 80)
    fractions = np.clip(1.5 + RNG.normal(0, 0.3, 80), 0.01, None)
    assert examine_predictions(y, fractions).metric == "rmse"
    assert examine_predictions(y, fractions, metric="poisson_deviance").metric == "poisson_deviance"
    assert examine_predictions(y, y.astype(float)).metric == "accuracy"
    assert examine(lambda rows: rows["a"].to_numpy() + 1.5, X, y, metric="mae").metric == "mae"
    assert examine_predictions(y > 1, fractions / 4).metric == "roc_auc"
    with pytest.raises(DataError, match="if the target is a number, name a metric of numbers, such as 'rmse'"):
        examine(lambda rows: rows["a"].to_numpy() + 1.5, X, y)


def test_truth_values_and_0_and_1_are_the_same_labels() -> None:
    y = np.tile([0, 1], 40)
    for truth, said in ((y, y > 0), (y > 0, y), (y > 0, y * 1.0)):
        assert examine_predictions(truth, said).score.value == 1


def test_chances_in_a_frame_are_read_by_the_names_of_its_columns() -> None:
    y = np.tile(["yes", "no"], 40)
    chance = np.where(y == "yes", 0.9, 0.2)
    for frame in (pd.DataFrame, pl.DataFrame):
        assert examine_predictions(y, frame({"yes": chance, "no": 1 - chance})).score.value == 1


def test_one_column_of_texts_is_handed_on_as_one() -> None:
    texts = pd.Series([f"{'good' if place % 2 else 'bad'} word{place % 7}" for place in range(80)], name="said")
    y = np.arange(80) % 2
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, y)
    for given in (texts, pl.Series("said", texts.to_list()), texts.rename(None)):
        found = examine(model, given, y)
        assert found.score.value == 1
        assert {"invariance", "robustness"} <= {test.code for test in found.tests if test.outcome != "not run"}


def test_labels_keep_the_name_that_they_have() -> None:
    for series in (pl.Series("paid", ["no"] * 4), pd.Series(["no"] * 4, name="paid")):
        with pytest.raises(DataError, match="the target 'paid' has one class, 'no'"):
            examine_predictions(series, [0.5] * 4)
