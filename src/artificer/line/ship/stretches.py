"""Stretches of time: months, or weeks where rows span less than a month and a half."""

from __future__ import annotations

from datetime import UTC

import numpy as np
import polars as pl

MONTHS_FROM_DAYS = 45
DAY_S = 86_400.0


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
