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
    metric: str,
    moment: np.ndarray | None,
    inside: np.ndarray,
    rows: Meeting,
    prediction: np.ndarray,
    version: str,
) -> Iterator[Period]:
    """Score each stretch of what came in.

    Parameters
    ----------
    moment, inside
        As for `stretches`, of all rows.
    rows : Meeting
        The labelled ones among them.
    prediction : array, (rows.n_rows, n_classes) or (rows.n_rows, 1)
    """
    starts, place = stretches(moment, inside)
    for number, (label, start) in enumerate(starts):
        here = (place == number)[rows.places]
        success = float(rows.y[here].mean()) if here.any() and rows.n_classes <= 2 else float("nan")
        found = scored(metric, rows, here, prediction)
        yield Period(label, start, int((place == number).sum()), int(here.sum()), found, None, success, version)
