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
from artificer.line.judge.latency import MOST_S, timings
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer.measure.labels import decided, turned
from artificer.measure.lists import Listed
from artificer_runtime import Predictor

LEAST_S = 0.2  # that single predictions are timed for, however little time is left


@dataclass(frozen=True)
class Champion:
    """The version in service, and what it says of the rows, as `Seen.prediction`; None, and why, where it cannot."""

    version: str
    prediction: np.ndarray | None = None
    predictor: Predictor | None = None
    why: str = ""


@dataclass(frozen=True)
class Seen:
    """One model on one set of rows.

    Attributes
    ----------
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success) or value.
    prediction, linear : array of float64, (n_rows, n_classes) or (n_rows, 1)
        Columns in the order that `y` counts classes.
    constant : array of float64, (n_classes,) or (1,)
        What one would predict without looking at a row, learned from the training rows.
    level : float
        Of every interval: higher than 95% when the sealed rows were opened before.
    champion : Champion or None
        Where the brief asks how many decisions change, and a version is in service.
    """

    run: Run
    asked: Asked
    rows: Labelled
    y: np.ndarray
    prediction: np.ndarray
    linear: np.ndarray | None
    constant: np.ndarray
    metric: str
    level: float
    predictor: Predictor
    folder: Path
    champion: Champion | None = None

    @property
    def success(self) -> np.ndarray:
        """Probability of success: (n_rows,)."""
        column: np.ndarray = self.prediction[:, 1]
        return column

    def estimate(self, metric: str, prediction: np.ndarray) -> Estimate:
        """Score predictions of these rows that the model made."""
        prediction = self.decided(metric, prediction)
        return estimate(metric, self.y, prediction, self.rows.weight, groups=self.rows.group, level=self.level)

    def decided(self, metric: str, prediction: np.ndarray) -> np.ndarray:
        """Predictions of the model as a metric shall see them: where it reads labels, those that the model gives."""
        return decided(metric, prediction, turned(self.predictor.contents.multipliers, self.asked.positive))

    def against(self, other: np.ndarray, metric: str = "") -> Estimate:
        """How much better than other predictions of the same rows, in the plan's metric or another: positive if better."""
        return compare(
            metric or self.metric,
            self.y,
            self.decided(metric or self.metric, self.prediction),
            other,
            self.rows.weight,
            groups=self.rows.group,
            level=self.level,
        )

    @cached_property
    def took_ms(self) -> np.ndarray:
        """Milliseconds that single predictions took: float64 (n_timed,)."""
        most_s = min(MOST_S, max(LEAST_S, self.run.clock.left_s / 10))
        return timings(self.predictor, self.rows.frame, most_s)

    @cached_property
    def top(self) -> int:
        """Rows that are acted on in a period: the capacity, those that reach the threshold, or all."""
        capacity, threshold = self.run.brief.decision.capacity, self.run.brief.decision.threshold
        if threshold is not None:
            return int((self.success >= threshold).sum())
        return capacity.top if capacity else len(self.y)

    @cached_property
    def room(self) -> float:
        """How many rows a list holds, a row of weight 2 being two."""
        weight = np.ones(len(self.y)) if self.rows.weight is None else self.rows.weight
        capacity, threshold = self.run.brief.decision.capacity, self.run.brief.decision.threshold
        if threshold is not None:
            return float(weight[self.success >= threshold].sum())
        return float(capacity.top) if capacity else float(weight.sum())

    @property
    def listed(self) -> Listed:
        """The rows as lists are filled from them."""
        assert self.periods is not None
        return Listed(self.y, self.periods, self.rows.weight, self.rows.group)

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
        acts = decision.capacity is not None or decision.threshold is not None or decision.value is not None
        if self.asked.task != "binary" or not acts:
            return None
        if not self.period_s or self.rows.time is None:
            return np.zeros(len(self.y), np.int64)
        time = self.rows.time
        known = ~np.isnan(time)
        moments = np.unique(time[known])
        if len(moments) < 2:
            return np.full(len(time), -1)
        # A last period counts when rows reach its end, but for the usual step between moments: dates have no hours.
        end = moments[-1] - moments[0] + float(np.median(np.diff(moments)))
        period = (np.where(known, time, moments[0] - self.period_s) - moments[0]) // self.period_s
        return np.where(period < end // self.period_s, period, -1).astype(np.int64)

    @cached_property
    def n_periods(self) -> int:
        """Whole periods that hold rows."""
        return len(self.sizes)

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each whole period that holds any, a row of weight 2 being two: float64 (n_periods,)."""
        if self.periods is None:
            return np.empty(0)
        inside = self.periods >= 0
        place = np.unique(self.periods[inside], return_inverse=True)[1]
        return np.bincount(place, weights=self.listed.counted[inside])

    @property
    def chooses(self) -> bool:
        """Whether a list without periods leaves any row out: else it tells nothing about choosing."""
        return self.run.brief.decision.capacity is None or bool(self.period_s) or self.n_binding > 0

    @cached_property
    def n_binding(self) -> int:
        """Periods with more rows than the list holds."""
        return int((self.sizes > self.room).sum())
