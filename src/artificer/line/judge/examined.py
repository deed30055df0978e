"""What a test of a model is shown: predictions and labels at least, and what else there is of the model.

A test is a Check (`artificer.core.protocols.Check`) whose `needs` name attributes of `Examined`. A column of predictions
gives `prediction` alone; a scikit-learn-like model `predict` beside it; an estimator that can be trained again, or a run
of the line, `train` and `fit` too. A test whose needs are not there is told as not run, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl

from artificer.core.brief import Task
from artificer.core.records import Estimate, Finding
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate

Predict = Callable[[pl.DataFrame], np.ndarray]


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows.

    Attributes
    ----------
    frame : DataFrame
        The features, without the target.
    y : array of float64, (n_rows,)
        Class index (of two classes, 1 is success), or value.
    weight, time : array of float64, (n_rows,), or None
        Row weights; seconds since 1970.
    group : array of int64, (n_rows,), or None
    """

    frame: pl.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None
    time: np.ndarray | None = None
    group: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y)

    def taken(self, places: np.ndarray) -> Rows:
        """Some of the rows, by position or mask."""

        def some(values: np.ndarray | None) -> np.ndarray | None:
            return values[places] if values is not None else None

        chosen = self.frame.filter(places) if places.dtype == bool else self.frame[places]
        return Rows(chosen, self.y[places], some(self.weight), some(self.time), some(self.group))


@dataclass(frozen=True)
class Examined:
    """A model and rows that did not train it.

    Attributes
    ----------
    rows : Rows
        Rows that the model is judged on.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
        Its predictions of them; columns in the order in which `rows.y` counts classes.
    classes : tuple of str
        Names of the classes, success last of two; empty in regression.
    level : float
        Of every interval.
    predict : callable or None
        Features → predictions, shaped as `prediction`.
    train : Rows or None
        The rows that trained it.
    fit : callable or None
        (rows, seed) → `predict` of the same algorithm trained on these rows.
    previous : array or None
        Predictions of the same rows by the model that was in use before.
    protected : tuple of str
        Columns of `rows.frame` (or of `protected_values`) whose groups shall fare alike.
    effects : mapping of str to str
        Column to "increasing" or "decreasing": what the client demands.
    changeable : tuple of str
        Columns that a person can change.
    folder : Path or None
        Where the model's files lie.
    """

    task: Task
    metric: str
    rows: Rows
    prediction: np.ndarray
    classes: tuple[str, ...] = ()
    level: float = 0.95
    predict: Predict | None = None
    train: Rows | None = None
    fit: Callable[[Rows, int], Predict] | None = None
    previous: np.ndarray | None = None
    protected: tuple[str, ...] = ()
    effects: dict[str, str] = field(default_factory=dict)
    changeable: tuple[str, ...] = ()
    folder: Path | None = None

    def score(self, prediction: np.ndarray | None = None, metric: str = "", rows: Rows | None = None) -> Estimate:
        """Score predictions of the rows (by default the model's, in its metric), with an interval."""
        rows = rows or self.rows
        shown = self.prediction if prediction is None else prediction
        return estimate(metric or self.metric, rows.y, shown, rows.weight, groups=rows.group, level=self.level)

    def against(self, other: np.ndarray, prediction: np.ndarray | None = None, metric: str = "") -> Estimate:
        """How much better the model's predictions (or others) are than `other` on the same rows: positive if better."""
        shown = self.prediction if prediction is None else prediction
        rows = self.rows
        return compare(metric or self.metric, rows.y, shown, other, rows.weight, groups=rows.group, level=self.level)

    def has(self, need: str) -> bool:
        """Whether something that a test needs is there: an attribute of this record or of its rows."""
        value = getattr(self, need) if hasattr(self, need) else getattr(self.rows, need)
        return value is not None and (not isinstance(value, tuple | dict) or bool(value))


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A test made from a function; see `artificer.core.protocols.Check`."""

    code: str
    needs: frozenset[str]
    look: Callable[[Examined], Iterable[Finding]]
    API: ClassVar[int] = 1

    def __call__(self, seen: Examined) -> Iterable[Finding]:
        """Report what was found; a note where the test was passed, with what it could have seen."""
        return self.look(seen)


def examination(code: str, *needs: str) -> Callable[[Callable[[Examined], Iterable[Finding]]], BuiltIn]:
    """Make a test of a function: `needs` names the attributes of `Examined`, or of its rows, that it reads."""
    return lambda look: BuiltIn(code, frozenset(needs), look)
