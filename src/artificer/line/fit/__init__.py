"""fit: the proposed representation and the folds → trained candidates, compared on rows that did not train them.

The story: candidates run two by two, the most promising first; those clearly worse on the first fold than the blend so
far run no further; the rest go on, as long as the clock allows. All folds of a candidate are then read at one iteration,
the best of their mean curve, so that out-of-fold scores are those of a model that can be refitted on all rows
(Holzmüller, Grinsztajn and Steinwart 2024, arXiv 2407.04491). The first Ctrl-C ends the race with what there is.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from artificer.core.clock import Clock, first_interrupt
from artificer.core.records import Decision, Fact
from artificer.core.run import Run
from artificer.core.stages import Candidate, Trained, Trial
from artificer.core.tasks import free_gb, run_all
from artificer.line.ask import Subject, ask, begin
from artificer.line.ask.rows import oriented
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.design.trained_by import trained_by
from artificer.line.encode import encode
from artificer.line.fit.attempt import Trainer, affordable_workers
from artificer.line.fit.course import Course, course
from artificer.line.fit.evidence import Evidence
from artificer.line.fit.lineup import lineup
from artificer.line.fit.mending import Mending
from artificer.line.fit.race import Race
from artificer.line.fit.reading import CALLS, CALLS_EACH, call_s, read_off
from artificer.line.fit.repeats import repeats
from artificer.line.fit.runner_up import runner_up
from artificer.line.fit.so_far import SoFar
from artificer_runtime.package import npz

__all__ = ["fit"]

VERSION = 8
# Of the memory there is, what the features of folds may fill.
FEATURES_SHARE = 0.3
# Of the time limit: the race ends so much before refits must, as reading its fits off takes time too, more on a busy machine.
SPARE = 0.02
SCORED = 0.3  # of the time, at most, is kept for calls of a caller's metric, beside those of each candidate


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
    clock = trained_by(run).less(SPARE * run.brief.run.limit_s)

    def work(folder: Path, name: str) -> Trained:
        track = course(run, asked, chosen, plan, encoding)
        with first_interrupt(run.stop, lambda: run.progress("fit", "ending with what there is; Ctrl-C again stops")):
            return _fit(run, track, clock, folder, name)

    return run.stage("fit", VERSION, Trained, work, reads=(asked, chosen, plan, encoding))


def _fit(run: Run, track: Course, clock: Clock, folder: Path, name: str) -> Trained:
    memory_gb = run.brief.run.memory_gb or free_gb()
    called_s = call_s(run, track)
    clock = clock.less(min(CALLS * called_s, SCORED * run.brief.run.limit_s))
    trainer = Trainer(run, track, FEATURES_SHARE * memory_gb)
    n_workers = affordable_workers(run, trainer.fit_gb())
    evidence, mending = Evidence(track), Mending(track)
    made = run.replay.mending if run.replay is not None else ()
    repeated = repeats(track.encoding) if run.replay is None else {}
    race = Race(
        trainer,
        lineup(track, n_workers, made, repeated),
        clock,
        partial(run_all, n_workers=n_workers),
        partial(run.progress, "fit"),
        SoFar(run, track, trainer),
        evidence,
        mending,
        mending.hoped,
        dropped=repeated,
        scored_s=CALLS_EACH * called_s,
    )
    if run.replay is not None:
        ran = {stop.candidate: stop.fold + 1 for stop in run.replay.stops if stop.fold >= 0}
        race.replay(ran, run.replay.dropped)
    else:
        race.run()
    n_main = len(track.encoding.candidates) - track.plan.n_variants
    told = [one for place, one in enumerate(track.encoding.candidates) if place < n_main or one.name in race.entered]
    readings = [read_off(race, track, candidate) for candidate in (*told, *made, *mending.made.values())]
    rows = np.sort(race.rows)
    finished = {trial.candidate.name: prediction for trial, prediction in readings if prediction is not None}
    y = track.rows.y[rows]
    turned = {name: oriented(y, one, track.asked.positive) for name, one in finished.items()}
    y = next(iter(turned.values()))[0]
    (folder / "predictions.npz").write_bytes(npz({"rows": rows, "y": y, **finished}))
    trials = tuple(trial for trial, _ in readings)
    cut = any(fit.cut for trial in trials for fit in trial.fits) or race.skipped
    helped = mending.outcome(race, y, {name: one for name, (_, one) in turned.items()})
    decisions = (
        *evidence.decisions,
        *mending.decisions,
        *helped,
        *_decisions(trials, race.n_rounds, track.encoding.candidates),
    )
    place, metric = f"{name}/predictions.npz", track.plan.metric
    return Trained(
        trials,
        place,
        race.n_rounds,
        cut,
        race.encode_s * race.lineup.reads_more,
        decisions,
        metric,
        runner_up(race, track, readings),
    )


def _decisions(trials: tuple[Trial, ...], n_rounds: int, planned: tuple[Candidate, ...]) -> tuple[Decision, ...]:
    decisions = [
        Decision("fit", f"Does {trial.candidate.name} go on?", "no", trial.dropped, ("yes",))
        for trial in trials
        if trial.dropped
    ]
    hurried = [trial.candidate for trial in trials if "faster" in trial.candidate.settings]
    for one in hurried:
        rate, times = one.settings["learning_rate"], one.settings["faster"]
        because = f"at a rate {times:g} times as high it ends in the time there is, and need not be cut"
        decisions.append(Decision("fit", f"At which rate does {one.name} learn?", f"{rate:g}", because))
    wanted = {one.name: one.settings.get("trees") for one in planned}
    for one in (trial.candidate for trial in trials):
        if (trees := one.settings.get("trees")) != wanted.get(one.name, trees):
            because = f"{wanted[one.name]} would not end in the time there is"
            decisions.append(Decision("fit", f"How many trees does {one.name} grow?", f"{trees}", because))
    stopped = tuple(Fact(t.candidate.name, float(t.n_iterations), "iterations") for t in trials if t.n_iterations)
    if stopped:
        because = f"the best point of the mean curve over {n_rounds} folds"
        decisions.append(
            Decision("fit", "Where does each candidate stop?", "one iteration for all folds", because, (), stopped)
        )
    return tuple(decisions)
