"""The line's own model, trained again on other rows or with another seed: what its tests of seeds and of age ask for.

Not the blend, which takes as long as `refine` took, but its heaviest member, with the settings and at the iteration that
the race found: where that one hangs on its seed, or on when its rows were, so does the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.clock import Clock
from artificer.core.figures import figure
from artificer.core.run import Run
from artificer.core.stages import Asked, FoldFit, Model, Trial
from artificer.line.ask.rows import Labelled
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.fit.attempt import FAILURES
from artificer.line.fit.course import Course, course, side_by_side
from artificer.line.fit.learners import load
from artificer.line.fit.settings import learned, settled, settled_on
from artificer.line.judge.examined import Predict, Rows, UnfinishedError
from artificer_runtime.outcome import tempered

# Of the time limit, at most so much; and seconds that stay for the other tests and for packing.
SHARE, RESERVED_S = 0.1, 2.0
LEAST_SHARE = 0.25  # of the training rows: of fewer, another model would be tested
NEXT_SEED = 7919  # as far apart as the seeds of the blend's own members


@dataclass(frozen=True)
class Retrained:
    """Trains the heaviest member of a model again.

    Attributes
    ----------
    row_s : float
        Seconds a row that its own training took.
    clock : Clock
        When all trainings together must have ended.
    temperature : float
        What the model divides its log-odds by.
    """

    track: Course
    trial: Trial
    row_s: float
    clock: Clock
    temperature: float

    @classmethod
    def of(cls, run: Run, asked: Asked, model: Model) -> Retrained | str:
        """Make one, or say why there is none."""
        if run.results.get("refine") != model:
            return "another run trained this model"
        name = max(model.weights, key=lambda one: model.weights[one])
        trained = fit(run)
        trial = next((one for one in trained.trials if one.candidate.name == name), None)
        if trial is None or not trial.fits:
            return f"what '{name}' was trained with is not known"
        left_s = min(run.clock.left_s - RESERVED_S, SHARE * run.brief.run.limit_s)
        track = course(run, asked, choose(run), design(run), encode(run))
        keys = [Path(one.folder).name for one in model.parts if one.candidate == name]
        if not all(map(run.workspace.done, keys)):
            return f"how long '{name}' takes to train is not known"
        took = min(run.workspace.result(key, FoldFit).seconds for key in keys)
        row_s = max(took / (track.rows.n_rows if model.refitted else track.n_train(0)), 1e-9)
        return cls(track, trial, row_s, Clock.after(max(left_s, 0.0)), model.outputs.temperature)

    @property
    def name(self) -> str:
        """What is trained, in words."""
        return f"{self.trial.candidate.name}, which weighs most in the model"

    def affordable(self, n_fits: int) -> int:
        """Rows that each of so many trainings may read."""
        return int(max(self.clock.left_s, 0.0) / self.row_s / n_fits)

    def lacking(self, n_fits: int) -> str:
        """Why there is no time for so many trainings; "" where there is, on a part of the rows that still tells."""
        needed = math.ceil(LEAST_SHARE * self.track.rows.n_rows)
        if self.affordable(n_fits) >= needed:
            return ""
        takes_s, left_s = n_fits * needed * self.row_s, max(self.clock.left_s, 0.0)
        return (
            f"training {self.trial.candidate.name}, which weighs most, {n_fits} times on {needed:,} rows would take "
            f"{figure(takes_s)} s, and the time limit leaves {figure(left_s)} s for it"
        )

    def __call__(self, rows: Rows, seed: int) -> Predict:
        """Train on some rows.

        Raises
        ------
        UnfinishedError
            When time ran out, or the learner refuses the rows.
        """
        candidate = self.trial.candidate
        track = self._over(rows)
        try:
            made = track.encodings(None, candidate.blocks)
            given = track.fold(candidate, made)
            given = replace(given, seed=given.seed + seed * NEXT_SEED)
            fitted = load(candidate.learner).fit(given, self._settings, self.clock)
        except FAILURES as error:
            raise UnfinishedError(f"{candidate.name} could not be trained on these rows: {error}") from error
        if fitted.cut:
            raise UnfinishedError(f"the time limit ended while {candidate.name} was trained again")

        def predict(frame: pl.DataFrame) -> np.ndarray:
            blocks = made.recipe.apply(track.schema.encode(frame), candidate.blocks)
            return self._shown(fitted.member.predict(side_by_side(blocks, candidate.blocks)))

        return predict

    @cached_property
    def _settings(self) -> dict[str, object]:
        return learned(self.trial.candidate.settings) | settled(self.trial.n_iterations, settled_on(self.trial))

    def _over(self, rows: Rows) -> Course:
        """The course over these rows alone, all of which train; no one asks for a certificate."""
        y = 1.0 - rows.y if self.track.asked.positive == 0 else rows.y
        return replace(
            self.track,
            rows=Labelled(rows.frame, y, rows.weight, rows.time, rows.group),
            of_row=np.zeros(len(rows), np.int64),
            trains=None,
            n_kept_out=0,
            left_out=None,
            certified=False,
        )

    def _shown(self, raw: np.ndarray) -> np.ndarray:
        """What a learner predicts, as the model's own predictions are shown: success last."""
        if not self.track.asked.classes:
            return np.expm1(raw) if self.track.plan.transform == "log1p" else raw
        p = tempered(raw, self.temperature)
        return p[:, ::-1] if self.track.asked.positive == 0 else p
