"""Stretches of time in which what came in is scored: months, or weeks where it spans less than a month and a half."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import numpy as np
import polars as pl

from artificer.core.life import Period
from artificer.core.records import Estimate
from artificer.line.track.meeting import Meeting
from artificer.measure.intervals import estimate

MONTHS_FROM_DAYS = 45
DAY_S = 86_400.0
# Fewer labels tell a score so badly that it is better not told.
FEWEST_ROWS, FEWEST_OF_A_CLASS = 30, 5


def stretches(moment: np.ndarray | None, inside: np.ndarray) -> tuple[list[tuple[str, float]], np.ndarray]:
    """Cut time into stretches.

    Parameters
    ----------
    moment : array of float64, (n_rows,), or None
        Seconds since 1970; NaN where a row has none. None: all rows are one stretch.
    inside : array of bool, (n_rows,)
        Rows that count.

    Returns
    -------
    list of (ISO date, start in seconds since 1970)
        Those that hold rows, in their order.
    array of int64, (n_rows,)
        Each row's place in the list; -1 where it does not count or has no moment.
    """
    if moment is None or np.isnan(moment).all():
        return [("all rows", float("nan"))], np.where(inside, 0, -1)
    inside = inside & ~np.isnan(moment)
    if not inside.any():
        return [], np.full(len(moment), -1)
    unit = "1mo" if np.ptp(moment[inside]) > MONTHS_FROM_DAYS * DAY_S else "1w"
    stamps = pl.Series((np.nan_to_num(moment) * 1000).astype(np.int64)).cast(pl.Datetime("ms")).dt.truncate(unit)
    found = stamps.filter(pl.Series(inside)).unique().sort()
    place = np.searchsorted(found.cast(pl.Int64).to_numpy(), stamps.cast(pl.Int64).to_numpy())
    starts = [(one.date().isoformat(), one.replace(tzinfo=UTC).timestamp()) for one in found.to_list()]
    return starts, np.where(inside, place, -1)


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
