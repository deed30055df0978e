"""Scores of what came in, stretch by stretch of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.life import Period
from artificer.core.records import Estimate
from artificer.line.ship.stretches import stretches
from artificer.line.track.meeting import Meeting
from artificer.measure.intervals import estimate

# Fewer labels tell a score so badly that it is better not told.
FEWEST_ROWS, FEWEST_OF_A_CLASS = 30, 5


def scored(metric: str, rows: Meeting, here: np.ndarray, prediction: np.ndarray) -> Estimate | None:
    """Score some of the labelled rows; None where they are too few."""
    y = rows.y[here]
    if len(y) < FEWEST_ROWS:
        return None
    if rows.n_classes and np.sort(np.bincount(y.astype(np.int64), minlength=rows.n_classes))[-2] < FEWEST_OF_A_CLASS:
        return None
    weight = rows.weight[here] if rows.weight is not None else None
    group = rows.group[here] if rows.group is not None else None
    found = estimate(metric, y, prediction[here], weight, groups=group)
    return found if np.isfinite(found.value) else None


def periods(
    metric: str, moment: np.ndarray | None, labelled: np.ndarray, rows: Meeting, prediction: np.ndarray, version: str
) -> Iterator[Period]:
    """Score each stretch of what came in.

    Parameters
    ----------
    moment : array of float64, (n_rows,), or None
        Of all rows that came in.
    labelled : array of bool, (n_rows,)
        Which of them have a label.
    rows : Meeting
        Those that are scored; `places` says where they stand among all.
    prediction : array, (rows.n_rows, n_classes) or (rows.n_rows, 1)
    """
    starts, place = stretches(moment, np.ones(len(labelled), bool))
    for number, (label, start) in enumerate(starts):
        inside = place == number
        here = inside[rows.places]
        success = float(rows.y[here].mean()) if here.any() and rows.n_classes <= 2 else float("nan")
        found = scored(metric, rows, here, prediction)
        n_labelled = int((inside & labelled).sum())
        yield Period(label, start, int(inside.sum()), n_labelled, found, None, success, version)
