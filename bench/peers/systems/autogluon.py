"""AutoGluon's TabularPredictor with a preset, without ray: at 60 s on two cores that is its stronger form.

It saves as it fits, so `save` only names the folder. It predicts as it is after `load`, with models read at each call:
`persist()` is not called.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

LABEL = "target of the fit"
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "root_mean_squared_error"}


def version() -> str:
    return metadata.version("autogluon.tabular")


def fit(X: pd.DataFrame, y: pd.Series, asked: dict[str, Any], work: Path) -> Any:
    task = asked["task"]
    predictor = TabularPredictor(
        label=LABEL, problem_type=task, eval_metric=METRICS[task], path=str(work), verbosity=0, log_to_file=False
    )
    return predictor.fit(
        X.assign(**{LABEL: y}), presets=asked["presets"], time_limit=asked["budget_s"], num_cpus=asked["cores"]
    )


def save(model: Any, folder: Path) -> None:
    folder.symlink_to(model.path, target_is_directory=True)


def load(folder: Path) -> Any:
    return TabularPredictor.load(str(folder.resolve()))


def classes(loaded: Any) -> list[str]:
    return [] if loaded.problem_type == "regression" else [str(one) for one in loaded.class_labels]


def predict(loaded: Any, rows: pd.DataFrame) -> np.ndarray:
    if loaded.problem_type == "regression":
        return np.asarray(loaded.predict(rows, as_pandas=False))
    return np.asarray(loaded.predict_proba(rows)[loaded.class_labels])
