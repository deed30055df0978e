"""How likely the best candidate is better than the next, over the folds that both ran on."""

from __future__ import annotations

import numpy as np

from artificer.core.stages import RunnerUp, Trial
from artificer.line.ask.rows import oriented
from artificer.line.fit.course import Course, weighing
from artificer.line.fit.race import Race
from artificer.measure.bayes import folds_differ, practically
from artificer.measure.metrics import metric, score


def runner_up(race: Race, track: Course, readings: list[tuple[Trial, np.ndarray | None]]) -> RunnerUp | None:
    """Compare the two best candidates; None where there are no two, or a metric is not defined on some fold.

    Parameters
    ----------
    readings : list of (Trial, predictions)
        As `read_off` gives them.
    """
    found, rows = metric(track.plan.metric), np.sort(race.rows)
    finished = [(trial, told, trial.score) for trial, told in readings if told is not None and trial.score is not None]
    finished.sort(key=lambda one: -found.sign * one[2].value)
    if len(finished) < 2:
        return None
    (first, ours, best), (second, theirs, _) = finished[:2]
    y, ours = oriented(track.rows.y[rows], ours, track.asked.positive)
    theirs = oriented(track.rows.y[rows], theirs, track.asked.positive)[1]
    weight = track.rows.weight[rows] if track.rows.weight is not None else None
    folds = [np.searchsorted(rows, race.fits_of.valid_rows(fold)) for fold in range(race.n_rounds)]

    def scored(prediction: np.ndarray) -> np.ndarray:
        return np.array([score(found.name, y[at], prediction[at], weighing(weight, at)) for at in folds])

    differences = found.sign * (scored(ours) - scored(theirs))
    if not np.isfinite(differences).all():
        return None
    n_train = float(np.mean([track.n_train(fold) for fold in range(race.n_rounds)]))
    n_test = float(np.mean([len(at) for at in folds]))
    chances = folds_differ(differences, n_train, n_test, practically(found.name, best.value))
    return RunnerUp(first.candidate.name, second.candidate.name, chances) if chances else None
