"""Whom the brief's decision would act on, and what that is worth."""

from __future__ import annotations

import numpy as np

from artificer.data.expression import amounts
from artificer.line.judge.seen import Seen
from artificer.measure.lists import expected_picks


def chosen(seen: Seen) -> np.ndarray:
    """Share of an action that each row gets: float64 (n_rows,); NaN where the row's period is not whole.

    The rows on the list, those that reach the threshold, or those that pay; with no decision in the brief, those whose
    label is success.
    """
    decision = seen.run.brief.decision
    if decision.capacity is not None and seen.periods is not None:
        picks = expected_picks(seen.success, seen.periods, seen.room, seen.rows.weight)
        return np.where(seen.periods >= 0, picks, np.nan)
    if decision.threshold is not None:
        return np.asarray(seen.success >= decision.threshold, np.float64)
    if decision.value is not None:
        acted, success = worth(seen)
        return np.asarray(acted + success * seen.success > 0, np.float64)
    return np.asarray(seen.decided("accuracy", seen.prediction).argmax(axis=1) == 1, np.float64)


def worth(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """What acting on each row costs, and what it brings if it succeeds: float64 (n_rows,) each."""
    value = seen.run.brief.decision.value
    assert value is not None
    return _amount(seen, value.acted, "acted"), _amount(seen, value.success, "success")


def _amount(seen: Seen, given: float | str, name: str) -> np.ndarray:
    if isinstance(given, str):
        return amounts(given, seen.rows.frame, f"decision.value.{name}")
    return np.full(len(seen.y), float(given))
