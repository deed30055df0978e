"""What is made of errors, with and without: the same fits and blend, test errors compared.

`python bench/study/mending.py DATA WORK NAME …` trains LightGBM, the linear model and CatBoost on at most 24,000 rows of each
set, compared on 5,000 of them so that a learning curve can act, and writes one line a set: what was seen, the blend,
and the logarithm of the test error with `artificer.line.fit.mending` over that without. Fits that both have are trained
once. A set that the manifest marks `report_only` is refused.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))

from peers import split

import artificer_runtime
from artificer.core.brief import Brief, RunPart, Target
from artificer.core.run import Run
from artificer.core.stages import Model, Trained
from artificer.core.store import Workspace
from artificer.line import design
from artificer.line.design.portfolio import MENDING
from artificer.line.fit import fit
from artificer.line.refine import refine

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
TARGET = "target of the study"
MOST_ROWS, BATCH = 24_000, 20_000
LEARNERS = ("lightgbm", "linear", "catboost")
BESIDE = ("lightgbm_extra_trees", "lightgbm_fine", "lightgbm_shallow", "catboost_engineered")
SAID = ("labels in doubt", "more rows", "so far errs")


def main() -> None:
    """Write a line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("names", nargs="+")
    asked = parser.parse_args()
    design.MANY_ROWS, design.SEARCH_ROWS = 9_000, 5_000
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    for name in asked.names:
        if known[name].get("report_only"):
            raise SystemExit(f"'{name}' is for the final table only: no study opens it")
        found = compared(split.load(asked.data, known[name], 0), asked.work / name)
        print(json.dumps({"name": name, **found}), flush=True)


def compared(cut: split.Cut, place: Path) -> dict[str, Any]:
    """One set: test errors with and without, and what was seen."""
    place.mkdir(parents=True, exist_ok=True)
    errors, told, weights = [], [], {}
    for left_out in ((), MENDING):
        trained, model, run = _trained(cut, place, left_out)
        errors.append(_error(cut, run.path(model.folder)))
        if not left_out:
            told = [one.because for one in trained.decisions if any(part in one.question for part in SAID)]
            weights = model.weights
    return {"log_ratio": math.log(errors[0] / errors[1]), "errors": errors, "weights": weights, "told": told}


def _trained(cut: split.Cut, place: Path, left_out: tuple[str, ...]) -> tuple[Trained, Model, Run]:
    kept = np.sort(np.random.default_rng(0).permutation(len(cut.train))[:MOST_ROWS])
    frame = pl.from_pandas(cut.train.assign(**{TARGET: cut.y}).iloc[kept].reset_index(drop=True))
    kind = "number" if cut.task == "regression" else "class"
    part = RunPart(limit_s=170, learners=LEARNERS, exclude=(*BESIDE, *left_out))
    brief = Brief(target=Target(column=TARGET, kind=kind), run=part)
    space = Workspace(place / "work", durable=False)
    how: dict[str, Any] = {"effects": False, "seal": False, "judged": False, "metric": METRICS[cut.task]}
    run = Run(brief, place, space, frame=frame, n_workers=2, **how)
    return fit(run), refine(run), run


def _error(cut: split.Cut, package: Path) -> float:
    model, test = artificer_runtime.load(package), pl.from_pandas(cut.test.reset_index(drop=True))
    predict = model.predict if cut.task == "regression" else model.predict_proba
    told = np.concatenate([predict(test[start : start + BATCH]) for start in range(0, len(test), BATCH)])
    return cut.error(told, list(model.contents.classes))


if __name__ == "__main__":
    main()
