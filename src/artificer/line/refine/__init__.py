"""refine: trained candidates → the model that ships.

The story: blend what helps and prove it on rows that did not choose the blend; refit what is in it on all training rows
at the iteration that the race found; let `judge` look at it out of fold, and while a limit on latency or size is broken,
do it again with one member fewer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from artificer.core.clock import Clock
from artificer.core.records import Decision, Estimate, Fact
from artificer.core.run import Run
from artificer.core.stages import Model, Trained, Trial, Verdict
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.fit.course import course
from artificer.line.fit.race import LINEAR
from artificer.line.judge import judge
from artificer.line.refine.blend import Measured, best_single, cross_fitted, gain_of_blending, greedy, mixed
from artificer.line.refine.refit import Refits
from artificer.measure.intervals import estimate

__all__ = ["refine"]

VERSION = 1
LIMITS = ("latency_ms", "size_mb")
# A blend is kept when this one-sided level shows a gain on rows that did not choose it.
LEVEL = 0.8


def refine(subject: Subject, **options: Any) -> Model:
    """Make the final model.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    asked, trained = ask(run), fit(run)
    reads = (asked, choose(run), design(run), encode(run), trained)
    return run.stage("refine", VERSION, Model, lambda folder, name: _refine(run, trained, folder, name), reads)


def _refine(run: Run, trained: Trained, folder: Path, name: str) -> Model:
    asked, plan = ask(run), design(run)
    track = course(run, asked, choose(run), plan, encode(run))
    with np.load(run.path(trained.predictions)) as stored:
        arrays = dict(stored)
    rows, y = arrays.pop("rows"), arrays.pop("y")
    predictions = {one: oriented(y, values, asked.positive)[1] for one, values in arrays.items()}
    weight = track.rows.weight[rows] if track.rows.weight is not None else None
    group = track.rows.group[rows] if track.rows.group is not None else None
    measured = Measured(y, plan.metric, asked.task, weight, group)
    shippable = _shippable(predictions, run)
    refits = Refits(run, track, trained, run.limit("refine", plan.shares["refine"]))
    weights, decisions = _choose(run, measured, shippable, plan.max_members, refits)
    while True:
        parts = refits.parts(weights)
        files = refits.write(parts, folder / "model")
        reference = refits.write(refits.parts({LINEAR: 1.0}), folder / "reference")
        blend = mixed(arrays, weights)
        np.savez(folder / "out_of_fold.npz", rows=rows, prediction=blend, linear=arrays[LINEAR])
        score = _score(measured, mixed(shippable, weights))
        cut = trained.cut or refits.cut
        model = Model(
            f"{name}/model", parts, f"{name}/reference", score, files.model_hash, f"{name}/out_of_fold.npz", cut, decisions
        )
        broken = _broken(run, model, folder, name)
        if not broken or len(weights) == 1 or run.replay is not None:
            return model
        weights, decisions = _lighter(weights, refits, broken, decisions)
