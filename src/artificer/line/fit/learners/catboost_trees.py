"""CatBoost (Prokhorenkova et al. 2018, NeurIPS): gradient boosting of symmetric trees, on numbers only.

Categories come as one-hot codes and cross-fitted target means, so that its portable form needs no tables of its own.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from catboost import CatBoost as Library
from catboost import Pool

from artificer.core.clock import Clock
from artificer.core.protocols import Fitted, Fold, Settings
from artificer_runtime.members.links import Link
from artificer_runtime.members.oblivious import Oblivious

LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
LINKS: dict[str, Link] = {"binary": "logit", "multiclass": "softmax", "regression": "identity"}
OURS = ("max_iterations", "patience")
CHECKED_ROWS = 2000


@dataclass(frozen=True)
class CatBoost:
    """Settings are CatBoost's own, and `max_iterations` (800), `patience` (60; 0: never stop early)."""

    API: ClassVar[int] = 1
    name: str = "catboost"
    version: int = 1

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Boost until the validation loss has not fallen for `patience` iterations, or the clock has run out."""
        patience = int(settings.get("patience", 60))
        watch = _Watch(clock, patience if fold.X_valid is not None else 0)
        model = Library(self._parameters(fold, settings))
        valid = Pool(fold.X_valid, fold.y_valid, weight=fold.weight_valid) if fold.X_valid is not None else None
        pool = Pool(fold.X, fold.y, weight=fold.weight)
        model.fit(pool, eval_set=valid, callbacks=[watch])
        curve = np.array(watch.curve)
        return Fitted(portable(model, fold), curve, model.tree_count_, watch.cut, native(model, fold))

    def _parameters(self, fold: Fold, settings: Settings) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "loss_function": LOSSES[fold.task],
            "iterations": int(settings.get("max_iterations", 800)),
            "boosting_type": "Plain",
            "bootstrap_type": "Bernoulli",
            "subsample": 0.9,
            "leaf_estimation_iterations": 1,
            "use_best_model": False,
            "random_seed": fold.seed,
            "thread_count": 1,
            "allow_writing_files": False,
            "logging_level": "Silent",
            **{name: value for name, value in settings.items() if name not in OURS},
        }
        if fold.task == "multiclass":
            parameters["classes_count"] = fold.n_classes
        if fold.monotone:
            parameters["monotone_constraints"] = list(fold.monotone)
        return parameters


@dataclass
class _Watch:
    """Called by CatBoost after each iteration: notes the validation loss, and says whether to go on."""

    clock: Clock
    patience: int
    cut: bool = False

    def __post_init__(self) -> None:
        self.curve: list[float] = []

    def after_iteration(self, info: Any) -> bool:
        for losses in (info.metrics or {}).get("validation", {}).values():
            self.curve = list(losses)
        if self.patience and len(self.curve) - 1 - int(np.argmin(self.curve)) >= self.patience:
            return False
        self.cut = self.clock.expired
        return not self.cut


def native(model: Library, fold: Fold) -> np.ndarray:
    """The library's own predictions on the first rows, shaped as a member's."""
    kind = "RawFormulaVal" if fold.task == "regression" else "Probability"
    rows = fold.X[:CHECKED_ROWS]
    return np.asarray(model.predict(rows, prediction_type=kind, thread_count=1), np.float64).reshape(len(rows), -1)


def portable(model: Library, fold: Fold) -> Oblivious:
    """Translate CatBoost's JSON form."""
    with tempfile.TemporaryDirectory(prefix="artificer-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        written = json.loads(path.read_text(encoding="utf-8"))
    trees = written["oblivious_trees"]
    scale, bias = written["scale_and_bias"]
    n_out = fold.n_classes if fold.task == "multiclass" else 1
    depth = max((len(tree["splits"] or ()) for tree in trees), default=0)
    feature = np.zeros((len(trees), depth), np.int32)
    border = np.full((len(trees), depth), np.inf, np.float32)
    values = np.zeros((len(trees), 2**depth, n_out))
    for place, tree in enumerate(trees):
        splits = tree["splits"] or ()
        for bit, split in enumerate(splits):
            feature[place, bit], border[place, bit] = split["float_feature_index"], split["border"]
        leaves = np.array(tree["leaf_values"], np.float64).reshape(2 ** len(splits), n_out)
        values[place, : len(leaves)] = leaves
    return Oblivious(feature, border, values, float(scale), np.array(bias, np.float64).reshape(-1), LINKS[fold.task])
