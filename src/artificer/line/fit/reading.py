"""Read a candidate's trial off the race: its out-of-fold score, and what it costs."""

from __future__ import annotations

import numpy as np

from artificer.core.clock import Stopwatch
from artificer.core.run import Run
from artificer.core.stages import Candidate, Trial
from artificer.line.ask.rows import oriented
from artificer.line.fit.course import Course
from artificer.line.fit.race import Race
from artificer.measure.intervals import estimate
from artificer.measure.metrics import is_own, score

# Calls of a caller's metric in `fit` and `refine`: beside those of each candidate that runs on all folds, and for each one; of
# the former, after refits. With 2 and 6 candidates 40 were counted, and 50 for each.
CALLS, CALLS_EACH, CALLS_LAST, CALL_ROWS = 50, 55, 21, 4_000
# Of these, what choosing a blend takes, and for each candidate.
CALLS_CHOOSING, CALLS_CHOOSING_EACH = 40, 30
CALL_S = "call_s"  # among a run's results


def call_s(run: Run, track: Course) -> float:
    """Seconds that a call of a caller's own metric takes, timed once a run; other metrics take none."""
    if CALL_S not in run.results:
        run.results[CALL_S] = _timed(track) if is_own(track.plan.metric) else 0.0
    return float(run.results[CALL_S])


def _timed(track: Course) -> float:
    name, rows = track.plan.metric, track.rows.y[:CALL_ROWS]
    shown = rows if track.asked.task == "regression" else np.eye(len(track.asked.classes))[rows.astype(np.int64)]
    y, turned = oriented(rows, shown, track.asked.positive)
    weight = track.rows.weight[:CALL_ROWS] if track.rows.weight is not None else None
    watch = Stopwatch()
    score(name, y, turned, weight)
    return watch.seconds


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
    metric = track.plan.metric
    found = estimate(metric, y, turned, weight, groups=track.groups(measured))
    race.tell(f"{name}: {metric} {found.value:.4f} ({found.low:.4f} to {found.high:.4f})")
    costs = (seconds, joint.row_us, joint.size_mb)
    return Trial(candidate, fits, found, joint.n_iterations, *costs, one_ms=joint.one_ms), prediction
