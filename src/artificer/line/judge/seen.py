"""What the tests of one verdict see: rows, labels, predictions, and the level of every interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from artificer.core.records import Estimate
from artificer.core.run import Run
from artificer.core.stages import Asked
from artificer.line.ask.durations import seconds
from artificer.line.ask.rows import Labelled
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer_runtime import Predictor


@dataclass(frozen=True)
class Seen:
    """One model on one set of rows.

    Attributes
    ----------
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    prediction, linear : array of float64, (n_rows, n_classes) or (n_rows, 1)
        Columns in the order that `y` counts classes.
    train_y : array of float64
        Labels of the training rows, counted likewise.
    level : float
        Of every interval: higher than 95% when the sealed rows were opened before.
    """

    run: Run
    asked: Asked
    rows: Labelled
    y: np.ndarray
    prediction: np.ndarray
    linear: np.ndarray | None
    train_y: np.ndarray
    metric: str
    level: float
    predictor: Predictor
    folder: Path

    @property
    def success(self) -> np.ndarray:
        """Probability of success: (n_rows,)."""
        column: np.ndarray = self.prediction[:, 1]
        return column

    def estimate(self, metric: str, prediction: np.ndarray) -> Estimate:
        """Score predictions of these rows."""
        return estimate(metric, self.y, prediction, self.rows.weight, groups=self.rows.group, level=self.level)

    def against(self, other: np.ndarray) -> Estimate:
        """How much better than other predictions of the same rows: positive where the model is better."""
        return compare(
            self.metric, self.y, self.prediction, other, self.rows.weight, groups=self.rows.group, level=self.level
        )

    @cached_property
    def top(self) -> int:
        """Rows that can be acted on in a period; all of them where the brief names no capacity."""
        capacity = self.run.brief.decision.capacity
        return capacity.top if capacity else len(self.y)

    @cached_property
    def period_s(self) -> float:
        """Length of the capacity's period in seconds; 0 when the rows are one list."""
        capacity = self.run.brief.decision.capacity
        if capacity is None or not capacity.every or self.rows.time is None:
            return 0.0
        return seconds(capacity.every, "decision.capacity.every")

    @cached_property
    def periods(self) -> np.ndarray | None:
        """Period of each row, -1 in the last one if it is not whole; None where nothing is acted on."""
        decision = self.run.brief.decision
        if self.asked.task != "binary" or (decision.capacity is None and decision.value is None):
            return None
        if not self.period_s or self.rows.time is None:
            return np.zeros(len(self.y), np.int64)
        time = self.rows.time
        known = ~np.isnan(time)
        passed = np.where(known, time, 0.0) - (np.nanmin(time) if known.any() else 0.0)
        period = np.where(known, passed // self.period_s, -1).astype(np.int64)
        # A last period counts when rows reach its end: to the day, since dates have no hours.
        end = passed[known].max() + 86_400 if known.any() else 0.0
        n_whole = int(end // self.period_s)
        return np.where(period < n_whole, period, -1)

    @cached_property
    def n_periods(self) -> int:
        """Whole periods that hold rows."""
        return len(np.unique(self.periods[self.periods >= 0])) if self.periods is not None else 0

    @cached_property
    def n_binding(self) -> int:
        """Periods with more rows than the list holds."""
        if self.periods is None:
            return 0
        return int((np.bincount(self.periods[self.periods >= 0]) > self.top).sum())
