"""How often nominal 95% intervals hold the truth, on real rows.

`python bench/coverage.py DATA [--replications 1000] [--rows 400]`. A model is trained on half of a set (adult: two classes;
bike_sharing: numbers); the other half is the population, so that its score there is the truth. Each replication draws rows
from it and asks for an interval. 1,000 replications tell a coverage within 1.4 points; a kind outside 95% ± 2 is
called approximate. The comparison is of that model with a coarser one, paired on the same rows.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from record import record

from artificer.core.records import Estimate
from artificer.measure.calibration import calibration_slope
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate, mean_t, quantile_interval, wilson
from artificer.measure.metrics import metric, score

SETS = {
    "adult": ("roc_auc", "log_loss", "brier", "accuracy", "average_precision", "f1", "balanced_accuracy", "mcc"),
    "bike_sharing": ("rmse", "mae", "r2", "median_absolute_error", "quantile_loss:0.9"),
}
COMPARED = {
    "adult": ("roc_auc", "log_loss", "accuracy", "average_precision"),
    "bike_sharing": ("rmse", "mae", "r2"),
}
WITHIN = 0.02


@dataclass(frozen=True)
class Population:
    """Rows that trained nothing, and what two models predict of them."""

    name: str
    y: np.ndarray
    first: np.ndarray
    second: np.ndarray


Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], Estimate]


def main() -> None:
    """Measure every kind and record a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=400)
    asked = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        for name in SETS:
            people = population(asked.data, name)
            for kind, truth, measure in kinds(people):
                work = partial(_held, people, measure, truth, asked.rows)
                held = np.mean(list(pool.map(work, range(asked.replications), chunksize=50)))
                verdict = "holds" if abs(held - 0.95) <= WITHIN else "approximate"
                figures = {"rows": asked.rows, "replications": asked.replications, "covered": round(float(held), 3)}
                record("coverage", f"{name}, {kind}", **figures, verdict=verdict)


def population(data: Path, name: str) -> Population:
    """Train on half of a set, and predict the other half."""
    about = next(
        one
        for one in tomllib.loads((data / "manifest.toml").read_text(encoding="utf-8"))["dataset"]
        if one["name"] == name
    )
    rows = pd.read_parquet(data / about["files"][0]).dropna(subset=[about["target"]])
    y = rows.pop(about["target"])
    y = (y == sorted(y.unique())[-1]).astype(float) if about["task"] != "regression" else y.astype(float)
    X = rows.apply(
        lambda column: column if pd.api.types.is_numeric_dtype(column) else column.astype("category").cat.codes
    )
    half = np.random.default_rng(0).permutation(len(y)) < len(y) // 2
    kind = lightgbm.LGBMRegressor if about["task"] == "regression" else lightgbm.LGBMClassifier
    models = (kind(n_estimators=n, num_leaves=leaves, verbose=-1, n_jobs=2) for n, leaves in ((120, 31), (40, 4)))
    told = []
    for model in models:
        model.fit(X[half], y[half])
        told.append(
            model.predict(X[~half])[:, None] if kind is lightgbm.LGBMRegressor else model.predict_proba(X[~half])
        )
    return Population(name, y[~half].to_numpy(), *told)


def kinds(people: Population) -> Iterator[tuple[str, float, Measure]]:
    """Each kind of interval: its name, the truth, and how it is asked for."""
    y, first, second = people.y, people.first, people.second
    for name in SETS[people.name]:
        yield f"score, {name}", score(name, y, first), partial(_score, name)
    for name in COMPARED[people.name]:
        gain = metric(name).sign * (score(name, y, first) - score(name, y, second))
        yield f"comparison, {name}", gain, partial(_compared, name)
    if people.name == "adult":
        yield "share (Wilson)", float(y.mean()), _share
        yield "calibration slope", calibration_slope(y, first).value, _slope
    else:
        yield "mean (t)", float(y.mean()), _mean
        yield "median (order statistics)", float(np.median(y)), _median


def _held(people: Population, measure: Measure, truth: float, n_rows: int, seed: int) -> bool:
    rows = np.random.default_rng(seed).choice(len(people.y), n_rows, replace=False)
    found = measure(people.y[rows], people.first[rows], people.second[rows])
    return found.low <= truth <= found.high


def _score(name: str, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return estimate(name, y, first)


def _compared(name: str, y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return compare(name, y, first, second)


def _share(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return wilson(float(y.sum()), len(y))


def _slope(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return calibration_slope(y, first)


def _mean(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return mean_t(y)


def _median(y: np.ndarray, first: np.ndarray, second: np.ndarray) -> Estimate:
    return quantile_interval(y, 0.5)


if __name__ == "__main__":
    main()
