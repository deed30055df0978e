"""What it is worth to leave a group's rows out together wherever rows are told a target by others: whole fits, on new groups.

`python bench/study/groups.py DATA [--sets …] [--seeds 0 1] [--limit 40]` keeps a quarter of each set's groups for the test, and
fits with it and without, in turns. Without it folds are of whole groups too, but target means, scores of texts, the kernel
machine and discriminant analysis leave rows out one by one. Prints both test errors of each fit, and the mean over sets of the
logarithm of their ratio, with its standard error; below 0, it helps.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bank import METRICS
from peers import split

from artificer import Classifier, Regressor
from artificer.line.fit.course import Course

GROUPS = {
    "airbnb_nyc": "host_id",
    "bike_sharing": "dteday",
    "chicago_crimes": "Block",
    "diabetes_readmission": "patient_nbr",
    "medical_no_shows": "PatientId",
    "us_flights_2001": "origin",
}
TOGETHER = Course._group
Given = tuple[split.Cut, pd.Series]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1))
    parser.add_argument("--limit", type=float, default=40)
    parser.add_argument(
        "--kept", action="store_true", help="leave the group's name among the features, as many callers do"
    )
    asked = parser.parse_args()
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    ratios: list[float] = []
    for name in asked.sets:
        logs = []
        for seed in asked.seeds:
            given = cut(split.load(asked.data, known[name], seed), GROUPS[name], seed, kept=asked.kept)
            alone, whole = (error(given, way, asked.limit) for way in (lambda *_: None, TOGETHER))
            logs.append(np.log(whole / alone))
            print(f"{name}, seed {seed}: {alone:.5g} without, {whole:.5g} with", flush=True)
        ratios.append(float(np.mean(logs)))
    spread = np.std(ratios, ddof=1) / len(ratios) ** 0.5 if len(ratios) > 1 else np.nan
    each = ", ".join(f"{name} {ratio:+.4f}" for name, ratio in zip(asked.sets, ratios, strict=True))
    print(f"mean {np.mean(ratios):+.4f} ± {spread:.4f}: {each}")


def cut(drawn: split.Cut, column: str, seed: int, *, kept: bool) -> Given:
    """The same rows, cut by groups; and the group of each training row."""
    X, y = pd.concat([drawn.train, drawn.test]), pd.concat([drawn.y, drawn.y_test])
    group, names = pd.factorize(X[column].astype(str))
    test = (np.random.default_rng(seed).random(len(names)) < split.HELD_OUT)[group]
    X = X if kept else X.drop(columns=column)
    return split.Cut(drawn.task, X[~test], X[test], y[~test], y[test]), pd.Series(group[~test])


def error(given: Given, way: Any, limit_s: float) -> float:
    """Test error of a fit."""
    Course._group = way  # type: ignore[method-assign]
    rows, group = given
    kind = Regressor if rows.task == "regression" else Classifier
    model = kind(budget_s=limit_s, random_state=0, metric=METRICS[rows.task])
    model.fit(rows.train.reset_index(drop=True), rows.y.to_numpy(), groups=group.to_numpy())
    told = model.predict(rows.test) if rows.task == "regression" else model.predict_proba(rows.test)
    return rows.error(np.asarray(told), [str(one) for one in getattr(model, "classes_", ())])


if __name__ == "__main__":
    main()
