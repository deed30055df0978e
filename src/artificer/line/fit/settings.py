"""What a learner is told of a candidate: its own settings, and those that repeat a fit that was made before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artificer.core.run import Run
from artificer.core.stages import Candidate, Stop, Trial
from artificer.line.fit.course import SHARE

# Settings that are the course's to follow, not a learner's.
OURS = ("loss", SHARE)
HURRIED = ("learning_rate", "faster")
# What a fit settled on, and a refit or a replay is told.
PENALTIES = ("C", "alpha", "epochs")
ROUNDS = "rounds"  # of a solver that the clock may cut


def learned(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings as learners know them."""
    return {name: value for name, value in settings.items() if name not in ("faster", *OURS)}


def settled(n_iterations: int, facts: Mapping[str, float]) -> dict[str, float]:
    """Settings that repeat a fit: so many iterations or rounds, and the strength of penalty that it chose."""
    fixed: dict[str, float] = {"max_iterations": n_iterations, "patience": 0} if n_iterations else {}
    return fixed | {name: facts[name] for name in (*PENALTIES, ROUNDS, "tried", "learning_rate") if name in facts}


def settled_on(trial: Trial) -> dict[str, float]:
    """The strength of penalty that the folds chose: the geometric mean of theirs."""
    found = {name: [fit.facts[name] for fit in trial.fits if name in fit.facts] for name in PENALTIES}
    return {name: float(np.exp(np.mean(np.log(values)))) for name, values in found.items() if values}


def replayed(run: Run, name: str, fold: int) -> dict[str, float]:
    """Settings that make a fit stop where the replayed run's did; nothing when nothing is replayed."""
    stops: tuple[Stop, ...] = run.replay.stops if run.replay is not None else ()
    for stop in stops:
        if (stop.candidate, stop.fold) == (name, fold):
            return settled(stop.n_iterations, stop.facts)
    return {}


def hurry(candidate: Candidate) -> dict[str, float]:
    """The learning rate that the clock forced, so that a replay uses it too."""
    return {name: float(candidate.settings[name]) for name in HURRIED} if "faster" in candidate.settings else {}
