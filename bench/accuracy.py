"""Test error, size and speed on many data sets, beside what peers reached on the same split.

Run it with the folder of the data, a file of the peers' scores (JSON lines: name, system, budget, seed, error), and a budget:
`python bench/accuracy.py DATA PEERS --budget 60 [--only NAME ...]`. The split, and what is done to the columns before it:
rows without a target are dropped, more than 100,000 rows are sampled with seed 0, classes of fewer than 10 rows are
dropped, a quarter is held out with scikit-learn's `train_test_split` at seed 0, stratified by class. Error is 1 − ROC AUC
with two classes, log loss with more, RMSE with numbers (of their logarithm where the set's metric is `rmsle`).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from record import record
from scipy import stats
from sklearn.model_selection import train_test_split

from artificer import Classifier, Regressor
from artificer.core.tasks import n_cores
from artificer.measure.metrics import score

MOST_ROWS, FEWEST_OF_A_CLASS, HELD_OUT, ONE_ROWS = 100_000, 10, 0.25, 30


def main() -> None:
    """Fit each set, record it, then compare with the peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("peers", type=Path)
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--label", default="accuracy", help="the name under which figures are recorded")
    asked = parser.parse_args()
    peers = [json.loads(line) for line in asked.peers.read_text().splitlines()]
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    names = asked.only or sorted({one["name"] for one in peers if one["system"] == "lgbm"})
    ours = {name: measured(asked, known[name]) for name in names}
    for system, budget in sorted({(one["system"], one["budget"]) for one in peers}):
        theirs = {
            one["name"]: one
            for one in peers
            if (one["system"], one["budget"], one["seed"]) == (system, budget, 0) and one.get("error")
        }
        compared(f"{asked.label} {asked.budget:g} s against {system} {budget:g} s", ours, theirs)


def measured(asked: argparse.Namespace, known: dict[str, Any]) -> dict[str, float]:
    """Fit one set and measure its model on the held-out rows."""
    X, X_test, y, y_test = split(asked.data, known)
    began = time.perf_counter()
    if known["task"] == "regression":
        model: Any = Regressor(budget_s=asked.budget, n_jobs=-1).fit(X, y)
        fit_s, error = time.perf_counter() - began, score("rmse", y_test.to_numpy(), model.predict(X_test))
    else:
        metric = "roc_auc" if known["task"] == "binary" else "log_loss"
        model = Classifier(budget_s=asked.budget, n_jobs=-1, metric=metric).fit(X, y)
        fit_s = time.perf_counter() - began
        found = score(metric, np.searchsorted(model.classes_, y_test), model.predict_proba(X_test))
        error = 1 - found if metric == "roc_auc" else found
    figures = {"error": float(f"{error:.6g}"), "fit_s": round(fit_s, 1), **speed(model, X_test)}
    record(asked.label, f"{known['name']} {asked.budget:g} s", **figures)
    return figures


def split(data: Path, known: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Training and held-out rows."""
    frame = pd.read_parquet(data / known["files"][0])
    frame = frame[frame[known["target"]].notna()]
    if len(frame) > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    X, y = frame.drop(columns=known["target"]), frame[known["target"]]
    X = X.assign(**{name: X[name].astype(str) for name in X if X[name].dtype == bool})
    if known["task"] == "regression":
        y = y.astype(float)
        y = np.log1p(y) if known["metric"] == "rmsle" else y
        return tuple(train_test_split(X, y, test_size=HELD_OUT, random_state=0))
    y = y.astype(str)
    common = y.map(y.value_counts()) >= FEWEST_OF_A_CLASS
    X, y = X[common], y[common]
    return tuple(train_test_split(X, y, test_size=HELD_OUT, random_state=0, stratify=y))


def speed(model: Any, rows: pd.DataFrame) -> dict[str, float]:
    """Rows a second in a batch, milliseconds of one row given as a dict, and MB of the package."""
    predictor = model.predictor_
    began = time.perf_counter()
    predictor.predict(rows)
    rows_per_s = len(rows) / (time.perf_counter() - began)
    one = rows.iloc[0].to_dict()
    predictor.predict(one)
    took = []
    for _ in range(ONE_ROWS):
        began = time.perf_counter()
        predictor.predict(one)
        took.append(time.perf_counter() - began)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "package")
        size = sum(file.stat().st_size for file in (Path(folder) / "package").rglob("*") if file.is_file())
    return {
        "rows_per_s": round(rows_per_s),
        "one_row_ms": round(1e3 * statistics.median(took), 3),
        "size_mb": round(size / 1e6, 2),
    }


def compared(name: str, ours: dict[str, dict[str, float]], theirs: dict[str, dict[str, Any]]) -> None:
    """Record the mean over sets of log(our error / their error), with a 95% interval of Student's t, and the wins."""
    both = [one for one in ours if one in theirs]
    if len(both) < 2:
        return
    ratios = np.array([math.log(max(ours[one]["error"], 1e-6) / max(theirs[one]["error"], 1e-6)) for one in both])
    half = stats.t.ppf(0.975, len(ratios) - 1) * ratios.std(ddof=1) / math.sqrt(len(ratios))
    record(
        "accuracy compared",
        name,
        sets=len(ratios),
        mean_log_ratio=round(float(ratios.mean()), 4),
        low=round(float(ratios.mean() - half), 4),
        high=round(float(ratios.mean() + half), 4),
        median=round(float(np.median(ratios)), 4),
        wins=int((ratios < 0).sum()),
        cores=n_cores(),
    )


if __name__ == "__main__":
    main()
