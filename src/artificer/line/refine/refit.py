"""Refit chosen candidates on all training rows, at the iteration that the race found, and write the model's folder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from artificer.core.clock import Clock, Stopwatch
from artificer.core.run import Run, versions
from artificer.core.stages import Candidate, FoldFit, Outputs, Part, Trained, Trial, shares
from artificer.core.store import digest
from artificer.core.tasks import run_all, side_by_side_s
from artificer.line.fit.attempt import COPIES, FAILURES, FIRST_RECIPE, affordable_workers, mean_curve, parity
from artificer.line.fit.course import SHARE, Course, Encodings
from artificer.line.fit.learners import load
from artificer.line.fit.race import LINEAR
from artificer.line.fit.saved import at_iteration, save_member
from artificer.line.fit.settings import hurry, learned, replayed, settled, settled_on
from artificer.line.fit.written import contents
from artificer.line.refine.seeds import together
from artificer_runtime.package import Weighted, write
from artificer_runtime.recipe import FittedRecipe

VERSION = 3
NATIVE = "native.npy"  # in a refit's folder: what the training library predicts of `Fold.checked`
ALL_ROWS = -1
# Learners whose fits hang on a seed, up to how many rows, and the distance between two seeds.
BY_CHANCE = {
    **dict.fromkeys(("catboost", "lightgbm", "lightgbm_trusting"), math.inf),
    **dict.fromkeys(("extra_trees", "network"), 5_000),
}
NEXT_SEED = 7919
# Together, more seeds may take this part of the time left, and give members of so many MB and trees (5,000: 0.2 ms a row).
SEEDS_SHARE, SEEDS_MB, SEEDS_TREES = 0.8, 12.0, 5_000
# How much more than at its best a member may lose, where the clock cut its refit, as its folds did after so many iterations.
LESS = 0.02
# Rows from which a refit alone uses every core: fewer are quicker on one thread, and the same to the bit.
MANY_ROWS = 500_000


@dataclass
class Refits:
    """Candidates refitted so far in this run.

    Attributes
    ----------
    beside : bool
        Whether the linear model is refitted too, as what the blend is judged against.
    single : bool
        Whether seeds are left out.
    """

    run: Run
    course: Course
    trained: Trained
    clock: Clock
    done: dict[str, FoldFit] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    more: dict[tuple[str, int], FoldFit] = field(default_factory=dict)
    skipped: bool = False
    refitted: bool = True
    threads: int = 1
    single: bool = False
    beside: bool = False

    def __post_init__(self) -> None:
        self.beside = self.run.judged and LINEAR in self.trials

    @cached_property
    def trials(self) -> dict[str, Trial]:
        """Finished trials by name."""
        return {trial.candidate.name: trial for trial in self.trained.trials if trial.score is not None}

    @property
    def cut(self) -> bool:
        """Whether the clock cut a refit."""
        return any(fit.cut for fit in self.done.values())

    @cached_property
    def encodings(self) -> Encodings:
        """The representation, fitted on all training rows, or on the first fold's where there is no time to refit."""
        return self.course.encodings(None if self.refitted else 0)

    @property
    def recipe(self) -> FittedRecipe:
        """The same without rows; the first fold's is there already where this run trained on it."""
        first: FittedRecipe | None = None if self.refitted else self.run.results.get(FIRST_RECIPE)
        return first or self.encodings.recipe

    @cached_property
    def n_train(self) -> int:
        """Rows that the first fold trained on."""
        return max(self.course.n_train(0), 1)

    def seconds(self, names: list[str]) -> float:
        """Time that refitting these will take, from what their folds took."""
        costs = [self._cost(self.trials[name]) for name in self._wanted(names) if name not in self.done]
        return self.trained.encode_s + side_by_side_s(costs, self.run.n_workers) if costs else 0.0

    @cached_property
    def n_workers(self) -> int:
        """Refits that may run side by side: as many as memory holds."""
        return affordable_workers(self.run, COPIES * self.encodings.size_gb)

    def _cost(self, trial: Trial) -> float:
        slowest = max(trial.fits, key=lambda fit: fit.seconds)
        done = trial.n_iterations / slowest.n_iterations if slowest.n_iterations else 1.0
        n_train = self.n_train * float(trial.candidate.settings.get(SHARE, 1.0))
        return slowest.seconds * done * len(self.course.of_row) / n_train

    def refit(self, names: Iterable[str]) -> set[str]:
        """Refit what is not refitted yet, the longest first, and say what of it could not be, or was cut too early."""
        if not self.refitted:
            return set()
        missing = [self.trials[name] for name in self._wanted(names) if name not in {*self.done, *self.failed}]
        if missing:
            _ = self.encodings  # made once, here, before threads ask for it
            self.threads = max(1, self.n_workers // len(missing))
            wanted = sorted(((trial, 0) for trial in missing), key=lambda one: -self._cost(one[0]))
            for (trial, _), fit in run_all(self._tried, wanted, self.n_workers):
                self._note(trial.candidate.name, fit)
        # An interrupt cuts the refits that are under way; what had ended before it is whole.
        if missing and self.run.stop.is_set():
            self.fall_back()
        return {name for name in names if name in self.failed}

    def parts(self, weights: Mapping[str, float]) -> tuple[Part, ...]:
        """The blend's parts in the order of `weights`: refitted, or where one could not be, of the first fold."""
        if self.refit(weights):
            self.fall_back()
        if not self.refitted:
            return tuple(_first(self.trials[name], weight) for name, weight in weights.items())
        return tuple(part for name, weight in weights.items() for part in self._shared(name, weight))

    def _note(self, name: str, fit: FoldFit | str) -> None:
        if not isinstance(fit, str) and not self._whole(self.trials[name], fit):
            fit = "the clock cut it early"
        if isinstance(fit, str):
            self.failed[name] = fit
            self.run.progress("refine", f"{name} could not be refitted: {fit}")
            return
        self.done[name] = fit
        self.run.progress("refine", f"{name} refitted on all training rows, {fit.seconds:.1f} s")

    def _whole(self, trial: Trial, fit: FoldFit) -> bool:
        """Whether a refit is about what its folds were; a linear model that is cut is far from what it converges to."""
        curve = mean_curve([np.load(self.run.path(one.folder) / "curve.npy") for one in trial.fits]) if fit.cut else ()
        if not fit.cut or not len(curve):
            return not fit.cut or fit.candidate != LINEAR
        best = float(np.min(curve))
        return fit.n_iterations > 0 and curve[: fit.n_iterations][-1] - best <= LESS * abs(best)

    def fall_back(self) -> None:
        """Ship the first fold's members: there is no time, or no memory, to refit, or a person wants what there is."""
        self.refitted, self.skipped = False, True
        self.__dict__.pop("encodings", None)

    def seeded(self, names: Sequence[str], n_seeds: int) -> None:
        """Refit what has chance in it with more seeds, as many as there is time and room for; they share its weight."""
        n_rows = len(self.course.of_row)
        chance = [name for name, most in BY_CHANCE.items() if n_rows <= most]
        trials = [self.trials[name] for name in names if self.trials[name].candidate.learner in chance]
        wanted = [(trial, seed) for seed in range(1, self._seeds(trials, n_seeds)) for trial in trials]
        wanted = [(trial, seed) for trial, seed in wanted if (trial.candidate.name, seed) not in self.more]
        if self.run.replay is not None:
            ran = Counter(stop.candidate for stop in self.run.replay.stops if stop.fold < 0)
            wanted = [(trial, seed) for trial in trials for seed in range(1, ran[trial.candidate.name])]
        for (trial, seed), fit in run_all(self._tried, wanted, self.n_workers):
            if not isinstance(fit, str) and not fit.cut:  # a seed that failed or was cut is not needed
                self.more[trial.candidate.name, seed] = fit

    def _seeds(self, trials: Sequence[Trial], n_seeds: int) -> int:
        if self.single:
            return 1
        seconds = side_by_side_s([self.done[trial.candidate.name].seconds for trial in trials], self.run.n_workers)
        by_time = 1 + SEEDS_SHARE * max(self.clock.left_s, 0.0) / max(seconds, 1e-6)
        by_room = SEEDS_MB / max(sum(trial.size_mb for trial in trials), 1e-6)
        per_iteration = self.course.n_classes if self.course.n_classes > 2 else 1
        by_room = min(by_room, SEEDS_TREES / max(sum(trial.n_iterations * per_iteration for trial in trials), 1))
        self.skipped = self.skipped or by_time < min(n_seeds, by_room)
        return max(1, int(min(n_seeds, by_time, by_room)))

    def _shared(self, name: str, weight: float) -> Iterator[Part]:
        seeds = sorted(seed for other, seed in self.more if other == name)
        fits = [self.done[name], *(self.more[name, seed] for seed in seeds)]
        for fit in fits:
            yield Part(name, fit.folder, weight / len(fits), fit.n_iterations, fit.parity, fit.facts)

    def _wanted(self, names: Iterable[str]) -> list[str]:
        """The blend's candidates, and the reference beside them, since all are refitted side by side."""
        return list(dict.fromkeys((*names, *((LINEAR,) if self.beside else ()))))

    def write(self, parts: tuple[Part, ...], folder: Path, given: Outputs | None = None) -> str:
        """Write parts, and what their blend becomes, as a package that the runtime loads, and give the model hash."""
        given = given or Outputs()
        members = [
            one for name in dict.fromkeys(part.candidate for part in parts) for one in self._seeds_of(name, parts)
        ]
        plain = contents(self.course, self.run.brief.target.column, self.recipe, members)
        becomes = {"temperature": given.temperature, "multipliers": given.multipliers, "residuals": given.residuals}
        return write(folder, replace(plain, **becomes))  # type: ignore[arg-type]

    def _seeds_of(self, name: str, parts: tuple[Part, ...]) -> Iterator[Weighted]:
        """A candidate's member; one for all its seeds, where their form allows."""
        own = [part for part in parts if part.candidate == name]
        read = [at_iteration(self.run.path(one.folder), 0 if self.refitted else one.n_iterations) for one in own]
        made = together(read)
        for member in made:
            weight = shares(own)[name] / len(made)
            yield Weighted(member, weight, self.trials[name].candidate.blocks)

    def _tried(self, wanted: tuple[Trial, int]) -> FoldFit | str:
        try:
            return self._refit(wanted)
        except FAILURES as error:
            return f"{type(error).__name__}: {error}"

    def _refit(self, wanted: tuple[Trial, int]) -> FoldFit:
        trial, seed = wanted
        name = trial.candidate.name
        settings = learned(trial.candidate.settings) | settled(trial.n_iterations, settled_on(trial))
        settings |= replayed(self.run, name, ALL_ROWS)
        again = (seed,) if seed else ()
        parts = (
            VERSION,
            self.course.certified,
            self.course.identity,
            trial.candidate,
            self.course.reads(trial.candidate),
            settings,
            versions(),
            *again,
        )
        work = partial(self._fit, trial.candidate, settings, seed)
        return self.run.task(f"refit-{digest(*parts)}", FoldFit, work)

    def _fit(self, candidate: Candidate, settings: dict[str, object], seed: int, folder: Path, name: str) -> FoldFit:
        watch = Stopwatch()
        given = self.course.fold(candidate, self.encodings)
        threads = self.threads if len(given.y) >= MANY_ROWS else 1
        given = replace(given, seed=given.seed + seed * NEXT_SEED, threads=threads)
        fitted = load(candidate.learner).fit(given, settings, self.clock)
        save_member(folder, fitted.member)
        np.save(folder / NATIVE, fitted.native)
        return FoldFit(
            candidate.name,
            ALL_ROWS,
            name,
            fitted.n_iterations,
            watch.seconds,
            fitted.cut,
            math.nan,
            math.nan,
            parity(fitted.member.predict(given.checked), fitted.native),
            dict(fitted.facts) | hurry(candidate),
        )


def _first(trial: Trial, weight: float) -> Part:
    fit = trial.fits[0]
    return Part(trial.candidate.name, fit.folder, weight, trial.n_iterations, fit.parity, fit.facts)
