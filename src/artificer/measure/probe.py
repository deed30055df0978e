"""The yardstick: one small LightGBM of fixed settings, to learn what a column or a block does to the score.

It is never the product: `fit` confirms what it suggests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from artificer.core.brief import Task
from artificer.core.records import Estimate
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer.measure.metrics import score

SETTINGS = {"num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "max_bin": 63, "verbose": -1}
TREES = 60
OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}

Folds = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Probe:
    """Predictions of the yardstick on rows that did not train it.

    Attributes
    ----------
    rows : array of int64
        Positions of the measured rows.
    prediction : array of float64, (n_measured, n_classes) or (n_measured, 1)
    score : Estimate
    """

    metric: str
    rows: np.ndarray
    y: np.ndarray
    prediction: np.ndarray
    score: Estimate


def probe(
    X: np.ndarray,
    y: np.ndarray,
    task: Task,
    n_classes: int,
    folds: Folds,
    *,
    metric: str,
    categorical: Sequence[int] = (),
    seed: int = 0,
) -> Probe:
    """Train the yardstick on each fold and score it on the rest.

    Parameters
    ----------
    X : array of float32, (n_rows, n_features)
        NaN is missing; codes of categories as whole numbers.
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    folds : sequence of (training positions, measured positions)
    categorical : positions of features that are codes
    """
    import lightgbm

    parameters = SETTINGS | {
        "objective": OBJECTIVES[task],
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "feature_pre_filter": False,
        "seed": seed + 1,
    }
    if task == "multiclass":
        parameters["num_class"] = n_classes
    parts = []
    for train, measured in folds:
        leaf = max(1, min(20, len(train) // 20))
        data = lightgbm.Dataset(
            X[train], y[train], categorical_feature=list(categorical), params={"verbose": -1, "max_bin": 63}
        )
        booster = lightgbm.train(parameters | {"min_data_in_leaf": leaf}, data, max(10, TREES // max(n_classes - 1, 1)))
        parts.append(np.asarray(booster.predict(X[measured], num_threads=1)))
    raw = np.concatenate(parts)
    rows = np.concatenate([measured for _, measured in folds])
    prediction = np.stack([1 - raw, raw], axis=1) if task == "binary" else raw.reshape(len(rows), -1)
    return Probe(metric, rows, y[rows], prediction, estimate(metric, y[rows], prediction))


def effect(before: Probe, after: Probe, *, groups: np.ndarray | None = None, level: float = 0.95) -> Estimate:
    """What changing from `before` to `after` does to the score on the same rows: positive where it helps.

    Parameters
    ----------
    groups : array of int64, optional
        Of the measured rows: those of one group are not independent.
    """
    assert np.array_equal(before.rows, after.rows), "probes must be measured on the same rows"
    return compare(before.metric, before.y, after.prediction, before.prediction, groups=groups, level=level)


def single_feature_score(x: np.ndarray, y: np.ndarray, *, is_code: bool, n_bins: int = 32) -> float:
    """How well one feature alone tells the target, 0 to 1, cross-fitted over two halves.

    Twice the area under the ROC curve minus 1 for 0 and 1, else the share of variance that bin means explain: of the
    values, or of their ranks where that is more, as the largest of long-tailed values would hide how well the rest is told.

    Parameters
    ----------
    x : array, (n_rows,)
        Numbers with NaN for missing, or codes.
    y : array of float64, (n_rows,)
        0 and 1, or values.
    """
    return max(single_feature_scores(x, readings(y), is_code=is_code, n_bins=n_bins))


def readings(y: np.ndarray) -> list[np.ndarray]:
    """What a feature may tell of a target: 0 and 1 as they are, values or their ranks."""
    from scipy.stats import rankdata

    return [y] if _two_classes(y) else [y, rankdata(y)]


def single_feature_scores(
    x: np.ndarray, targets: Sequence[np.ndarray], *, is_code: bool, n_bins: int = 32
) -> list[float]:
    """How well one feature alone tells each of some targets; see `single_feature_score`.

    Parameters
    ----------
    targets : sequence of array of float64, (n_rows,)
        0 and 1, or values that are taken as they are.
    """
    code = np.unique(x, return_inverse=True)[1] if is_code else _binned(x, n_bins)
    return [_of_classes(code, y) if _two_classes(y) else _explained(code, y) for y in targets]


def _two_classes(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all())


def _of_classes(code: np.ndarray, y: np.ndarray) -> float:
    predicted = _told(code, y)
    auc = score("roc_auc", y, np.stack([1 - predicted, predicted], axis=1))
    return max(0.0, 2 * auc - 1) if np.isfinite(auc) else 0.0


def _explained(code: np.ndarray, y: np.ndarray) -> float:
    spread = y.var()
    return max(0.0, 1 - float(((y - _told(code, y)) ** 2).mean() / spread)) if spread > 0 else 0.0


def _told(code: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean of the other half's rows of the same code, drawn to the mean of all by one row."""
    predicted, n_codes = np.empty(len(y)), int(code.max()) + 1
    here, there = _halves(len(y))
    for one, other in ((here, there), (there, here)):
        codes, values = code[other], y[other]
        counts = np.bincount(codes, minlength=n_codes)
        sums = np.bincount(codes, weights=values, minlength=n_codes)
        predicted[one] = ((sums + values.mean()) / (counts + 1))[code[one]]
    return predicted


@lru_cache(maxsize=8)
def _halves(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of one half of the rows, drawn, and of the other: the same for every feature of a table."""
    half = np.random.default_rng(0).permutation(n_rows) % 2 == 0
    return np.flatnonzero(half), np.flatnonzero(~half)


def _binned(x: np.ndarray, n_bins: int) -> np.ndarray:
    known = ~np.isnan(x)
    edges = np.unique(np.quantile(x[known], np.linspace(0, 1, n_bins + 1)[1:-1])) if known.any() else np.empty(0)
    return np.where(known, np.searchsorted(edges, np.nan_to_num(x), side="right") + 1, 0)
