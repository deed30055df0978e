"""How many decisions another version would change."""

from __future__ import annotations

import numpy as np

from artificer.core.brief import Brief
from artificer.data.expression import amounts
from artificer.line.ask.durations import seconds
from artificer.line.update.meeting import Meeting
from artificer.measure.lists import expected_picks

MONDAY_S = 4 * 86_400.0  # periods are counted from Monday, 5 January 1970


def flipped(brief: Brief, rows: Meeting, first: np.ndarray, second: np.ndarray) -> float:
    """Share of the rows on which two versions decide otherwise, 0 to 1.

    Without a decision in the brief: of classes, the share whose predicted class changes; of numbers, of those whose
    prediction moves by more than the first version's median error.
    """
    if first.shape[1] == 1:
        typical = float(np.median(np.abs(rows.y - first[:, 0])))
        return float((np.abs(first[:, 0] - second[:, 0]) > typical).mean())
    if first.shape[1] > 2:
        return float((first.argmax(axis=1) != second.argmax(axis=1)).mean())
    return float(np.abs(_acts(brief, rows, first[:, 1]) - _acts(brief, rows, second[:, 1])).mean())


def _acts(brief: Brief, rows: Meeting, success: np.ndarray) -> np.ndarray:
    """Chance of each row to be acted on, by its probability of success: float64 (n_rows,)."""
    decision = brief.decision
    if decision.threshold is not None:
        return np.asarray(success >= decision.threshold, float)
    if decision.capacity is not None:
        return expected_picks(success, _periods(brief, rows), decision.capacity.top)
    if decision.value is not None:
        acted, gained = _amount(decision.value.acted, rows, "acted"), _amount(decision.value.success, rows, "success")
        return np.asarray(acted + gained * success > 0, float)
    return np.asarray(success >= 0.5, float)


def _periods(brief: Brief, rows: Meeting) -> np.ndarray:
    capacity = brief.decision.capacity
    if capacity is None or not capacity.every or rows.time is None:
        return np.zeros(rows.n_rows, np.int64)
    length = seconds(capacity.every, "decision.capacity.every")
    period = np.floor((np.nan_to_num(rows.time) - MONDAY_S) / length)
    return np.asarray(np.unique(period, return_inverse=True)[1], np.int64)


def _amount(given: float | str, rows: Meeting, name: str) -> np.ndarray:
    if isinstance(given, str):
        return amounts(given, rows.frame, f"decision.value.{name}")
    return np.full(rows.n_rows, float(given))
