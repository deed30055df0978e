"""What should ship of members on small sets: refits on all rows with one seed or more, or a bag of fits without a fold each.

`python bench/study/bags.py DATA PLACE [--sets …] [--splits 5]` trains `CANDIDATES` on every fold of each split, chooses the
blend as the product does, and prints the mean over sets of the logarithm of the test error against two seeds' (what ships
where rows are few), with its standard error over sets. What was trained is kept under PLACE.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from bank import labels, started
from peers import split

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.core.stages import FoldFit
from artificer.core.tasks import run_all
from artificer.line.ask import ask
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.attempt import Trainer
from artificer.line.fit.course import Course, Encodings, course, side_by_side
from artificer.line.fit.learners import load
from artificer.line.fit.settings import learned, settled
from artificer.line.refine.blend import Measured, best_single, cross_fitted, gain_of_blending, greedy, mixed
from artificer.line.refine.refit import BY_CHANCE, NEXT_SEED
from artificer.measure.metrics import score

SETS = (
    "german_credit",
    "titanic",
    "medical_charges",
    "forest_fires",
    "oil_spill",
    "tech_mental_health",
    "wine_quality",
)
SEEDS = (1, 2, 4, 8)
# What blends of small sets are made of, most of the time.
CANDIDATES = ("lightgbm", "linear", "catboost", "lightgbm_extra_trees", "extra_trees", "lightgbm_log")
WORKERS = 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("place", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--splits", type=int, default=5)
    asked = parser.parse_args()
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(asked.splits):
        for name in asked.sets:
            if known[name].get("report_only"):
                raise SystemExit(f"'{name}' is for the final table only: no study opens it")
            place = asked.place / f"{name}-{number}"
            errors = place / "errors.json"
            if not errors.exists():
                made = of_split(split.load(asked.data, known[name], number), place)
                errors.write_text(json.dumps(made))
            found.setdefault(name, []).append(json.loads(errors.read_text()))
            print(name, number, {arm: round(error, 5) for arm, error in found[name][-1].items()}, flush=True)
    print(*told(found), sep="\n")


def told(found: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """A line for each arm."""
    for arm in next(iter(found.values()))[0]:
        by_set = [np.mean([np.log(one[arm] / one["2 seeds"]) for one in splits]) for splits in found.values()]
        spread = np.std(by_set, ddof=1) / len(by_set) ** 0.5
        each = " ".join(f"{name} {mean:+.4f}" for name, mean in zip(found, by_set, strict=True))
        yield f"{arm:24s} {np.mean(by_set):+.4f} ± {spread:.4f}   {each}"


def of_split(cut: split.Cut, place: Path) -> dict[str, float]:
    """Test error of each arm."""
    run = started(cut, place, WORKERS)
    asked, plan, encoding = ask(run), design(run), encode(run)
    track = course(run, asked, choose(run), plan, encoding)
    trainer = Trainer(run, track)
    folds = range(plan.folds_tried)
    for fold in folds:
        trainer.prepare(fold)

    of = {one.name: one for one in encoding.candidates if one.name in CANDIDATES}

    def attempt(pair: tuple[str, int]) -> FoldFit:
        return trainer.attempt(of[pair[0]], pair[1], Clock())

    fits = dict(run_all(attempt, [(name, fold) for name in of for fold in folds], WORKERS))
    joints = {name: trainer.joint(one, [fits[name, fold] for fold in folds]) for name, one in of.items()}
    rows = np.concatenate([trainer.valid_rows(fold) for fold in folds])
    usable = {name: oriented(track.rows.y[rows], joint.prediction, asked.positive)[1] for name, joint in joints.items()}
    y = oriented(track.rows.y[rows], next(iter(joints.values())).prediction, asked.positive)[0]
    if plan.transform == "log1p":
        usable = {name: np.expm1(values) for name, values in usable.items()}
    measured = Measured(rows, y, plan.metric, asked.task)
    gain = gain_of_blending(measured, *cross_fitted(measured, usable, plan.max_members))
    weights = greedy(measured, usable, plan.max_members) if gain.high > 0 else {best_single(measured, usable): 1.0}

    made = track.encodings(None)
    test_rows = made.recipe.apply(
        track.schema.encode(pl.from_pandas(cut.test.reset_index(drop=True))),
        tuple(block.name for block in encoding.blocks),
    )
    wanted = [
        (name, kind, number)
        for name in weights
        for kind, most in (("seed", max(SEEDS) if of[name].learner in BY_CHANCE else 1), ("lacks", plan.folds_tried))
        for number in range(most)
    ]

    def final(one: tuple[str, str, int]) -> np.ndarray:
        name, kind, number = one
        given = track.fold(of[name], made)
        given = replace(given, seed=given.seed + number * NEXT_SEED, served=None)
        given = lacking(given, track, made, number) if kind == "lacks" else given
        settings = learned(of[name].settings) | settled(joints[name].n_iterations, {})
        predicted = (
            load(of[name].learner)
            .fit(given, settings, Clock())
            .member.predict(side_by_side(test_rows, of[name].blocks))
        )
        return np.expm1(predicted) if plan.transform == "log1p" else predicted

    tests = dict(run_all(final, wanted, WORKERS))

    def error(of_member: dict[str, np.ndarray]) -> float:
        found = score(plan.metric, labels(track, cut), mixed(of_member, weights))
        return 1 - found if plan.metric == "roc_auc" else found

    def mean(name: str, kind: str, most: int) -> np.ndarray:
        return np.mean([tests[one] for one in wanted if one[:2] == (name, kind) and one[2] < most], axis=0)

    errors = {
        f"{most} seed{'s' * (most > 1)}": error({name: mean(name, "seed", most) for name in weights}) for most in SEEDS
    }
    errors["bag"] = error({name: mean(name, "lacks", plan.folds_tried) for name in weights})
    errors["bag and 2 seeds"] = error(
        {name: (mean(name, "lacks", plan.folds_tried) + mean(name, "seed", 2)) / 2 for name in weights}
    )
    return errors


def lacking(given: Fold, track: Course, made: Encodings, fold: int) -> Fold:
    """The same without a fold's rows."""
    kept = track.of_row[made.train_rows] != fold
    own: Any = given.weight[kept] if given.weight is not None else None
    return replace(given, X=given.X[kept], y=given.y[kept], weight=own)


if __name__ == "__main__":
    main()
