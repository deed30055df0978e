"""The bank: every candidate on every fold of every development set, with its predictions and what it cost.

`python bench/study/bank.py DATA BANK [--sets …] [--candidates …] [--features]` adds what is not there yet. A set that the
manifest marks `report_only` is refused. Seconds are those of the processor, of the fit's own thread, so that they hold on
a machine that does other things too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent))

from peers import split

from artificer.core.brief import Brief, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.errors import FitError
from artificer.core.run import Run
from artificer.core.stages import Candidate, Encoding, FoldFit, Trained, Trial
from artificer.core.store import Workspace
from artificer.core.tasks import run_all
from artificer.line.ask import ask
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.attempt import Trainer, at_iteration
from artificer.line.fit.course import Course, course, side_by_side
from artificer.line.refine.refit import BY_CHANCE, Refits

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
SEEDS = 3
TARGET = "target of the study"


def main() -> None:
    """Add what is not in the bank yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("bank", type=Path)
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--candidates", nargs="+", default=())
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--features", action="store_true", help="keep what 'lightgbm' reads, for second_level.py")
    asked = parser.parse_args()
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    for name in asked.sets:
        if known[name].get("report_only"):
            raise SystemExit(f"'{name}' is for the final table only: no study opens it")
        add(asked.data, known[name], asked.bank / name, asked.candidates, asked.workers, features=asked.features)


def add(
    data: Path, about: dict[str, Any], place: Path, only: tuple[str, ...], n_workers: int, *, features: bool = False
) -> None:
    """Train what the set's part of the bank lacks."""
    began = time.monotonic()
    cut = split.load(data, about, 0)
    run = started(cut, place, n_workers)
    asked, plan, encoding = ask(run), design(run), encode(run)
    track = course(run, asked, choose(run), plan, encoding)
    wanted = [
        one
        for one in encoding.candidates
        if (not only or one.name in only) and not (place / f"{one.name}.npz").exists()
    ]
    if not wanted:
        return
    trainer, costs = Trainer(run, track), dict[tuple[str, int], float]()
    for fold in range(plan.folds_tried):
        trainer.prepare(fold)

    def attempt(pair: tuple[Candidate, int]) -> FoldFit | str:
        watch = time.thread_time()
        try:
            fit = trainer.attempt(*pair, Clock())
        except (FitError, ValueError, ArithmeticError, MemoryError) as error:
            return f"{type(error).__name__}: {error}"
        again = fit.folder.rpartition("/")[2] in run.reused  # of a study that was cut off
        costs[pair[0].name, pair[1]] = fit.seconds if again else time.thread_time() - watch
        return fit

    pairs = [(one, fold) for one in wanted for fold in range(plan.folds_tried)]
    fits: dict[tuple[str, int], FoldFit] = {}
    for (one, fold), fit in run_all(attempt, pairs, n_workers):
        if isinstance(fit, str):
            print(f"{place.name} {one.name} failed: {fit}", flush=True)
        else:
            fits[one.name, fold] = fit
    wanted = [one for one in wanted if all((one.name, fold) in fits for fold in range(plan.folds_tried))]
    rows = np.concatenate([trainer.valid_rows(fold) for fold in range(plan.folds_tried)])
    joints = {
        one.name: trainer.joint(one, [fits[one.name, fold] for fold in range(plan.folds_tried)]) for one in wanted
    }
    trials = {
        one.name: Trial(
            one,
            tuple(fits[one.name, fold] for fold in range(plan.folds_tried)),
            n_iterations=joints[one.name].n_iterations,
        )
        for one in wanted
    }
    refits = Refits(run, track, Trained((), "", plan.folds_tried, False), Clock())
    widths, encode_s = dict(trainer.widths()), max(trainer.took.values())
    first = {one.name: trainer.predicted(fits[one.name, 0]) for one in wanted}
    trainer.made.clear()
    encoded = track.schema.encode(pl.from_pandas(cut.test.reset_index(drop=True)))
    test = refits.encodings.recipe.apply(encoded, tuple(block.name for block in encoding.blocks))
    if features:
        keep_features(place, cut, track, refits, encoding, test)
    y, y_test = track.y, labels(track, cut)
    np.savez(place / "rows.npz", rows=rows, y=y, y_test=y_test, of_row=track.of_row)
    told = {
        "task": asked.task,
        "n_classes": track.n_classes,
        "metric": plan.metric,
        "n_train": int(len(y) - (track.of_row == 0).sum()),
        "widths": widths,
        "encode_s": encode_s,
        "n_folds": plan.folds_tried,
        "positive": asked.positive,
        "how": track.how,
    }
    (place / "set.json").write_text(json.dumps(told, indent=1))

    def refit(pair: tuple[Candidate, int]) -> tuple[float, np.ndarray] | str:
        one, seed = pair
        watch = time.thread_time()
        try:
            fit = refits._refit((trials[one.name], seed))
        except (FitError, ValueError, ArithmeticError, MemoryError) as error:
            return f"{type(error).__name__}: {error}"
        again = fit.folder.rpartition("/")[2] in run.reused
        seconds = fit.seconds if again else time.thread_time() - watch
        return seconds, at_iteration(run.path(fit.folder), 0).predict(side_by_side(test, one.blocks))

    seeds = SEEDS if len(y) <= 6_000 else 1
    pairs = [(one, seed) for one in wanted for seed in range(seeds if one.learner in BY_CHANCE else 1)]
    done: dict[tuple[str, int], tuple[float, np.ndarray]] = {}
    for (one, seed), made in run_all(refit, pairs, n_workers):
        if isinstance(made, str):
            print(f"{place.name} {one.name} refit failed: {made}", flush=True)
        else:
            done[one.name, seed] = made
    for one in wanted:
        own = [done[one.name, seed] for seed in range(seeds) if (one.name, seed) in done]
        if not own:
            continue
        joint = joints[one.name]
        np.savez(
            place / f"{one.name}.npz",
            oof=joint.prediction.astype(np.float32),
            first=first[one.name].astype(np.float32),
            test=np.stack([prediction for _, prediction in own]).astype(np.float32),
        )
        about_it = {
            "learner": one.learner,
            "settings": one.settings,
            "blocks": one.blocks,
            "n_iterations": joint.n_iterations,
            "row_us": joint.row_us,
            "size_mb": joint.size_mb,
            "fold_s": [costs.get((one.name, fold), 0.0) for fold in range(plan.folds_tried)],
            "iterations": [fits[one.name, fold].n_iterations for fold in range(plan.folds_tried)],
            "refit_s": [seconds for seconds, _ in own],
        }
        (place / f"{one.name}.json").write_text(json.dumps(about_it, indent=1))
    print(f"{place.name}: {len(wanted)} candidates, {time.monotonic() - began:.0f} s", flush=True)


def keep_features(
    place: Path, cut: split.Cut, track: Course, refits: Refits, encoding: Encoding, test: dict[str, np.ndarray]
) -> None:
    """Write the features of training and test rows that the candidate 'lightgbm' reads."""
    blocks = next(one.blocks for one in encoding.candidates if one.name == "lightgbm")
    encoded = track.schema.encode(pl.from_pandas(cut.train.reset_index(drop=True)))
    train = refits.encodings.recipe.apply(encoded, blocks)
    np.savez(place / "features.npz", train=side_by_side(train, blocks), test=side_by_side(test, blocks))


def started(cut: split.Cut, place: Path, n_workers: int) -> Run:
    """A run over the training rows, as the estimators begin it, without a clock and with every candidate."""
    place.mkdir(parents=True, exist_ok=True)
    kind = "number" if cut.task == "regression" else "class"
    brief = Brief(target=Target(column=TARGET, kind=kind), run=RunPart(limit_s=60))
    return Run(
        brief,
        place,
        Workspace(place / "work", durable=False),
        frame=pl.from_pandas(cut.train.assign(**{TARGET: cut.y}).reset_index(drop=True)),
        n_workers=n_workers,
        effects=False,
        seal=False,
        judged=False,
        metric=METRICS[cut.task],
    )


def labels(track: Course, cut: split.Cut) -> np.ndarray:
    """Test labels as the course counts them."""
    if not track.asked.classes:
        return np.asarray(cut.y_test, np.float64)
    index = {name: place for place, name in enumerate(track.asked.classes)}
    return pd.Series(cut.y_test).map(index).to_numpy(np.float64)


if __name__ == "__main__":
    main()
