"""Refit chosen candidates on all training rows, at the iteration that the race found, and write the model's folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from artificer.core.clock import Clock, Stopwatch
from artificer.core.run import Run, versions
from artificer.core.stages import Candidate, FoldFit, Outputs, Part, Trained, Trial
from artificer.core.store import digest
from artificer.core.tasks import run_all
from artificer.line.fit.course import Course, Encodings
from artificer.line.fit.learners import load
from artificer.line.fit.race import LINEAR, PENALTIES, parity, replayed, settled
from artificer.line.fit.saved import load_member, save_member
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import FittedRecipe, Recipe

VERSION = 1
ALL_ROWS = -1


@dataclass
class Refits:
    """Candidates refitted so far in this run."""

    run: Run
    course: Course
    trained: Trained
    clock: Clock
    done: dict[str, FoldFit] = field(default_factory=dict)
    skipped: bool = False

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
        """The representation, fitted on all training rows."""
        return self.course.encodings(None)

    def seconds(self, names: list[str]) -> float:
        """Time that refitting these will take, from what their folds took."""
        costs = [self._cost(self.trials[name]) for name in {*names, LINEAR} if name not in self.done]
        return self.trained.encode_s + max([*costs, sum(costs) / self.run.n_workers]) if costs else 0.0

    def _cost(self, trial: Trial) -> float:
        slowest = max(trial.fits, key=lambda fit: fit.seconds)
        done = trial.n_iterations / slowest.n_iterations if slowest.n_iterations else 1.0
        n_trained = len(self.course.of_row) * (1 - 1 / max(len(trial.fits), 2))
        return slowest.seconds * done * len(self.course.of_row) / n_trained

    def parts(self, weights: Mapping[str, float]) -> tuple[Part, ...]:
        """Refit what is not refitted yet, the reference with it, and give the blend's parts in the order of `weights`."""
        missing = [self.trials[name] for name in dict.fromkeys((*weights, LINEAR)) if name not in self.done]
        if missing:
            _ = self.encodings  # made once, here, before threads ask for it
        for trial, fit in run_all(self._refit, missing, self.run.n_workers):
            self.done[trial.candidate.name] = fit
            self.run.progress("refine", f"{trial.candidate.name} refitted on all training rows, {fit.seconds:.1f} s")
        fits = {name: self.done[name] for name in weights}
        return tuple(
            Part(name, fit.folder, weights[name], fit.n_iterations, fit.parity, fit.facts) for name, fit in fits.items()
        )

    def write(self, parts: tuple[Part, ...], folder: Path, given: Outputs | None = None) -> str:
        """Write parts, and what their blend becomes, as a package that the runtime loads, and give the model hash."""
        given = given or Outputs()
        asked = self.course.asked
        candidates = {part.candidate: self.trials[part.candidate].candidate for part in parts}
        needed = {block for candidate in candidates.values() for block in candidate.blocks}
        contents = Contents(
            task=asked.task,
            target=self.run.brief.target.column,
            classes=asked.classes,
            class_kind=asked.class_kind,
            recipe=only(self.encodings.recipe, needed),
            members=tuple(
                Weighted(load_member(self.run.path(part.folder)), part.weight, candidates[part.candidate].blocks)
                for part in parts
            ),
            transform=self.course.plan.transform,
            temperature=given.temperature,
            multipliers=given.multipliers,
            residuals=given.residuals,
        )
        return write(folder, contents)

    def _refit(self, trial: Trial) -> FoldFit:
        name = trial.candidate.name
        settings = trial.candidate.settings | settled(trial.n_iterations, _geometric_means(trial))
        settings |= replayed(self.run, name, ALL_ROWS)
        parts = (VERSION, self.course.identity, trial.candidate, self._blocks(trial.candidate), settings, versions())
        work = partial(self._fit, trial.candidate, settings)
        return self.run.task(f"refit-{digest(*parts)}", FoldFit, work)

    def _blocks(self, candidate: Candidate) -> list[object]:
        blocks: list[object] = [block for block in self.course.encoding.blocks if block.name in candidate.blocks]
        return [*blocks, self.course.schema]

    def _fit(self, candidate: Candidate, settings: dict[str, object], folder: Path, name: str) -> FoldFit:
        watch = Stopwatch()
        given = self.course.fold(candidate, self.encodings)
        fitted = load(candidate.learner).fit(given, settings, self.clock)
        save_member(folder, fitted.member)
        np.save(folder / "native.npy", fitted.native)
        return FoldFit(
            candidate.name,
            ALL_ROWS,
            name,
            fitted.n_iterations,
            watch.seconds,
            fitted.cut,
            math.nan,
            math.nan,
            parity(fitted.member.predict(given.X[: len(fitted.native)]), fitted.native),
            dict(fitted.facts),
        )


def _geometric_means(trial: Trial) -> dict[str, float]:
    settled_on = {name: [fit.facts[name] for fit in trial.fits if name in fit.facts] for name in PENALTIES}
    return {name: float(np.exp(np.mean(np.log(values)))) for name, values in settled_on.items() if values}


def only(fitted: FittedRecipe, names: set[str]) -> FittedRecipe:
    """The part of a fitted recipe that a model needs."""
    blocks = tuple(block for block in fitted.recipe.blocks if block.name in names)
    return FittedRecipe(Recipe(blocks), fitted.schema, {block.name: fitted.states[block.name] for block in blocks})
