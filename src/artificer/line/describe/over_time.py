"""The target over time: its share or mean in each period, with an interval."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.records import Estimate
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.measure.means import mean_of_rows, share_of

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
        than two rows, or groups, are left out. Empty where rows have no dates.
    """
    if rows.time is None:
        return ()
    known = ~np.isnan(rows.time)
    moments = pl.Series("moment", (rows.time[known] * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    values = (rows.y[known] == shown_class(asked, rows)).astype(np.float64) if asked.classes else rows.y[known]
    cuts = ((moments.dt.truncate(every), form) for every, form in LENGTHS)
    starts, form = next(cut for cut in cuts if cut[0].n_unique() <= MOST_PERIODS)
    group = None if rows.group is None else rows.group[known]
    mean = share_of if asked.classes else mean_of_rows
    periods = pl.DataFrame({"start": starts}).with_row_index("place").group_by("start").agg("place").sort("start")
    found = (
        (name, mean(values[some], None, None if group is None else group[some], level=0.95))
        for name, some in zip(periods["start"].dt.strftime(form).to_list(), periods["place"].to_list(), strict=True)
    )
    return tuple((name, one) for name, one in found if one.n > 1)


def shown_class(asked: Asked, rows: Labelled) -> int:
    """The class whose share stands for the target: the one that counts as success, else the commonest."""
    return asked.positive if asked.positive >= 0 else int(np.bincount(rows.y.astype(np.int64)).argmax())
