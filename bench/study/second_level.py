"""Whether a booster that begins at the blend pays: on features, on the candidates' out-of-fold predictions, or on both.

`python bench/study/second_level.py BANK`, of a bank made with `--features`. Small trees are grown from the log odds, or
values, of the greedy blend; cross-validation tells how many, on the rows that chose the blend. Told for each set: what they
promise (logarithm of the error out of fold against the blend's) and what they bring (that of the test rows); below 0 is better.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import lightgbm
import numpy as np
from blending import plain
from simulate import Known

from artificer.line.ask.rows import oriented
from artificer.line.refine.blend import Measured, greedy, mixed
from artificer.measure.metrics import score

MEMBERS, FOLDS, ROUNDS, PATIENCE, LEAST = 6, 5, 400, 60, 1e-6
SETTINGS = {
    "num_leaves": 15,
    "learning_rate": 0.03,
    "min_child_samples": 40,
    "lambda_l2": 5.0,
    "verbose": -1,
    "seed": 0,
}
DRAWN = {"feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1}
READS = {"features": (True, False), "predictions": (False, True), "both": (True, True)}


def main() -> None:
    """Compare on every set of the bank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in READS}
    for folder in sorted(path.parent for path in parser.parse_args().bank.glob("*/set.json")):
        if not (folder / "features.npz").exists():
            print(f"{folder.name}: its part of the bank holds no features")
            continue
        for name, ratios in of_set(folder).items():
            found[name].append(ratios)
    for name, each in found.items():
        promised, brought = np.array(each).T
        told = [f"{one.mean():+.4f} ± {one.std(ddof=1) / math.sqrt(len(one)):.4f}" for one in (promised, brought)]
        print(f"{name}: promises {told[0]}, brings {told[1]} over {len(each)} sets")


def of_set(folder: Path) -> dict[str, tuple[float, float]]:
    """What each kind of second level promises and brings, as logarithms of errors against the blend's."""
    known, features = Known(folder), np.load(folder / "features.npz")
    names, n_classes = plain(known), known.about["n_classes"]
    rows = known.rows["rows"]
    y = known.rows["y"][rows]
    told = {name: known.arrays[name]["oof"].astype(float) for name in names}
    test = {name: known.arrays[name]["test"].mean(axis=0).astype(float) for name in names}
    positive = known.about["positive"]
    usable = {name: oriented(y, one, positive)[1] for name, one in told.items()}
    target = oriented(y, told[names[0]], positive)[0]
    weights = greedy(Measured(rows, target, known.about["metric"], known.about["task"]), usable, MEMBERS)
    starts = [_raw(mixed(one, weights), n_classes) for one in (told, test)]
    before = [_error(known, y, starts[0]), known.error(_linked(starts[1], n_classes))]
    found = {}
    for name, (reads_features, reads_predictions) in READS.items():
        parts = [[features["train"][rows], features["test"]]] if reads_features else []
        parts += [[_side_by_side(one, n_classes) for one in (told, test)]] if reads_predictions else []
        X, X_test = (np.concatenate(one, axis=1) for one in zip(*parts, strict=True))
        held, shown = _boosted(X, y, X_test, (starts[0], starts[1]), n_classes)
        after = [_error(known, y, held), known.error(_linked(shown, n_classes))]
        found[name] = math.log(after[0] / before[0]), math.log(after[1] / before[1])
        print(f"{folder.name:20s} {name:11s} promises {found[name][0]:+.4f}, brings {found[name][1]:+.4f}", flush=True)
    return found


def _boosted(
    X: np.ndarray, y: np.ndarray, X_test: np.ndarray, starts: tuple[np.ndarray, np.ndarray], n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Raw scores out of fold and of the test rows; those of the blend where no tree helps."""
    start, start_test = starts
    objective = {0: "regression", 2: "binary"}.get(n_classes, "multiclass")
    settings = SETTINGS | DRAWN | {"objective": objective} | ({"num_class": n_classes} if n_classes > 2 else {})
    part = np.random.default_rng(0).permutation(len(y)) % FOLDS
    models, curves = [], []
    for fold in range(FOLDS):
        trains, told = part != fold, {}
        train = lightgbm.Dataset(X[trains], y[trains], init_score=start[trains].T.ravel())
        valid = train.create_valid(X[~trains], y[~trains], init_score=start[~trains].T.ravel())
        stops = [lightgbm.record_evaluation(told), lightgbm.early_stopping(PATIENCE, verbose=False)]
        models.append(lightgbm.train(settings, train, ROUNDS, valid_sets=[valid], callbacks=stops))
        (curve,) = told["valid_0"].values()
        curves.append(np.array(curve) * (~trains).sum() / len(y))
    loss = np.sum([curve[: min(map(len, curves))] for curve in curves], axis=0)
    best = int(loss.argmin()) + 1
    if loss.min() >= _loss(y, start, n_classes):
        return starts
    held = start.copy()
    for fold, model in enumerate(models):
        held[part == fold] += model.predict(X[part == fold], raw_score=True, num_iteration=best)
    whole = lightgbm.train(settings, lightgbm.Dataset(X, y, init_score=start.T.ravel()), best)
    return held, start_test + whole.predict(X_test, raw_score=True)


def _error(known: Known, y: np.ndarray, raw: np.ndarray) -> float:
    name = known.about["metric"]
    found = score(name, y, _linked(raw, known.about["n_classes"]))
    return 1 - found if name == "roc_auc" else found


def _loss(y: np.ndarray, raw: np.ndarray, n_classes: int) -> float:
    if not n_classes:
        return float(((y - raw) ** 2).mean())
    return score("log_loss", y, _linked(raw, n_classes))


def _side_by_side(predictions: dict[str, np.ndarray], n_classes: int) -> np.ndarray:
    return np.concatenate([_raw(one, n_classes).reshape(len(one), -1) for one in predictions.values()], axis=1)


def _raw(prediction: np.ndarray, n_classes: int) -> np.ndarray:
    """Log odds (n_rows,), logarithms (n_rows, n_classes) or values (n_rows,)."""
    if not n_classes:
        return prediction.reshape(len(prediction))
    logs = np.log(np.clip(prediction, LEAST, 1 - LEAST))
    return np.asarray(logs[:, 1] - logs[:, 0] if n_classes == 2 else logs)


def _linked(raw: np.ndarray, n_classes: int) -> np.ndarray:
    if not n_classes:
        return raw[:, None]
    logs = np.stack([np.zeros(len(raw)), raw], axis=1) if n_classes == 2 else raw
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


if __name__ == "__main__":
    main()
