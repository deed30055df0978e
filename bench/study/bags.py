"""What should ship of members on small sets: refits on all rows with one seed or more, or a bag of fits without a fold each.

`python bench/study/bags.py DATA PLACE [--sets …] [--splits 5]` trains `CANDIDATES` on every fold of each split, chooses the
blend as the product does, and prints the mean over sets of the logarithm of the test error against two seeds' (what ships
where rows are few), with its standard error over sets. What was trained is kept under PLACE.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from bank import labels, started
from peers import split

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.core.stages import Encoding, FoldFit, Plan
from artificer.core.tasks import run_all
from artificer.line.ask import ask
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.attempt import Joint, Trainer
from artificer.line.fit.course import Blocks, Course, Encodings, course, side_by_side
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
    study(__doc__, of_split, "2 seeds")


def study(says: str | None, of_split: Callable[[split.Cut, Path], dict[str, float]], against: str) -> None:
    """Ask for sets and splits, find each arm's test error on each, or read what was kept, and print the table.

    Parameters
    ----------
    against : str
        The arm that the others stand beside.
    """
    parser = argparse.ArgumentParser(description=says, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    print(*told(found, against), sep="\n")


def told(found: dict[str, list[dict[str, float]]], against: str) -> Iterator[str]:
    """A line for each arm."""
    for arm in next(iter(found.values()))[0]:
        by_set = [np.mean([np.log(one[arm] / one[against]) for one in splits]) for splits in found.values()]
        spread = np.std(by_set, ddof=1) / len(by_set) ** 0.5
        each = " ".join(f"{name} {mean:+.4f}" for name, mean in zip(found, by_set, strict=True))
        yield f"{arm:24s} {np.mean(by_set):+.4f} ± {spread:.4f}   {each}"


@dataclass(frozen=True)
class OutOfFold:
    """What the folds of a split gave.

    Attributes
    ----------
    usable : by candidate
        Its out-of-fold predictions of `measured.rows`, in the target's units.
    joints : by candidate
        Its joint iteration, and its predictions in the units it was trained in.
    """

    track: Course
    plan: Plan
    encoding: Encoding
    joints: dict[str, Joint]
    measured: Measured
    usable: dict[str, np.ndarray]

    def weights(self) -> dict[str, float]:
        """The blend, as the product chooses it."""
        return chosen(self.measured, self.usable, self.plan.max_members)


def out_of_fold(cut: split.Cut, place: Path) -> OutOfFold:
    """Train `CANDIDATES` on every fold."""
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
    return OutOfFold(track, plan, encoding, joints, Measured(rows, y, plan.metric, asked.task), usable)


def chosen(measured: Measured, usable: dict[str, np.ndarray], most: int) -> dict[str, float]:
    """The blend's weights, or the best candidate alone where blending is not shown to gain."""
    gain = gain_of_blending(measured, *cross_fitted(measured, usable, most))
    return greedy(measured, usable, most) if gain.high > 0 else {best_single(measured, usable): 1.0}


@dataclass(frozen=True)
class Refitted:
    """Fits on all training rows, and what they predict of a split's test rows."""

    given: OutOfFold
    cut: split.Cut
    made: Encodings
    rows: Blocks

    def predicted(self, name: str, seed: int, n_iterations: int, without: int | None = None) -> np.ndarray:
        """What a candidate predicts of the test rows: of a seed, after so many iterations, trained without a fold or on all."""
        track = self.given.track
        one = next(one for one in self.given.encoding.candidates if one.name == name)
        fold = track.fold(one, self.made)
        fold = replace(fold, seed=fold.seed + seed * NEXT_SEED, served=None)
        fold = fold if without is None else lacking(fold, track, self.made, without)
        member = load(one.learner).fit(fold, learned(one.settings) | settled(n_iterations, {}), Clock()).member
        found = member.predict(side_by_side(self.rows, one.blocks))
        return np.expm1(found) if self.given.plan.transform == "log1p" else found

    def error(self, of_member: dict[str, np.ndarray], weights: dict[str, float]) -> float:
        """Test error of a blend."""
        found = score(self.given.plan.metric, labels(self.given.track, self.cut), mixed(of_member, weights))
        return 1 - found if self.given.plan.metric == "roc_auc" else found


def refitted(given: OutOfFold, cut: split.Cut) -> Refitted:
    """Fit the representation on all training rows, and apply it to the test rows."""
    made = given.track.encodings(None)
    frame = pl.from_pandas(cut.test.reset_index(drop=True))
    rows = made.recipe.apply(given.track.schema.encode(frame), tuple(block.name for block in given.encoding.blocks))
    return Refitted(given, cut, made, rows)


def of_split(cut: split.Cut, place: Path) -> dict[str, float]:
    """Test error of each arm."""
    given = out_of_fold(cut, place)
    weights, final = given.weights(), refitted(given, cut)
    learner = {one.name: one.learner for one in given.encoding.candidates}
    n_folds = given.plan.folds_tried
    wanted = [
        (name, kind, number)
        for name in weights
        for kind, most in (("seed", max(SEEDS) if learner[name] in BY_CHANCE else 1), ("lacks", n_folds))
        for number in range(most)
    ]

    def fit(one: tuple[str, str, int]) -> np.ndarray:
        name, kind, number = one
        n_iterations = given.joints[name].n_iterations
        if kind == "seed":
            return final.predicted(name, number, n_iterations)
        return final.predicted(name, 0, n_iterations, without=number)

    tests = dict(run_all(fit, wanted, WORKERS))

    def mean(name: str, kind: str, most: int) -> np.ndarray:
        return np.mean([tests[one] for one in wanted if one[:2] == (name, kind) and one[2] < most], axis=0)

    def error(*kinds: tuple[str, int]) -> float:
        return final.error({name: np.mean([mean(name, *kind) for kind in kinds], axis=0) for name in weights}, weights)

    errors = {f"{most} seed{'s' * (most > 1)}": error(("seed", most)) for most in SEEDS}
    errors["bag"] = error(("lacks", n_folds))
    errors["bag and 2 seeds"] = error(("lacks", n_folds), ("seed", 2))
    return errors


def lacking(given: Fold, track: Course, made: Encodings, fold: int) -> Fold:
    """The same without a fold's rows."""
    kept = track.of_row[made.train_rows] != fold
    own: Any = given.weight[kept] if given.weight is not None else None
    return replace(given, X=given.X[kept], y=given.y[kept], weight=own)


if __name__ == "__main__":
    main()
