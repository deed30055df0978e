"""Weak slices that were planted: are they found, how fast, and how often is one found where there is none?

On each data set a LightGBM is trained on a half of the rows; in the other half the labels are turned inside a
conjunction of two conditions that holds on 4 to 6% of the rows, drawn anew for each repeat; numbers of these rows are
dealt among them anew, so that nothing tells them. A slice counts as found
when the first of what is told shares half of its rows with it (Jaccard ≥ 0.5); `any` counts when one of all told does.
Clean: the rows' losses are shuffled among them, so that no slice is weak.

The library `sliceline`, in a Python of its own, is given the same rows, binned in tenths, and the same losses; it tests
nothing, so its best slice counts, and it has no false alarms that could be counted.

    python bench/slices.py --data FOLDER --env sliceline=PYTHON [--repeats 3] [--first-seed 0] [NAME …]

The search was chosen on `NAMES` and `NUMBERS` with seeds below 100; `FRESH` and `FRESH_NUMBERS` with seeds from 100 on
are plants that chose nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
from record import record

from artificer.line.judge.conditions import told
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.weak_slices import candidates, foretold, least, row_losses, searched, weak_slices

HERE = Path(__file__).parent
NAMES = ("adult", "bank_marketing", "german_credit", "credit_default", "online_shoppers", "medical_no_shows")
NAMES = (*NAMES, "wine_quality", "mammography")
FRESH = ("chicago_crimes", "diabetes_readmission", "elec2", "noaa_weather", "us_flights_2001", "letter_recognition")
FRESH = (*FRESH, "weight_lifting", "titanic")
NUMBERS = ("ames_housing", "beijing_pm25", "bike_sharing", "medical_charges", "nyc_taxi_trips")
FRESH_NUMBERS = ("airbnb_nyc", "forest_fires", "metro_traffic")
MOST_ROWS, SHARE = 20_000, (0.04, 0.06)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--env", default="", help="sliceline=PYTHON")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    given = parser.parse_args()
    sets = {one["name"]: one for one in tomllib.loads((given.data / "manifest.toml").read_text())["dataset"]}
    python = given.env.partition("=")[2]
    for name in given.names:
        if sets[name].get("report_only"):
            raise SystemExit(f"{name} is for final tables only; leave it out")
        seeds = range(given.first_seed, given.first_seed + given.repeats)
        one_set(name, sets[name], given.data, python, seeds)


def one_set(name: str, about: dict[str, Any], folder: Path, python: str, seeds: range) -> None:
    """Measure one data set, and record what was found."""
    repeats = len(seeds)
    frame, target = pl.read_parquet(folder / about["files"][0]), about["target"]
    seen = of_numbers(frame, target, about["metric"]) if about["task"] == "regression" else of_classes(frame, target)
    hits, anywhere, theirs, alarms, took, took_theirs = [], [], [], [], [], []
    for seed in seeds:
        faulty, planted = plant(seen, seed)
        began = time.perf_counter()
        found = [one for one in weak_slices.look(faulty) if one.severity == "warning"]
        took.append(time.perf_counter() - began)
        shared = [overlap(rows, planted) for rows in told_rows(faulty, [one.where for one in found])]
        hits.append(bool(shared) and shared[0] >= 0.5)
        anywhere.append(any(one >= 0.5 for one in shared))
        alarms.append(any(one.severity == "warning" for one in weak_slices.look(shuffled(seen, seed))))
        if python:
            rows, seconds = by_library(faulty, python)
            theirs.append(overlap(rows, planted) >= 0.5)
            took_theirs.append(seconds)
    figures = {
        "rows": len(seen.rows),
        "columns": len(seen.rows.frame.columns),
        "first_seed": seeds[0],
        "found": f"{sum(hits)} of {repeats}",
        "any": f"{sum(anywhere)} of {repeats}",
        "false_alarms": f"{sum(alarms)} of {repeats}",
        "seconds": round(float(np.median(took)), 2),
    }
    if python:
        figures |= {
            "sliceline_found": f"{sum(theirs)} of {repeats}",
            "sliceline_s": round(float(np.median(took_theirs)), 2),
        }
    record("slices", name, **figures)


def of_numbers(frame: pl.DataFrame, target: str, metric: str) -> Examined:
    """A LightGBM of 100 trees, trained on a half of at most 20,000 rows, and the other half; logarithms where they count."""
    frame = frame.filter(pl.col(target).is_not_null())
    frame = frame.sample(min(MOST_ROWS, len(frame)), seed=0, shuffle=True)
    y, frame = frame[target].cast(pl.Float64).to_numpy(), frame.drop(target)
    X, half = np.stack([_codes(frame[one]) for one in frame.columns], axis=1), len(y) // 2
    way, back = (np.log1p, np.expm1) if metric == "rmsle" else (np.asarray, np.asarray)
    fitted = lightgbm.LGBMRegressor(n_estimators=100, learning_rate=0.05, verbose=-1, n_jobs=1, random_state=0)
    fitted.fit(X[:half], way(y[:half]))
    told = np.asarray(back(fitted.predict(X[half:])), np.float64)[:, None]
    return Examined("regression", metric, Rows(frame[half:], y[half:]), told)


def of_classes(frame: pl.DataFrame, target: str) -> Examined:
    """A LightGBM of 100 trees, trained on a half of at most 20,000 rows, and the other half."""
    frame = frame.filter(pl.col(target).is_not_null()).sample(min(MOST_ROWS, len(frame)), seed=0, shuffle=True)
    text = frame[target].cast(pl.String)
    common = text.value_counts().filter(pl.col("count") >= 50)[target]
    frame, text = frame.filter(text.is_in(common.implode())), text.filter(text.is_in(common.implode()))
    classes = tuple(sorted(text.unique()))
    y = np.array([classes.index(one) for one in text], np.float64)
    frame = frame.drop(target)
    X = np.stack([_codes(frame[one]) for one in frame.columns], axis=1)
    half = len(y) // 2
    fitted = lightgbm.LGBMClassifier(n_estimators=100, learning_rate=0.05, verbose=-1, n_jobs=1, random_state=0)
    fitted.fit(X[:half], y[:half])
    task = "binary" if len(classes) == 2 else "multiclass"
    p = np.asarray(fitted.predict_proba(X[half:]))
    return Examined(task, "log_loss", Rows(frame[half:], y[half:]), p, classes)


def _codes(values: pl.Series) -> np.ndarray:
    if values.dtype.is_numeric():
        return np.asarray(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
    if values.dtype.is_temporal():
        return np.asarray(values.cast(pl.Int64).cast(pl.Float64).fill_null(np.nan).to_numpy())
    return np.asarray(values.cast(pl.String).rank("dense").cast(pl.Float64).fill_null(np.nan).to_numpy())


def plant(seen: Examined, seed: int) -> tuple[Examined, np.ndarray]:
    """Move each label to the next class in a slice of two drawn conditions, or deal its numbers anew; also where."""
    rng = np.random.default_rng(seed)
    frame = seen.rows.frame
    while True:
        inside = np.ones(len(frame), bool)
        for column in rng.choice(frame.columns, 2, replace=False):
            inside &= _drawn(frame[str(column)], rng)
        if SHARE[0] <= inside.mean() <= SHARE[1]:
            break
    y = seen.rows.y.copy()
    y[inside] = (y[inside] + 1) % len(seen.classes) if seen.classes else rng.permutation(y[inside])
    return Examined(seen.task, seen.metric, Rows(frame, y), seen.prediction, seen.classes), inside


def _drawn(values: pl.Series, rng: np.random.Generator) -> np.ndarray:
    """A range between two drawn quantiles of a number, or a drawn level."""
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        numbers = _codes(values)
        low, high = np.nanquantile(numbers, np.sort(rng.random(2)))
        return np.asarray((numbers >= low) & (numbers <= high))
    text = values.cast(pl.String).fill_null("")
    return np.asarray((text == rng.choice(text.unique().sort().to_list())).to_numpy())


def shuffled(seen: Examined, seed: int) -> Examined:
    """Labels and predictions of the rows, given to other rows together."""
    order = np.random.default_rng(seed).permutation(len(seen.rows))
    rows = Rows(seen.rows.frame, seen.rows.y[order])
    return Examined(seen.task, seen.metric, rows, seen.prediction[order], seen.classes)


def told_rows(seen: Examined, wheres: list[str]) -> list[np.ndarray]:
    """Rows of the slices that were told, in their order."""
    losses = row_losses(seen)[1]
    found = candidates(seen, searched(seen), losses, losses - foretold(seen, seen.metric, losses), least(len(losses)))
    by_name = {told(one.parts): one.rows for one in found}
    return [by_name[one] for one in wheres]


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Jaccard's: shared rows over those of either."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def by_library(seen: Examined, python: str) -> tuple[np.ndarray, float]:
    """The best slice of `sliceline` and the seconds of its fit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        frame = seen.rows.frame
        X = np.stack([_tenths(frame[one]) for one in frame.columns], axis=1)
        np.savez(path / "in.npz", X=X, losses=row_losses(seen)[1])
        subprocess.run([python, HERE / "peers" / "systems" / "slicefinder.py", folder], check=True, capture_output=True)
        with np.load(path / "out.npz") as out:
            return out["rows"], float(out["seconds"])


def _tenths(values: pl.Series) -> np.ndarray:
    codes = _codes(values)
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        cuts = np.unique(np.nanquantile(codes, np.linspace(0.1, 0.9, 9)))
        codes = np.where(np.isnan(codes), len(cuts) + 1, np.searchsorted(cuts, codes))
    return np.asarray(np.nan_to_num(codes, nan=0.0) + 1, np.int64)


if __name__ == "__main__":
    main()
