"""Artificer through its estimators; its package is read back by the runtime, which has numpy alone."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import artificer_runtime
from artificer import Classifier, Regressor

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


def version() -> str:
    return metadata.version("artificer")


def fit(X: pd.DataFrame, y: pd.Series, asked: dict[str, Any], work: Path) -> Any:
    estimator = Regressor if asked["task"] == "regression" else Classifier
    return estimator(budget_s=asked["budget_s"], n_jobs=-1, metric=METRICS[asked["task"]]).fit(X, y)


def save(model: Any, folder: Path) -> None:
    folder.mkdir()
    model.save(folder / "package")
    names = getattr(model, "classes_", ())  # the estimator's line, and so the package, knows them as 0, 1, …
    (folder / "classes.json").write_text(json.dumps(list(names)))


def load(folder: Path) -> Any:
    return artificer_runtime.load(folder / "package"), json.loads((folder / "classes.json").read_text())


def classes(loaded: Any) -> list[str]:
    return list(loaded[1])


def predict(loaded: Any, rows: pd.DataFrame) -> np.ndarray:
    predictor, names = loaded
    return predictor.predict_proba(rows) if names else predictor.predict(rows)


def predict_dict(loaded: Any, row: dict[str, Any]) -> np.ndarray:
    predictor, names = loaded
    return predictor.predict_proba(row) if names else predictor.predict(row)
