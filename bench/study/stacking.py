"""Whether a second level pays: greedy weights beside a model trained on the candidates' out-of-fold predictions.

`python bench/study/stacking.py BANK`: on each set a ridge or logistic regression, and a small LightGBM, read the
out-of-fold predictions that the race ends with in 60 s; the figure is the mean over sets of log(test error / that of the
greedy blend), with its standard error. Below 0, stacking is better.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
from simulate import Known, simulate
from sklearn.linear_model import LogisticRegressionCV, RidgeCV

from artificer.line.design.portfolio import MANY_CLASSES, MANY_CLASSES_ORDER, ORDER

TINY = 1e-6


def main() -> None:
    """Compare on every set of the bank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    asked = parser.parse_args()
    ratios: dict[str, list[float]] = {name: [] for name in LEVELS}
    for folder in sorted(path.parent for path in asked.bank.glob("*/set.json")):
        known = Known(folder)
        if not known.candidates:
            continue
        order = MANY_CLASSES_ORDER if known.about["n_classes"] > MANY_CLASSES else ORDER
        ended = simulate(known, order, 60)
        told = []
        for name, level in LEVELS.items():
            ratios[name].append(math.log(known.error(level(known, ended.finished)) / ended.error))
            told.append(f"{name} {ratios[name][-1]:+.4f}")
        print(f"{folder.name:22s} greedy {ended.error:.5g}  {'  '.join(told)}", flush=True)
    for name, values in ratios.items():
        error = np.std(values, ddof=1) / math.sqrt(len(values))
        print(f"{name}: {np.mean(values):+.4f} ± {error:.4f} over {len(values)} sets")


def linear(known: Known, names: tuple[str, ...]) -> np.ndarray:
    """Ridge or logistic regression, its penalty by cross-validation."""
    train, test, y = _level(known, names)
    if not known.about["n_classes"]:
        return np.asarray(RidgeCV(np.logspace(-3, 4, 8)).fit(train, y).predict(test))[:, None]
    model = LogisticRegressionCV(
        Cs=6, cv=5, scoring="neg_log_loss", max_iter=1000, l1_ratios=(0,), use_legacy_attributes=False
    )
    return np.asarray(model.fit(train, y).predict_proba(test))


def boosted(known: Known, names: tuple[str, ...]) -> np.ndarray:
    """A small LightGBM: 60 trees of 7 leaves."""
    train, test, y = _level(known, names)
    settings = {"n_estimators": 60, "num_leaves": 7, "learning_rate": 0.08, "verbose": -1, "n_jobs": 1}
    if not known.about["n_classes"]:
        return np.asarray(lightgbm.LGBMRegressor(**settings).fit(train, y).predict(test))[:, None]
    return np.asarray(lightgbm.LGBMClassifier(**settings).fit(train, y).predict_proba(test))


LEVELS: dict[str, Callable[[Known, tuple[str, ...]], np.ndarray]] = {"linear": linear, "boosted": boosted}


def _level(known: Known, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Out-of-fold and test predictions side by side, as log odds of all classes but the first, and labels in their order."""
    arrays = known.arrays
    n_rows = min(len(arrays[name]["oof"]) for name in names)
    parts = [
        np.concatenate([_odds(rows, known.about["n_classes"]) for rows in of_all], axis=1)
        for of_all in ([arrays[name]["oof"][:n_rows] for name in names], [arrays[name]["test"][0] for name in names])
    ]
    y = known.rows["y"][known.rows["rows"][:n_rows]]
    return parts[0], parts[1], y.astype(np.int64) if known.about["n_classes"] else y


def _odds(prediction: np.ndarray, n_classes: int) -> np.ndarray:
    if not n_classes:
        return prediction.reshape(len(prediction), -1)
    shares = np.clip(prediction, TINY, 1)
    return np.asarray(np.log(shares[:, 1:]) - np.log(shares[:, :1]))


if __name__ == "__main__":
    main()
