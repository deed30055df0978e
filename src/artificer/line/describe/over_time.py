"""The target over time: its share or mean in each period, with an interval."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.measure.intervals import mean_t, wilson

MOST_PERIODS = 36
# Finest first; each with the way in which its periods are named.
LENGTHS = (("1d", "%Y-%m-%d"), ("1w", "%Y-%m-%d"), ("1mo", "%Y-%m"), ("1q", "%Y-%m"), ("1y", "%Y"), ("10y", "%Y"))


def target_over_time(asked: Asked, rows: Labelled) -> tuple[tuple[str, Estimate], ...]:
    """Estimate the target in each period of the training rows.

    Returns
    -------
    tuple of (str, Estimate)
        Name of the period (its first day), and the share of the class that counts as success (several classes: of the
        commonest) or the target's mean. At most 36 periods, of the finest length that keeps to that; those with fewer
        than two rows are left out. Empty where the brief names no time.
    """
    if rows.time is None:
        return ()
    known = ~np.isnan(rows.time)
    moments = pl.Series("moment", (rows.time[known] * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    values = rows.y[known] == shown_class(asked, rows) if asked.classes else rows.y[known]
    cuts = ((moments.dt.truncate(every), form) for every, form in LENGTHS)
    starts, form = next(cut for cut in cuts if cut[0].n_unique() <= MOST_PERIODS)
    periods = pl.DataFrame({"start": starts, "value": values}).group_by("start").agg("value").sort("start")
    names = periods["start"].dt.strftime(form).to_list()
    return tuple(
        (name, _estimate(np.asarray(cells), bool(asked.classes)))
        for name, cells in zip(names, periods["value"].to_list(), strict=True)
        if len(cells) > 1
    )


def shown_class(asked: Asked, rows: Labelled) -> int:
    """The class whose share stands for the target: the one that counts as success, else the commonest."""
    return asked.positive if asked.positive >= 0 else int(np.bincount(rows.y.astype(np.int64)).argmax())


def _estimate(values: np.ndarray, is_share: bool) -> Estimate:
    return wilson(int(values.sum()), len(values)) if is_share else mean_t(values)
