"""`artificer judge` on a package, on files of models, and on a table that holds predictions."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from command import artificer, document, refused
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from world import Rows, build

from artificer.data.readers import read
from artificer.data.table import fingerprint
from artificer.line.judge.about import About
from artificer.line.judge.any_model import shown
from artificer.line.judge.model_files import open_model
from artificer_runtime.package import add_files

LINE = make_pipeline(StandardScaler(), LogisticRegression())


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Tumours, what a model trained on half of them says of the others, and what a worse one said."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :5].rename(columns=lambda name: name.replace(" ", "_"))
    model = LINE.fit(X[::2], y[::2])
    chance = model.predict_proba(X[1::2])[:, 1]
    frame = pl.from_pandas(X[1::2]).with_columns(
        result=pl.Series(y[1::2]).replace_strict({0: "ill", 1: "well"}),
        said=pl.Series(chance),
        before=pl.Series(np.full(len(chance), 0.6)),
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


def test_a_table_of_predictions_is_tested(rows: Path) -> None:
    found = document("judge", rows, "--target", "result", "--predictions", "said", "--previous", "before")
    assert found["code"] == 0
    assert found["result"]["metric"] == "roc_auc"
    assert found["result"]["score"]["value"] > 0.95
    assert {test["code"] for test in found["result"]["tests"] if test["outcome"] == "passed"} >= {"against_previous"}
    assert {"tests", "against_trivial", "calibration"} <= {one["code"] for one in found["findings"]}


def test_a_worse_model_than_before_ends_with_3_and_says_so_to_junit(rows: Path, tmp_path: Path) -> None:
    options = ("--target", "result", "--predictions", "before", "--previous", "said", "--junit", tmp_path / "tests.xml")
    ended = artificer("judge", rows, *options)
    assert ended.returncode == 3, ended.stderr
    assert "✗ against_previous" in ended.stdout
    assert "keep the model that is in use" in ended.stdout
    suite = ElementTree.parse(tmp_path / "tests.xml").getroot()
    assert [case.attrib["name"] for case in suite if case.find("failure") is not None] == ["against_previous"]


def test_a_package_is_tested_on_rows_of_ones_own(tmp_path: Path) -> None:
    build(tmp_path / "package")
    Rows().draw(800, 1).write_csv(tmp_path / "rows.csv")
    found = document("judge", tmp_path / "package", tmp_path / "rows.csv", "--train", tmp_path / "rows.csv")
    outcomes = {test["code"]: test["outcome"] for test in found["result"]["tests"]}
    assert outcomes["against_trivial"] == "passed"
    assert outcomes["overlap"] == "warned"  # they are the same rows
    assert outcomes["seed_stability"] == "not run"
    unused = next(one for one in found["findings"] if one["code"] == "unused_features")
    assert "'shop'" in unused["says"]


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path, rows: Path) -> None:
    half = pl.when(pl.int_range(pl.len()) < 100).then(pl.lit("NA")).otherwise("result").alias("result")
    pl.read_parquet(rows).with_columns(half).write_csv(tmp_path / "rows.csv")
    ended = artificer("judge", tmp_path / "rows.csv", "--target", "result", "--predictions", "said")
    assert ended.returncode == 0, ended.stderr
    assert f"of {pl.read_parquet(rows).height} rows of 'rows.csv' 100 have no label and are left out" in ended.stderr
    (tmp_path / "none.csv").write_text("result,said\nNA,0.5\n,0.2\n")
    none = ("judge", tmp_path / "none.csv", "--target", "result", "--predictions", "said")
    refused(*none, names="no row of 'none.csv' has a label")


def test_rows_of_numbers_to_predict_without_a_label_are_left_out(tmp_path: Path) -> None:
    build(tmp_path / "package", metric="mae", task="regression")
    text = pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("NA")).otherwise(pl.col("won").round().cast(pl.String))
    Rows().draw(300, 1, "regression").with_columns(won=text).write_csv(tmp_path / "rows.csv")  # few different numbers
    assert document("judge", tmp_path / "package", tmp_path / "rows.csv")["result"]["n_rows"] == 291


def test_rows_that_made_the_package_are_known_by_its_card(tmp_path: Path) -> None:
    build(tmp_path / "package")
    Rows().draw(800, 1).write_csv(tmp_path / "rows.csv")

    def told(own: float, made_of: str = "") -> tuple[str, str]:
        score = {"metric": "roc_auc", "value": own, "low": own - 0.02, "high": own + 0.02}
        card = {"score": score, "tested_on": {"rows": 500}, "trained_on": {"fingerprint": made_of}}
        add_files(tmp_path / "package", {"card.json": json.dumps(card).encode()})
        found = document("judge", tmp_path / "package", tmp_path / "rows.csv")["findings"]
        (overlap,) = (one for one in found if one["code"] == "overlap")
        return overlap["severity"], overlap["says"]

    severity, says = told(0.9, fingerprint(read(tmp_path / "rows.csv").frame))
    assert severity == "warning"
    assert says.startswith("these 800 rows are the data that the model was made from")
    severity, says = told(0.55)
    assert severity == "warning"
    assert "in the model's own verdict: better than on rows that did not train it" in says
    assert told(0.99)[0] == "note"


def test_a_package_of_a_number_is_tested_by_its_own_metric(tmp_path: Path) -> None:
    build(tmp_path / "package", metric="mae", task="regression")
    frame = Rows().draw(400, 1, "regression")
    frame.with_columns(won=pl.col("won").round()).write_csv(tmp_path / "counts.csv")  # few different numbers
    frame.write_csv(tmp_path / "rows.csv")
    for name in ("counts.csv", "rows.csv"):
        assert document("judge", tmp_path / "package", tmp_path / name)["result"]["metric"] == "mae"
    asked = document("judge", tmp_path / "package", tmp_path / "rows.csv", "--metric", "rmse")
    assert asked["result"]["metric"] == "rmse"


def test_a_package_is_explained(tmp_path: Path, rows: Path) -> None:
    build(tmp_path / "package")
    Rows().draw(300, 1).write_csv(tmp_path / "rows.csv")
    found = document("judge", tmp_path / "package", tmp_path / "rows.csv", "--explain")["result"]["explanation"]
    assert found["drivers"][0]["effect"]["low"] <= found["drivers"][0]["effect"]["value"]
    assert {one["which"] for one in found["explained"]} == {"highest", "lowest"}
    assert found["left_out"]
    options = ("--target", "result", "--predictions", "said", "--explain")
    refused("judge", rows, *options, names="predictions alone cannot be explained")
    (tmp_path / "brief.toml").write_text('[data]\nsource = "rows.csv"\n[target]\ncolumn = "won"\n')
    refused("judge", tmp_path / "brief.toml", "--explain", names="--explain: of a MODEL or a TABLE alone")


def test_what_a_brief_says_of_a_package_options_say_of_any_model(tmp_path: Path, rows: Path) -> None:
    frame = pl.read_parquet(rows)
    n = len(frame)
    frame = frame.with_columns(town=pl.Series(["north", "south"] * (n // 2)), times=pl.Series([1.0, 2.0] * (n // 2)))
    frame.write_parquet(rows)
    options = ("--target", "result", "--predictions", "said")
    more = ("--protected", "town", "--weight", "times")
    plain, found = (document("judge", rows, *options, *one) for one in ((), more))
    assert "fairness" in {one["code"] for one in found["findings"]}
    assert found["result"]["score"]["value"] != plain["result"]["score"]["value"]
    refused(
        "judge", rows, *options, "--effect", "mean_radius=up", names="--effect 'mean_radius=up' is no COLUMN=increasing"
    )
    build(tmp_path / "package", time="day")
    Rows().draw(50, 1).drop("day").write_csv(tmp_path / "rows.csv")
    says = "the rows lack the column 'day', which the package's brief names as data.time: bring it, or name another by --time"
    refused("judge", tmp_path / "package", tmp_path / "rows.csv", names=says)


def test_labels_that_a_package_does_not_know_are_named_with_those_that_it_does(tmp_path: Path) -> None:
    build(tmp_path / "package")
    Rows().draw(50, 1).with_columns(pl.col("won").str.to_uppercase()).write_csv(tmp_path / "rows.csv")
    says = refused(
        "judge", tmp_path / "package", tmp_path / "rows.csv", names="the labels hold 'NO', 'YES', in 50 of 50"
    )
    assert "knows the classes 'no', 'yes' alone; closest class: 'no'" in says


def test_a_single_row_is_read_by_the_packages_own_form_of_moments(tmp_path: Path) -> None:
    build(tmp_path / "package", time="day")
    model = open_model(tmp_path / "package")
    frame = (
        Rows().draw(1, 1).with_columns(day=pl.lit("2/1/2016 23:04"))
    )  # the second of January, or the first of February?
    seen = shown(
        replace(model, forms={"day": "%m/%d/%Y %H:%M"}), frame.drop("won"), frame["won"], about=About(time="day")
    )
    assert seen.rows.time is not None
    assert seen.rows.time.tolist() == [datetime(2016, 2, 1, 23, 4, tzinfo=UTC).timestamp()]


def test_rows_of_one_class_are_said_to_be_that(tmp_path: Path) -> None:
    build(tmp_path / "package")
    Rows().draw(200, 1).filter(pl.col("won") == "yes").write_csv(tmp_path / "rows.csv")
    told = artificer("judge", tmp_path / "package", tmp_path / "rows.csv").stdout
    assert told.startswith("roc_auc cannot be told: all ")
    assert "rows are of one class, 'yes', and it says how well classes are told apart" in told
    assert "bring rows of 'no' too" in told


def test_a_pickle_is_not_opened(tmp_path: Path, rows: Path) -> None:
    for name in ("model.pkl", "model.joblib", "model"):
        (tmp_path / name).write_bytes(pickle.dumps(LINE))
        says = refused("judge", tmp_path / name, rows, "--target", "result", names="is a pickle")
        assert "--predictions COLUMN" in says


def test_what_is_lacking_is_named(tmp_path: Path, rows: Path) -> None:
    refused("judge", rows, "--predictions", "said", names="--target")
    refused("judge", rows, "--predictions", "sayd", "--target", "result", names="closest name here: 'said'")
    refused("judge", tmp_path / "absent.skops", rows, "--target", "result", names="there is no model")
    (tmp_path / "model.onnx").write_bytes(b"")
    refused("judge", tmp_path / "model.onnx", names="on which rows?")
    refused("judge", rows, rows, "--target", "result", names="no model that is known here")


def test_what_is_wrong_is_said_with_what_there_is(rows: Path, tmp_path: Path) -> None:
    said = ("judge", rows, "--target", "result", "--predictions", "said")
    assert "there are mean_radius, " in refused(*said, "--group", "town", names="no column 'town'")
    assert "it holds ill, well" in refused(*said, "--positive", "dead", names="positive class 'dead' is no value")
    refused(*said, "--metric", "zzz", names="there are roc_auc, ")
    refused("judge", rows, "--target", "result", names="--predictions COLUMN names the column")
    pl.read_parquet(rows).with_columns(day=pl.lit("Monday")).write_csv(tmp_path / "days.csv")
    options = ("--target", "result", "--predictions", "said", "--time", "day")
    refused("judge", tmp_path / "days.csv", *options, names="'day' is no column of moments")


def test_junit_makes_its_folder_and_never_writes_over_what_is_read(rows: Path, tmp_path: Path) -> None:
    options = ("judge", rows, "--target", "result", "--predictions", "said")
    assert artificer(*options, "--junit", tmp_path / "new" / "tests.xml").returncode == 0
    ElementTree.parse(tmp_path / "new" / "tests.xml")
    refused(*options, "--junit", rows, names="is read here")
