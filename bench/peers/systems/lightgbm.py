"""LightGBM with early stopping on a tenth: what an engineer has in an hour. It takes no budget.

At most 5,000 trees at a learning rate of 0.05, patience 100; text as codes of categories, dates as numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

MOST_TREES, PATIENCE, HELD_OUT = 5_000, 100, 0.1
OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
Levels = dict[str, list[str]]


def version() -> str:
    return str(lightgbm.__version__)


def fit(X: pd.DataFrame, y: pd.Series, asked: dict[str, Any], work: Path) -> Any:
    levels: Levels = {name: sorted(set(X[name].dropna().astype(str))) for name in X if _is_text(X[name])}
    names = [] if asked["task"] == "regression" else sorted(set(y))
    target = np.searchsorted(names, y) if names else y.to_numpy()
    rows, held, target, held_target = train_test_split(
        _numbers(X, levels), target, test_size=HELD_OUT, random_state=asked["seed"], stratify=target if names else None
    )
    settings = {
        "objective": OBJECTIVES[asked["task"]],
        "learning_rate": 0.05,
        "num_threads": asked["cores"],
        "seed": asked["seed"],
        "verbosity": -1,
        **({"num_class": len(names)} if asked["task"] == "multiclass" else {}),
    }
    categories = [place for place, name in enumerate(X) if name in levels]
    training = lightgbm.Dataset(rows, target, categorical_feature=categories)
    booster = lightgbm.train(
        settings,
        training,
        num_boost_round=MOST_TREES,
        valid_sets=[training.create_valid(held, held_target)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return booster, levels, names


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _numbers(X: pd.DataFrame, levels: Levels) -> np.ndarray:
    """Columns as float64: codes of the levels, seconds of dates, numbers as they are; what is missing is NaN."""
    columns = []
    for name in X:
        column = X[name]
        if name in levels:
            codes = pd.Index(levels[name]).get_indexer(column.astype(str).where(column.notna(), None))
            columns.append(np.where(codes < 0, np.nan, codes))
        elif pd.api.types.is_datetime64_any_dtype(column):
            stamps = column.to_numpy("datetime64[ns]")
            columns.append(np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e9))
        else:
            columns.append(column.to_numpy(np.float64, na_value=np.nan))
    return np.column_stack(columns)


def save(model: Any, folder: Path) -> None:
    booster, levels, names = model
    folder.mkdir()
    booster.save_model(folder / "model.txt", num_iteration=booster.best_iteration)
    (folder / "columns.json").write_text(json.dumps({"levels": levels, "classes": names}))


def load(folder: Path) -> Any:
    columns = json.loads((folder / "columns.json").read_text())
    return lightgbm.Booster(model_file=folder / "model.txt"), columns["levels"], columns["classes"]


def classes(loaded: Any) -> list[str]:
    return list(loaded[2])


def predict(loaded: Any, rows: pd.DataFrame) -> np.ndarray:
    booster, levels, names = loaded
    predicted = np.asarray(booster.predict(_numbers(rows, levels)))
    return np.column_stack([1 - predicted, predicted]) if len(names) == 2 else predicted
