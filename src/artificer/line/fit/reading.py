"""Read out-of-fold predictions off the trained folds, all at one iteration."""

from __future__ import annotations

import numpy as np

from artificer.core.clock import Stopwatch, median_ms
from artificer.core.stages import Candidate, FoldFit, Trial
from artificer.line.ask.rows import oriented
from artificer.line.fit.course import side_by_side
from artificer.line.fit.race import Race, members_of
from artificer.line.fit.saved import load_member, size_mb
from artificer.measure.intervals import estimate


def read_off(race: Race, candidate: Candidate) -> tuple[Trial, np.ndarray | None]:
    """Give the candidate's trial and, when it ran on all folds, its out-of-fold predictions.

    Returns
    -------
    Trial
    array of float64, (n_measured_rows, n_out), or None
        In the order of `Course.measured_rows`, on the scale of the target.
    """
    name = candidate.name
    fits = tuple(fit for (other, _), fit in sorted(race.fits.items(), key=lambda item: item[0][1]) if other == name)
    seconds = sum(fit.seconds for fit in fits)
    finished = len(fits) >= race.n_rounds > 0 and name not in race.dropped
    if not finished:
        return Trial(candidate, fits, seconds=seconds, dropped=race.dropped.get(name, "the clock")), None
    n_iterations = joint_iteration(race, list(members_of(race.fits, name, race.n_rounds)))
    watch = Stopwatch()
    prediction = _predict(race, candidate, n_iterations)
    row_us = 1e6 * watch.seconds / max(len(prediction), 1)
    rows = race.course.rows
    measured = race.course.measured_rows(race.n_rounds)
    y, turned = oriented(rows.y[measured], prediction, race.course.asked.positive)
    weight = rows.weight[measured] if rows.weight is not None else None
    group = rows.group[measured] if rows.group is not None else None
    score = estimate(race.course.plan.metric, y, turned, weight, groups=group)
    size = size_mb(race.run.path(fits[0].folder))
    race.run.progress(
        "fit", f"{name}: {race.course.plan.metric} {score.value:.4f} ({score.low:.4f} to {score.high:.4f})"
    )
    one_ms = _time_one(race, candidate, fits[0], n_iterations)
    return Trial(candidate, fits, score, n_iterations, seconds, row_us, size, one_ms=one_ms), prediction


def _time_one(race: Race, candidate: Candidate, fit: FoldFit, n_iterations: int) -> float:
    """Milliseconds that a fold's member takes for one row: the middle of several tries after the first."""
    member = load_member(race.run.path(fit.folder))
    if n_iterations:
        member = member.truncated(n_iterations)  # type: ignore[attr-defined]
    rows = {block: race.valid[fit.fold].valid[block][:1] for block in candidate.blocks}
    X = side_by_side(rows, candidate.blocks)
    return median_ms(lambda: member.predict(X))


def joint_iteration(race: Race, fits: list[FoldFit]) -> int:
    """The best iteration of the mean curve over folds; 0 for learners without iterations."""
    curves = [np.load(race.run.path(fit.folder) / "curve.npy") for fit in fits]
    curves = [curve for curve in curves if len(curve)]  # a fold of dull rows has a constant model, and none
    if not curves:
        return 0
    shortest = min(len(curve) for curve in curves)
    return int(np.argmin(np.mean([curve[:shortest] for curve in curves], axis=0))) + 1


def _predict(race: Race, candidate: Candidate, n_iterations: int) -> np.ndarray:
    track = race.course
    parts, places = [], []
    for fit in members_of(race.fits, candidate.name, race.n_rounds):
        member = load_member(race.run.path(fit.folder))
        if n_iterations:
            member = member.truncated(n_iterations)  # type: ignore[attr-defined]
        made = race.valid[fit.fold]
        parts.append(member.predict(side_by_side(made.valid, candidate.blocks)))
        places.append(made.valid_rows)
    order = np.argsort(np.concatenate(places), kind="stable")
    prediction = np.concatenate(parts)[order]
    return np.expm1(prediction) if track.plan.transform == "log1p" else prediction
