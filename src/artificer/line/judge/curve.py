"""Value against list length: what a period's list is worth, for lists from a few rows to all of them."""

from __future__ import annotations

import numpy as np

from artificer.core.records import Estimate
from artificer.line.judge.lines import worth
from artificer.line.judge.seen import Seen
from artificer.measure.lists import value_per_period

POINTS = 30


def value_curve(seen: Seen) -> tuple[tuple[int, Estimate], ...]:
    """Worth of a period's list at about 30 lengths; empty where the brief names no value."""
    if seen.periods is None or seen.run.brief.decision.value is None or not seen.n_periods:
        return ()
    acted, gained = worth(seen)
    largest = int(np.bincount(seen.periods[seen.periods >= 0]).max())
    lengths = np.unique(np.linspace(1, largest, POINTS).round().astype(int))
    if seen.run.brief.decision.capacity is not None:
        lengths = np.unique(np.append(lengths, min(seen.top, largest)))
    return tuple(
        (int(top), value_per_period(seen.success, acted, gained, seen.periods, int(top), level=seen.level))
        for top in lengths
    )
