"""Value against list length: what a period's list is worth, for lists from a few rows to all of them."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Estimate
from artificer.line.judge.acted import worth
from artificer.line.judge.seen import Seen
from artificer.measure.lists import value_per_period

POINTS = 30


def value_curve(seen: Seen) -> tuple[tuple[int, Estimate], ...]:
    """Worth of a period's list at about 30 lengths; empty where the brief names no value."""
    if seen.periods is None or seen.run.brief.decision.value is None or not seen.n_periods:
        return ()
    acted, success = worth(seen)
    largest = int(seen.sizes.max())
    lengths = {*np.linspace(1, largest, POINTS).round().astype(int).tolist(), max(1, min(seen.top, largest))}
    return tuple(
        (top, value_per_period(seen.listed, seen.success, acted, success, top, level=seen.level))
        for top in sorted(lengths)
    )
