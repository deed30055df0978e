"""FLAML with its defaults, text as categories of pandas."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import flaml
import numpy as np
import pandas as pd

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


def version() -> str:
    return str(flaml.__version__)


def fit(X: pd.DataFrame, y: pd.Series, asked: dict[str, Any], work: Path) -> Any:
    kinds = {name: pd.CategoricalDtype(sorted(set(X[name].dropna()))) for name in X if _is_text(X[name])}
    model = flaml.AutoML()
    model.fit(
        X_train=X.astype(kinds),
        y_train=y,
        task="regression" if asked["task"] == "regression" else "classification",
        metric=METRICS[asked["task"]],
        time_budget=asked["budget_s"],
        n_jobs=asked["cores"],
        seed=asked["seed"],
        verbose=0,
    )
    if model.model is None:
        raise RuntimeError("no model was trained within the budget")
    names = [] if asked["task"] == "regression" else [str(one) for one in model.classes_]
    return model, kinds, names


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def save(model: Any, folder: Path) -> None:
    folder.mkdir()
    with (folder / "model.pkl").open("wb") as file:
        pickle.dump(model, file)


def load(folder: Path) -> Any:
    with (folder / "model.pkl").open("rb") as file:
        return pickle.load(file)  # written a moment ago by this process


def classes(loaded: Any) -> list[str]:
    return list(loaded[2])


def predict(loaded: Any, rows: pd.DataFrame) -> np.ndarray:
    model, kinds, names = loaded
    X = rows.astype(kinds)
    return np.asarray(model.predict_proba(X) if names else model.predict(X))
