"""How often nominal 95% intervals hold the truth, on real rows.

`python bench/coverage.py DATA [--replications 1000] [--rows 400]`. A model is trained on half of a set (adult: two classes;
bike_sharing and airbnb_nyc: numbers); the other half is the population, so that its score there is the truth. Each
replication draws rows from it and asks for an interval. 1,000 replications tell a coverage within 1.4 points; a kind outside
95% ± 2 is called approximate. The comparison is of that model with a coarser one, paired on the same rows.

Chances are read where they should come true: the chance that the first is better by more than it truly is lies between a
tenth and nine tenths in eight replications of ten; and the highest of several levels is above the next as often as is said.
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
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from artificer.core.records import Chances, Estimate
from artificer.measure.bayes import chances, folds_differ, shrunk_means, shrunk_rates
from artificer.measure.calibration import calibration_slope
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer.measure.means import mean_t, quantile_interval, wilson
from artificer.measure.metrics import metric, score

SETS = {
    "adult": (
        *("roc_auc", "log_loss", "brier", "accuracy", "average_precision"),
        *("f1", "balanced_accuracy", "mcc", "precision_at:0.2"),
    ),
    "bike_sharing": ("rmse", "mae", "r2", "median_absolute_error", "quantile_loss:0.9"),
    "airbnb_nyc": ("rmse", "mae", "r2", "median_absolute_error"),  # prices with a very long tail
}
COMPARED = {
    "adult": ("roc_auc", "log_loss", "accuracy", "average_precision", "f1", "precision_at:0.2"),
    "bike_sharing": ("rmse", "mae", "r2", "median_absolute_error"),
    "airbnb_nyc": ("rmse", "mae", "r2"),
}
LEVELS = {
    "adult": ("education", "occupation", "workclass", "marital_status", "relationship", "sex"),
    "bike_sharing": ("hr", "mnth", "season", "weekday", "weathersit", "yr"),
}
WITHIN, INNER = 0.02, 0.8
FOLDS, FEWEST_OF_A_LEVEL = 5, 10


@dataclass(frozen=True)
class Population:
    """Rows that trained nothing, and what two models predict of them.

    Attributes
    ----------
    X : array of float64, (n_rows, n_features)
        Gaps filled with 0.
    levels : dict of str to array of int64, (n_rows,)
        Of some columns.
    """

    name: str
    y: np.ndarray
    first: np.ndarray
    second: np.ndarray
    X: np.ndarray
    levels: dict[str, np.ndarray]


Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], Estimate]
Drawn = Callable[[Population, np.ndarray], bool]  # of the rows that a replication drew, whether the truth was held


def main() -> None:
    """Measure every kind and record a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--only", nargs="*", default=[""], help="kinds whose name holds one of these")
    asked = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        for name in SETS:
            people = population(asked.data, name)
            figures = {"rows": asked.rows, "replications": asked.replications}
            seeds = range(asked.replications)
            for kind, nominal, drawn in (*intervals(people), *said(people)):
                if not any(one in kind for one in asked.only):
                    continue
                held = np.mean(list(pool.map(partial(_held, people, drawn, asked.rows), seeds, chunksize=50)))
                verdict = "holds" if abs(held - nominal) <= WITHIN else "approximate"
                record("coverage", f"{name}, {kind}", **figures, covered=round(float(held), 3), verdict=verdict)
            if any(one in "levels" for one in asked.only):
                for column in people.levels:
                    told = np.array(list(pool.map(partial(_levels, people, column, asked.rows), seeds, chunksize=50)))
                    means = dict(zip(("said", "came"), told.mean(axis=0).round(3).tolist(), strict=True))
                    record("coverage", f"{name}, levels, the highest of {column} above the next", **figures, **means)


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
    numbers = X[~half].fillna(0).to_numpy(np.float64)
    levels = {one: np.unique(X[one][~half], return_inverse=True)[1] for one in LEVELS.get(name, ())}
    return Population(name, y[~half].to_numpy(), *told, numbers, levels)


def intervals(people: Population) -> Iterator[tuple[str, float, Drawn]]:
    """Each kind of interval: its name, how often it should hold the truth, and whether it does."""
    return ((kind, 0.95, partial(_covers, truth, measure)) for kind, truth, measure in kinds(people))


def said(people: Population) -> Iterator[tuple[str, float, Drawn]]:
    """Each kind of chance, as `intervals`: inner eight tenths."""
    y, first, second = people.y, people.first, people.second
    for name in COMPARED[people.name]:
        gain = metric(name).sign * (score(name, y, first) - score(name, y, second))
        yield f"chances, {name}", INNER, partial(_comes, gain, name)
    if people.name == "adult":
        yield f"chances over {FOLDS} folds, roc_auc", INNER, _FoldsCome(people)


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


def _held(people: Population, drawn: Drawn, n_rows: int, seed: int) -> bool:
    return drawn(people, np.random.default_rng(seed).choice(len(people.y), n_rows, replace=False))


def _covers(truth: float, measure: Measure, people: Population, rows: np.ndarray) -> bool:
    found = measure(people.y[rows], people.first[rows], people.second[rows])
    return found.low <= truth <= found.high


def _comes(truth: float, name: str, people: Population, rows: np.ndarray) -> bool:
    found = compare(name, people.y[rows], people.first[rows], people.second[rows])
    return _inner(chances(found, abs(truth)), truth)


def _inner(found: Chances | None, truth: float) -> bool:
    """Whether the chance that the difference lies above the truth, read off a region as wide as the truth, is usual."""
    assert found is not None
    above = found.better if truth > 0 else 1 - found.worse
    return 0.5 - INNER / 2 <= above <= 0.5 + INNER / 2


class _FoldsCome:
    """Two learners over the folds of few rows; the truth is their mean difference over many draws of as many rows."""

    def __init__(self, people: Population, draws: int = 300, n_rows: int = 320) -> None:
        found = []
        for seed in range(draws):
            order = np.random.default_rng(10_000 + seed).permutation(len(people.y))
            found.append(_apart(people, order[:n_rows], order[n_rows : n_rows + 5_000]))
        self.truth = float(np.mean(found))

    def __call__(self, people: Population, rows: np.ndarray) -> bool:
        parts = np.array_split(rows, FOLDS)
        found = np.array([_apart(people, np.setdiff1d(rows, part), part) for part in parts])
        n_test = len(rows) / FOLDS
        return _inner(folds_differ(found, len(rows) - n_test, n_test, abs(self.truth)), self.truth)


def _apart(people: Population, train: np.ndarray, judged: np.ndarray) -> float:
    """Area under the curve of linear discriminants less that of naive Bayes."""
    told = [
        score("roc_auc", people.y[judged], model.fit(people.X[train], people.y[train]).predict_proba(people.X[judged]))
        for model in (LinearDiscriminantAnalysis(), GaussianNB())
    ]
    return told[0] - told[1]


def _levels(people: Population, column: str, n_rows: int, seed: int) -> tuple[float, float]:
    """The chance that is said of the highest level against the next, and whether it is so."""
    rows = np.random.default_rng(seed).choice(len(people.y), n_rows, replace=False)
    level = people.levels[column]
    y, place = people.y[rows], level[rows]
    n, sums = np.bincount(place), np.bincount(place, weights=y)
    kept = np.flatnonzero(n >= FEWEST_OF_A_LEVEL)
    means = sums[kept] / n[kept]
    if people.name == "adult":
        found = shrunk_rates(sums[kept], n[kept])
    else:
        inside = np.isin(place, kept)
        within = float(((y - (sums / np.maximum(n, 1))[place])[inside] ** 2).sum() / max(inside.sum() - len(kept), 1))
        found = shrunk_means(means, n[kept].astype(float), within)
    first, second = np.argsort([-one.value for one in found.each])[:2]
    true = [people.y[level == kept[one]].mean() for one in (first, second)]
    return float(found.above[first, second]), float(true[0] > true[1])


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
