"""By when training has to end: a share of the time limit of the run at hand, which no stored plan may hold.

A plan is used again by runs of other limits (of 20 s at most, or where learners are named): were the share in it, a run of a
minute would stop after 42 s where one of 5 s came before it, and one of 5 s would have half a second to judge and ship in.
"""

from __future__ import annotations

from artificer.core.clock import Clock
from artificer.core.run import Run

# Shares of the time limit, from the start of the command: where a model is judged and shipped after it, where it is not,
# and of a short limit at least.
JUDGED, ALONE, SHORTEST = 0.9, 0.97, 0.6
# Seconds that judge and ship take: 3.5 to 5 with 26 columns and 250 sealed rows, on one core.
JUDGED_S = 4.0


def trained_by(run: Run) -> Clock:
    """The clock of `fit` and `refine`, which a first Ctrl-C ends too."""
    return run.limit("refine", trained_share(run)).until(run.stop)


def trained_share(run: Run) -> float:
    """Share of the time limit at which refits must have ended, 0 to 1."""
    return max(SHORTEST, min(JUDGED, 1 - JUDGED_S / run.brief.run.limit_s)) if run.judged else ALONE
