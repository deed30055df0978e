"""fit: the proposed representation and the folds → trained candidates, compared on rows that did not train them.

The story: every candidate runs on the first fold; those clearly worse by a paired test run no further; the rest go on,
fold by fold, as long as the clock allows. All folds of a candidate are then read at one iteration, the best of their
mean curve, so that out-of-fold scores are those of a model that can be refitted on all rows (Holzmüller, Grinsztajn and
Steinwart 2024, arXiv 2407.04491).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from artificer.core.records import Decision, Fact
from artificer.core.stages import Trained, Trial
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.course import course
from artificer.line.fit.race import Race
from artificer.line.fit.reading import read_off
from artificer_runtime.package import npz

__all__ = ["fit"]

VERSION = 3


def fit(subject: Subject, **options: Any) -> Trained:
    """Train the candidates within the time limit.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    run = begin(subject, **options)
    asked, chosen, plan, encoding = ask(run), choose(run), design(run), encode(run)
    clock = run.limit("fit", plan.shares["fit"])

    def work(folder: Path, name: str) -> Trained:
        return _fit(Race(run, course(run, asked, chosen, plan, encoding), clock), folder, name)

    return run.stage("fit", VERSION, Trained, work, reads=(asked, chosen, plan, encoding))


def _fit(race: Race, folder: Path, name: str) -> Trained:
    race.run_all_rounds()
    track = race.course
    readings = [read_off(race, candidate) for candidate in track.encoding.candidates]
    rows = track.measured_rows(race.n_rounds)
    finished = {trial.candidate.name: prediction for trial, prediction in readings if prediction is not None}
    y, _ = oriented(track.rows.y[rows], next(iter(finished.values())), track.asked.positive)
    (folder / "predictions.npz").write_bytes(npz({"rows": rows, "y": y, **finished}))
    trials = tuple(trial for trial, _ in readings)
    cut = any(fit.cut for trial in trials for fit in trial.fits) or race.skipped
    decisions = _decisions(trials, race.n_rounds)
    place, metric = f"{name}/predictions.npz", track.plan.metric
    return Trained(trials, place, race.n_rounds, cut, race.encode_s, decisions, metric)


def _decisions(trials: tuple[Trial, ...], n_rounds: int) -> tuple[Decision, ...]:
    decisions = [
        Decision("fit", f"Does {trial.candidate.name} go on?", "no", trial.dropped, ("yes",))
        for trial in trials
        if trial.dropped
    ]
    stopped = tuple(Fact(t.candidate.name, float(t.n_iterations), "iterations") for t in trials if t.n_iterations)
    if stopped:
        because = f"the best point of the mean curve over {n_rounds} folds"
        decisions.append(
            Decision("fit", "Where does each candidate stop?", "one iteration for all folds", because, (), stopped)
        )
    return tuple(decisions)
