"""What a test of a model is shown: predictions and labels at least, and what else there is of the model.

A test is a Check (`artificer.core.protocols.Check`) whose `needs` name attributes of `Examined`. A column of predictions
gives `prediction` alone; a scikit-learn-like model `predict` beside it; an estimator that can be trained again `train` and
`fit` too. A test whose needs are not there is told as not run, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl

from artificer.core.brief import Task
from artificer.core.errors import ArtificerError
from artificer.core.records import Estimate, Finding
from artificer.measure.compare import compare
from artificer.measure.intervals import estimate
from artificer.measure.labels import decided
from artificer_runtime.outcome import weighed

Predict = Callable[[pl.DataFrame], np.ndarray]


class UnfinishedError(ArtificerError):
    """A test had to stop before it knew: it is told as not run, with the reason."""


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

        chosen = self.frame  # no columns: nothing to take from
        if chosen.width:
            chosen = chosen.filter(places) if places.dtype == bool else chosen[places]
        return Rows(chosen, self.y[places], some(self.weight), some(self.time), some(self.group))

    def sampled(self, most: int) -> Rows:
        """At most so many of the rows, drawn with a fixed seed, in their order."""
        return self if len(self) <= most else self.taken(drawn(len(self), most))


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
    fitted : str
        What `fit` trains, where that is not the whole model.
    most_trained : int
        Rows that one training may read.
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
    linear : array or None
        Predictions of the same rows by a linear model.
    multipliers : tuple of float
        Of each class's probability before the largest gives the label; empty when the label is the likeliest class.
    intervals : array of float64, (n_rows, 2), or None
        Low and high ends that shall hold a share of `intervals_level` of the values.
    made_from : bool
        Whether the judged rows are the very data that the model was made from, as far as it says so itself.
    verdict : Estimate or None
        Its score by this metric in its own verdict, on rows that did not train it.
    took_ms : array of float64, (n_timed,), or None
        Milliseconds that predictions of one row took, if they were timed before.
    most_rows : int
        How many rows a test predicts anew for each change that it tries.
    reasons : mapping of str to str
        Why a need is not there, where there is more to say.
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
    fitted: str = ""
    most_trained: int = 40_000
    previous: np.ndarray | None = None
    protected: tuple[str, ...] = ()
    effects: dict[str, str] = field(default_factory=dict)
    changeable: tuple[str, ...] = ()
    folder: Path | None = None
    linear: np.ndarray | None = None
    multipliers: tuple[float, ...] = ()
    intervals: np.ndarray | None = None
    intervals_level: float = 0.9
    made_from: bool = False
    verdict: Estimate | None = None
    took_ms: np.ndarray | None = None
    most_rows: int = 1_000
    reasons: dict[str, str] = field(default_factory=dict)

    def score(self, prediction: np.ndarray | None = None, metric: str = "", rows: Rows | None = None) -> Estimate:
        """Score predictions of the rows (by default the model's, in its metric), with an interval."""
        rows = rows or self.rows
        name = metric or self.metric
        shown = self._decided(name, self.prediction if prediction is None else prediction)
        return estimate(name, rows.y, shown, rows.weight, groups=rows.group, level=self.level)

    def against(self, other: np.ndarray, prediction: np.ndarray | None = None, metric: str = "") -> Estimate:
        """How much better the model's predictions (or others) are than `other` on the same rows: positive if better."""
        name, rows = metric or self.metric, self.rows
        shown = self._decided(name, self.prediction if prediction is None else prediction)
        return compare(name, rows.y, shown, other, rows.weight, groups=rows.group, level=self.level)

    def lost(self, changed: np.ndarray) -> Estimate:
        """How much better the model's predictions are than those it makes of the same rows when these are changed."""
        return self.between(self.prediction, changed)

    def between(self, first: np.ndarray, second: np.ndarray) -> Estimate:
        """How much better one kind of the model's predictions is than another: positive if the first is."""
        return self.against(self.as_scored(second), first)

    def as_scored(self, prediction: np.ndarray) -> np.ndarray:
        """Predictions of the model as its metric shall see them: where it reads labels, those that the model gives."""
        return self._decided(self.metric, prediction)

    def labels(self, prediction: np.ndarray) -> np.ndarray:
        """Class that the model names for each row: int64 (n_rows,)."""
        return np.asarray(weighed(prediction, self.multipliers).argmax(axis=1))

    def sampled(self, most: int) -> Examined:
        """The same model on at most so many of the rows, drawn with a fixed seed, in their order."""
        if len(self.rows) <= most:
            return self
        places = drawn(len(self.rows), most)
        named = ("prediction", "previous", "linear", "intervals")
        arrays = {name: getattr(self, name)[places] for name in named if getattr(self, name) is not None}
        return replace(self, rows=self.rows.taken(places), **arrays)

    def _decided(self, metric: str, prediction: np.ndarray) -> np.ndarray:
        return decided(metric, prediction, self.multipliers)

    def has(self, need: str) -> bool:
        """Whether something that a test needs is there: an attribute of this record or of its rows; "a|b" is either."""
        return any(self._has(one) for one in need.split("|"))

    def _has(self, need: str) -> bool:
        value = getattr(self, need) if hasattr(self, need) else getattr(self.rows, need)
        return value is not None and (not isinstance(value, tuple | dict) or bool(value))


def drawn(n_rows: int, most: int) -> np.ndarray:
    """Positions of at most so many rows, the same each time, in their order: int64 (n_drawn,)."""
    return np.sort(np.random.default_rng(0).permutation(n_rows)[:most])


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
