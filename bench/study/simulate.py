"""The product's scheduler, ensemble and refit code over the bank, on a clock that the bank's costs move.

`python bench/study/simulate.py BANK [--limit 60] [--order NAME …]` prints each set's test error beside LightGBM's with early
stopping, and the mean over sets of the logarithm of their ratio with its standard error.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from artificer.core.clock import Clock
from artificer.core.stages import Candidate, FoldFit
from artificer.core.tasks import side_by_side_s
from artificer.line.ask.rows import oriented
from artificer.line.design.portfolio import MANY_CLASSES, MANY_CLASSES_ORDER, ORDER
from artificer.line.fit.attempt import Joint
from artificer.line.fit.lineup import Lineup
from artificer.line.fit.losses import row_losses
from artificer.line.fit.race import Race
from artificer.line.refine.blend import Measured, best_single, cross_fitted, gain_of_blending, greedy, mixed
from artificer.measure.metrics import score

WORKERS = 2
SYSTEMS = ("lightgbm", "autogluon_best")
# Seconds of a fit that are no fit's: imports, reading, auditing, writing.
BESIDE_S = 3.0
# A fit beside another one takes so many times its processor's seconds.
WALL = 1.15


@dataclass(frozen=True)
class Known:
    """One set of the bank."""

    folder: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        """The set's facts."""
        found: dict[str, Any] = json.loads((self.folder / "set.json").read_text())
        return found

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """Rows in the order of predictions, labels of training and test rows."""
        with np.load(self.folder / "rows.npz") as stored:
            return dict(stored)

    @cached_property
    def candidates(self) -> dict[str, dict[str, Any]]:
        """What is known of each candidate."""
        files = [path for path in sorted(self.folder.glob("*.json")) if path.name != "set.json"]
        return {path.stem: json.loads(path.read_text()) for path in files}

    @cached_property
    def arrays(self) -> dict[str, dict[str, np.ndarray]]:
        """Predictions of each candidate."""
        found = {}
        for name in self.candidates:
            with np.load(self.folder / f"{name}.npz") as stored:
                found[name] = {part: stored[part].astype(np.float64) for part in stored}
        return found

    def candidate(self, name: str) -> Candidate:
        """The candidate as the bank trained it."""
        one = self.candidates[name]
        return Candidate(name, one["learner"], one["settings"], tuple(one["blocks"]))

    def error(self, prediction: np.ndarray) -> float:
        """Test error: 1 − ROC AUC (the last class is the success), log loss, or RMSE."""
        metric = self.about["metric"]
        found = score(metric, self.rows["y_test"], prediction)
        return 1 - found if metric == "roc_auc" else found


@dataclass
class Time:
    """Simulated seconds since the start."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class BankFits:
    """Fits that the bank remembers."""

    known: Known
    time: Time
    starts: np.ndarray = field(init=False)
    made: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        of_row = self.known.rows["of_row"]
        sizes = [int((of_row == fold).sum()) for fold in range(self.known.about["n_folds"])]
        self.starts = np.cumsum([0, *sizes])

    def prepare(self, fold: int) -> float:
        seconds = float(self.known.about["encode_s"])
        self.time.seconds += 0.0 if fold in self.made else seconds
        self.made.add(fold)
        return seconds

    def expect(self, candidates: Sequence[Candidate]) -> None:
        pass

    def widths(self) -> dict[str, int]:
        return dict(self.known.about["widths"])

    def missing(self, candidate: Candidate, n_folds: int) -> int:
        return n_folds

    def attempt(self, candidate: Candidate, fold: int, clock: Clock) -> FoldFit:
        self.prepare(fold)
        one = self.known.candidates[candidate.name]
        seconds = WALL * one["fold_s"][fold] / float(candidate.settings.get("faster", 1.0))
        return FoldFit(candidate.name, fold, "", one["iterations"][fold], seconds, False, 0.0)

    def valid_rows(self, fold: int) -> np.ndarray:
        return np.asarray(self.known.rows["rows"][self.starts[fold] : self.starts[fold + 1]])

    def predicted(self, fit: FoldFit) -> np.ndarray:
        arrays = self.known.arrays[fit.candidate]
        return arrays["first"] if fit.fold == 0 else arrays["oof"][self.starts[fit.fold] : self.starts[fit.fold + 1]]

    def joint(self, candidate: Candidate, fits: Sequence[FoldFit]) -> Joint:
        one = self.known.candidates[candidate.name]
        oof = self.known.arrays[candidate.name]["oof"][: self.starts[len(fits)]]
        return Joint(one["n_iterations"], oof, one["row_us"], one["size_mb"])


@dataclass(frozen=True)
class Ended:
    """How a simulated fit ended."""

    error: float
    single_error: float
    seconds: float
    weights: dict[str, float]
    finished: tuple[str, ...]


def simulate(known: Known, order: Sequence[str], limit_s: float, *, n_seeds: int = 1, n_variants: int = 0) -> Ended:
    """Fit a set in simulated time."""
    time = Time(BESIDE_S)
    about = known.about
    y, rows = known.rows["y"], known.rows["rows"]
    candidates = tuple(known.candidate(name) for name in order if name in known.candidates)
    lineup = Lineup(
        candidates=candidates,
        n_variants=n_variants,
        n_folds=about["n_folds"],
        n_rows=len(y),
        n_train=about["n_train"],
        n_classes=about["n_classes"] if about["n_classes"] > 2 else 1,
        losses=lambda rows, prediction: row_losses(about["task"], y[rows], prediction),
        n_workers=WORKERS,
    )
    race = Race(BankFits(known, time), lineup, Clock(0.97 * limit_s, None, time), crew(time), lambda text: None)
    race.run()
    rows = race.rows
    target, turned = y[rows], {name: joint.prediction for name, joint in race.finished.items()}
    usable = {name: oriented(target, one, about["positive"])[1] for name, one in turned.items()}
    target = oriented(target, next(iter(turned.values())), about["positive"])[0]
    measured = Measured(rows, target, about["metric"], about["task"])
    single = best_single(measured, usable)
    weights = {single: 1.0}
    if len(usable) > 1:
        gain = gain_of_blending(measured, *cross_fitted(measured, usable, 6))
        weights = greedy(measured, usable, 6) if gain.high > 0 else weights
    costs = [known.candidates[name]["refit_s"][0] * WALL for name in weights]
    time.seconds += about["encode_s"] + side_by_side_s(costs, WORKERS)
    tests = {name: known.arrays[name]["test"][:n_seeds].mean(axis=0) for name in {*weights, single}}
    return Ended(
        known.error(mixed(tests, weights)), known.error(tests[single]), time.seconds, weights, tuple(race.finished)
    )


def crew(time: Time) -> Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[tuple[Any, Any]]]:
    """Workers of simulated time: each takes the next item when it is free."""

    def work_all(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        free = [time.seconds] * WORKERS
        ends: list[tuple[float, int, Any, Any]] = []
        for number, item in enumerate(items):
            began = heapq.heappop(free)
            result = work(item)
            end = began + (result.seconds if isinstance(result, FoldFit) else 0.0)
            heapq.heappush(free, end)
            ends.append((end, number, item, result))
        for end, _, item, result in sorted(ends, key=lambda one: one[:2]):
            time.seconds = max(time.seconds, end)
            yield item, result

    return work_all


def reference(peers: Path) -> dict[str, dict[str, float]]:
    """Errors of LightGBM and of AutoGluon's best preset at 60 s, by set."""
    found: dict[str, dict[str, float]] = {}
    for line in map(json.loads, peers.read_text().splitlines()):
        if line["budget"] == 60 and line["seed"] == 0 and line.get("error") and line["system"] in SYSTEMS:
            found.setdefault(line["name"], {})[line["system"]] = line["error"]
    return found


def main() -> None:
    """Simulate every set of the bank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bank", type=Path)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--order", nargs="+", default=())
    asked = parser.parse_args()
    peers = reference(Path(__file__).parent.parent / "peers.jsonl")
    ratios: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    for folder in sorted(path.parent for path in asked.bank.glob("*/set.json")):
        known = Known(folder)
        if not known.candidates:
            continue
        names = list(asked.order or known.candidates)
        main_names = [name for name in names if name in (*ORDER, *MANY_CLASSES_ORDER)]
        more = [name for name in names if name not in main_names] if asked.variants else []
        order = MANY_CLASSES_ORDER if known.about["n_classes"] > MANY_CLASSES else ORDER
        main_names.sort(key=order.index)
        ended = simulate(known, [*main_names, *more], asked.limit, n_seeds=asked.seeds, n_variants=len(more))
        text = f"{folder.name:22s} {ended.error:.5g} single {ended.single_error:.5g} {ended.seconds:5.1f} s"
        for system, theirs in peers.get(folder.name, {}).items():
            ratios[system].append(math.log(ended.error / theirs))
            text += f" {system} {ratios[system][-1]:+.4f}"
        weights = " ".join(f"{name}:{weight:.2f}" for name, weight in ended.weights.items())
        print(text, weights)
    for system, values in ratios.items():
        if len(values) > 1:
            error = np.std(values, ddof=1) / math.sqrt(len(values))
            print(
                f"{system}: mean {np.mean(values):+.4f} ± {error:.4f}, median {np.median(values):+.4f}, "
                f"wins {sum(one < 0 for one in values)} of {len(values)}"
            )


if __name__ == "__main__":
    main()
