"""An MLflow model of a package: MLflow's own form, no pickle, the package's predictions."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import polars as pl
import pytest
from client import Client, table

import artificer_runtime
from artificer.core.errors import ArtificerError
from artificer.line.ship.mlflow import mlflow_model


def test_the_loader_that_it_names_predicts_as_the_package_does(client: Client, tmp_path: Path) -> None:
    out = mlflow_model(client.package("v1"), tmp_path / "model")
    said = json.loads((out / "MLmodel").read_text(encoding="utf-8"))
    flavour = said["flavors"]["python_function"]
    model = importlib.import_module(flavour["loader_module"])._load_pyfunc(str(out / flavour["data"]))
    rows = table(20).to_pandas()
    predictor = artificer_runtime.load(client.package("v1"))
    assert model.predict(rows).tolist() == predictor.predict(rows).tolist()
    chances = model.predict(rows, params={"probabilities": True})
    assert chances.tolist() == predictor.predict_proba(rows).tolist()


def test_the_signature_names_the_columns_and_their_types(client: Client, tmp_path: Path) -> None:
    out = mlflow_model(client.package("v1"), tmp_path / "model")
    signature = json.loads((out / "MLmodel").read_text(encoding="utf-8"))["signature"]
    assert [(one["name"], one["type"]) for one in json.loads(signature["inputs"])] == [
        ("x", "double"),
        ("shop", "string"),
    ]
    assert json.loads(signature["outputs"]) == [{"type": "string", "name": "won"}]


def test_nothing_in_it_is_pickled(client: Client, tmp_path: Path) -> None:
    out = mlflow_model(client.package("v1"), tmp_path / "model")
    assert not [path for path in out.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]


def test_a_folder_that_is_there_stays_as_it_is(client: Client, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ArtificerError, match="there already"):
        mlflow_model(client.package("v1"), tmp_path / "model")
    assert list((tmp_path / "model").iterdir()) == []


def test_rows_of_polars_are_read_too(client: Client, tmp_path: Path) -> None:
    out = mlflow_model(client.package("v1"), tmp_path / "model")
    model = importlib.import_module("artificer_runtime.pyfunc")._load_pyfunc(str(out / "package"))
    assert len(model.predict(pl.DataFrame({"x": [0.1], "shop": ["a"]}))) == 1
