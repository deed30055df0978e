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
from catboost import CatBoostError, Pool

from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.protocols import Fitted, Fold, Settings
from artificer.line.fit.losses import NEVER, constant, level_of, link_of, log_mean, power_of
from artificer_runtime.members.oblivious import Oblivious

LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
OURS = ("max_iterations", "patience")


@dataclass(frozen=True)
class CatBoost:
    """Settings are CatBoost's own, and `max_iterations` (800), `patience` (60; 0: never stop early).

    Losses whose steps do not grow with the target (see `_unit`) are lowered on a target of ordinary size.
    """

    API: ClassVar[int] = 1
    name: str = "catboost"
    version: int = 3

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Boost until the validation loss has not fallen for `patience` iterations, or the clock has run out.

        Where there is nothing to learn (one class, one value, constant features), which CatBoost refuses, no tree is grown.
        """
        if len(np.unique(fold.y)) == 1 or bool((fold.X[:1] == fold.X).all()):
            member = _constant(fold)
            return Fitted(member, np.empty(0), 0, False, member.predict(fold.checked))
        patience = int(settings.get("patience", 60))
        parameters = self.parameters(fold, settings)
        model = Library(parameters)
        unit = _unit(fold)
        try:
            valid = _measured(fold)
            watch = _Watch(clock, patience if valid is not None else 0, parameters["iterations"])
            model.fit(Pool(fold.X, _target(fold, fold.y), weight=fold.weight), eval_set=valid, callbacks=[watch])
        except CatBoostError as error:
            raise FitError(f"CatBoost: {error}") from error
        curve = np.array(watch.curve) * unit ** (2 - (power_of(fold.loss) or 1.0))  # as losses of the target itself
        return Fitted(portable(model, fold), curve, model.tree_count_, watch.cut, native(model, fold))

    def parameters(self, fold: Fold, settings: Settings) -> dict[str, Any]:
        """What the library is told."""
        parameters: dict[str, Any] = {
            "loss_function": _loss(fold),
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
            "nan_mode": "Min",  # the portable form knows no other
        }
        if fold.monotone:
            parameters["monotone_constraints"] = list(fold.monotone)
        return parameters


def _target(fold: Fold, y: np.ndarray) -> np.ndarray:
    """What CatBoost is shown: of classes, their places among those that training has; of the others it would write notices."""
    return np.searchsorted(_outputs(fold)[0], y) if fold.task == "multiclass" else y / _unit(fold)


def _measured(fold: Fold) -> Pool | None:
    """Rows to stop by: none of a class that no training row has, of which all iterations tell the same."""
    if fold.X_valid is None or fold.y_valid is None:
        return None
    known = np.isin(fold.y_valid, _outputs(fold)[0]) if fold.task == "multiclass" else np.ones(len(fold.y_valid), bool)
    weight = fold.weight_valid[known] if fold.weight_valid is not None else None
    if not (known if weight is None else weight).any():
        return None
    return Pool(fold.X_valid[known], _target(fold, fold.y_valid[known]), weight=weight)


def _loss(fold: Fold) -> str:
    level, power = level_of(fold.loss), power_of(fold.loss)
    if fold.loss == "absolute":
        return "MAE"
    if level is not None:
        return f"Quantile:alpha={level!r}"
    if power == 1:
        return "Poisson"
    return LOSSES[fold.task] if power is None else f"Tweedie:variance_power={power!r}"


def _unit(fold: Fold) -> float:
    """What the target is divided by: its mean where raw scores begin at 0 and are logarithms of predictions.

    Under monotone constraints CatBoost steps by the slope of a quantile's loss, at most 1 whatever the target; there its
    spread.
    """
    if power_of(fold.loss) is not None:
        return float(np.exp(log_mean(fold.y, fold.weight)))
    by_slope = bool(fold.monotone) and level_of(fold.loss) is not None
    return (float(fold.y.std()) or 1.0) if by_slope else 1.0


@dataclass
class _Watch:
    """Called by CatBoost after each iteration: notes the validation loss, and says whether to go on."""

    clock: Clock
    patience: int
    most: int
    cut: bool = False

    def __post_init__(self) -> None:
        self.curve: list[float] = []

    def after_iteration(self, info: Any) -> bool:
        for losses in (info.metrics or {}).get("validation", {}).values():
            self.curve = list(losses)
        if self.patience and len(self.curve) - 1 - int(np.argmin(self.curve)) >= self.patience:
            return False
        self.cut = self.clock.expired and info.iteration < self.most
        return not self.cut


def native(model: Library, fold: Fold) -> np.ndarray:
    """The library's own predictions on the first rows, shaped as a member's."""
    kind = "RawFormulaVal" if fold.task == "regression" else "Probability"
    rows = fold.checked
    raw = np.asarray(model.predict(rows, prediction_type=kind, thread_count=1), np.float64).reshape(len(rows), -1)
    if fold.task == "multiclass":
        told, raw = raw, np.zeros((len(rows), fold.n_classes))
        raw[:, _outputs(fold)[0]] = told
    return (np.exp(raw) if power_of(fold.loss) is not None else raw) * _unit(fold)


def portable(model: Library, fold: Fold) -> Oblivious:
    """Translate CatBoost's JSON form."""
    with tempfile.TemporaryDirectory(prefix="artificer-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        written = json.loads(path.read_text(encoding="utf-8"))
    trees = written["oblivious_trees"]
    scale, bias = written["scale_and_bias"]
    outs, n_out = _outputs(fold)
    depth = max((len(tree["splits"] or ()) for tree in trees), default=0)
    feature = np.zeros((len(trees), depth), np.int32)
    border = np.full((len(trees), depth), np.inf, np.float32)
    values = np.zeros((len(trees), 2**depth, n_out))
    cover = np.zeros((len(trees), 2**depth), np.float32)
    for place, tree in enumerate(trees):
        splits = tree["splits"] or ()
        for bit, split in enumerate(splits):
            feature[place, bit], border[place, bit] = split["float_feature_index"], split["border"]
        leaves = np.array(tree["leaf_values"], np.float64).reshape(2 ** len(splits), len(outs))
        values[place, : len(leaves), outs] = leaves.T
        cover[place, : len(leaves)] = tree["leaf_weights"]
    full, unit = np.full(n_out, NEVER), _unit(fold)
    if power_of(fold.loss) is not None:
        full[outs] = np.asarray(bias) + np.log(unit)
    else:
        full[outs] = np.asarray(bias) * unit
        scale *= unit
    return Oblivious(feature, border, values, float(scale), full, link_of(fold.task, fold.loss), cover)


def _outputs(fold: Fold) -> tuple[np.ndarray, int]:
    """Which outputs CatBoost learns, and how many there are: it leaves out classes that no training row has."""
    if fold.task == "multiclass":
        return np.unique(fold.y).astype(np.int64), fold.n_classes
    return np.zeros(1, np.int64), 1


def _constant(fold: Fold) -> Oblivious:
    """What loses least for every row: the mean or a quantile, or the log odds of the classes' shares."""
    if power_of(fold.loss) is not None:
        bias = np.array([log_mean(fold.y, fold.weight)])
    elif fold.task == "regression":
        bias = np.array([constant(fold.loss, fold.y, fold.weight)])
    else:
        total = np.bincount(fold.y.astype(np.int64), fold.weight, fold.n_classes)
        share = np.log(np.maximum(total / total.sum(), np.exp(NEVER)))
        bias = share if fold.task == "multiclass" else share[1:] - share[:1]
    nothing = np.zeros((0, 0))
    return Oblivious(
        nothing.astype(np.int32),
        nothing.astype(np.float32),
        np.zeros((0, 1, len(bias))),
        1.0,
        bias,
        link_of(fold.task, fold.loss),
        np.zeros((0, 1), np.float32),
    )
