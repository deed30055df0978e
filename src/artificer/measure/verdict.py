"""From an estimate and its bound to met, not shown or unmet, and to how many rows would show it."""

from __future__ import annotations

import math

from artificer.core.records import Estimate, Outcome


def outcome(estimate: Estimate, at_least: float | None = None, at_most: float | None = None) -> Outcome:
    """Met when the whole interval lies on the right side of the bound, unmet when it lies on the wrong one.

    >>> outcome(Estimate(0.8, 0.75, 0.85, "DeLong", 900), at_least=0.7)
    'met'
    """
    if any(math.isnan(one) for one in (estimate.value, estimate.low, estimate.high)):
        return "not shown"
    if at_least is not None:
        return "met" if estimate.low >= at_least else "unmet" if estimate.high < at_least else "not shown"
    assert at_most is not None
    return "met" if estimate.high <= at_most else "unmet" if estimate.low > at_most else "not shown"


def rows_to_show(
    estimate: Estimate, n_rows: int, at_least: float | None = None, at_most: float | None = None
) -> int | None:
    """Rows at which the interval would clear the bound if the estimate is the truth: intervals shrink with the root.

    Returns
    -------
    int or None
        None where no number of rows would: the estimate is on the wrong side, or on the bound.
    """
    bound = at_least if at_least is not None else at_most
    assert bound is not None
    gap = estimate.value - bound if at_least is not None else bound - estimate.value
    reach = estimate.value - estimate.low if at_least is not None else estimate.high - estimate.value
    if not gap > 0 or not math.isfinite(reach):
        return None
    return math.ceil(n_rows * (reach / gap) ** 2)
