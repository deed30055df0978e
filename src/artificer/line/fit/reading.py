"""Read a candidate's trial off the race: its out-of-fold score, and what it costs."""

from __future__ import annotations

import numpy as np

from artificer.core.stages import Candidate, Trial
from artificer.line.ask.rows import oriented
from artificer.line.fit.course import Course
from artificer.line.fit.race import Race
from artificer.measure.intervals import estimate


def read_off(race: Race, track: Course, candidate: Candidate) -> tuple[Trial, np.ndarray | None]:
    """Give the candidate's trial and, when it ran on all folds, its out-of-fold predictions.

    Returns
    -------
    Trial
    array of float64, (n_measured_rows, n_out), or None
        In the order of the rows' positions, on the scale of the target.
    """
    name = candidate.name
    candidate = race.entered.get(name, candidate)
    fits = tuple(race.fits[key] for key in sorted(race.fits, key=lambda key: key[1]) if key[0] == name)
    seconds = sum(fit.seconds for fit in fits)
    if name not in race.finished:
        return Trial(candidate, fits, seconds=seconds, dropped=race.dropped.get(name, "the clock")), None
    joint, order = race.finished[name], np.argsort(race.rows, kind="stable")
    raw, measured, rows = joint.prediction[order], race.rows[order], track.rows
    prediction = np.expm1(raw) if track.plan.transform == "log1p" else raw
    y, turned = oriented(rows.y[measured], prediction, track.asked.positive)
    weight = rows.weight[measured] if rows.weight is not None else None
    group = rows.group[measured] if rows.group is not None else None
    metric = track.plan.metric
    score = estimate(metric, y, turned, weight, groups=group)
    race.tell(f"{name}: {metric} {score.value:.4f} ({score.low:.4f} to {score.high:.4f})")
    costs = (seconds, joint.row_us, joint.size_mb)
    return Trial(candidate, fits, score, joint.n_iterations, *costs, one_ms=joint.one_ms), prediction
