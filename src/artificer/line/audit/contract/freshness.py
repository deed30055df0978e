"""How old the newest row of a delivery may be: twice the longest stretch without rows, and the time between deliveries.

Of 100 stretches the next is longer than the longest with a chance of one in 101, whatever their distribution (Hahn and Meeker
1991, "Statistical Intervals", ch. 5); twice as long leaves room for that one. Rows that were older than that already when
they were learned from, a file of years ago, tell nothing of how old later ones should be.
"""

from __future__ import annotations

import numpy as np

from artificer.core.stages import Rule

FEWEST_STRETCHES = 100
ROOM = 2.0
DAY_S = 86_400.0


def freshness_of(name: str, time: np.ndarray, newest: float, now: float, every: float = 0.0) -> list[Rule]:
    """Limit the age of the newest row.

    Parameters
    ----------
    time : array of float64, (n_rows,)
        Moments of training rows, seconds since 1970; NaN where missing.
    newest : float
        Of all rows, those too that no stage may open.
    now : float
        When they are learned from.
    every : float
        Seconds between deliveries.
    """
    days = np.unique(np.floor(time[~np.isnan(time)] / DAY_S))
    if len(days) <= FEWEST_STRETCHES:
        return []
    longest = float(np.diff(days).max())
    within = ROOM * longest * DAY_S + every
    if not 0 <= now - newest <= within:
        return []
    said = f"twice the longest of {len(days) - 1:,} stretches between days with rows ({longest:,.0f} days)"
    return [Rule("fresh", (name,), high=within, learned=said + (", and the time between deliveries" if every else ""))]
