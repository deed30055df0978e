"""A caller's own function as a metric, as scikit-learn writes them: (y_true, y_pred[, sample_weight]) → float."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import numpy as np

from artificer.core.brief import Task
from artificer.core.errors import BriefError
from artificer.measure.metrics import OWN, Metric, is_metric

Needs = Literal["", "proba", "label", "value"]

_NUMBERS = count(1)
SAME = 1e-9  # scores of right predictions that differ by less are one


@dataclass(frozen=True)
class OwnMetric:
    """A function and how it is to be read; called, it is the function."""

    function: Callable[..., Any]
    larger_is_better: bool = True
    needs: Needs = ""
    name: str = ""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call the function."""
        return self.function(*args, **named)


def as_metric(
    function: Callable[..., Any], *, larger_is_better: bool = True, needs: Needs = "", name: str = ""
) -> OwnMetric:
    """Say how a function is to be read as a metric: `Classifier(metric=as_metric(log_loss, larger_is_better=False, …))`.

    Parameters
    ----------
    function : callable (y_true, y_pred) or (y_true, y_pred, sample_weight) → float
    needs : {"proba", "label", "value"}, optional
        What `y_pred` is: of two classes the probability of the second, of more those of all (n_rows, n_classes); labels;
        or numbers. Default: labels of a classifier, numbers of a regressor.
    name : str, optional
        How it is called in reports; default: the function's own name.

    Raises
    ------
    BriefError
        When `needs` is none of these, or the function cannot be called.
    """
    if not callable(function):
        raise BriefError(f"as_metric takes a function (y_true, y_pred) → float, not {type(function).__name__}")
    if needs not in ("", "proba", "label", "value"):
        raise BriefError(f"as_metric: needs is '{needs}'; it is 'proba', 'label' or 'value'")
    return OwnMetric(function, larger_is_better, needs, name)


@dataclass(frozen=True)
class Labelling:
    """How the line's rows look to the caller.

    Attributes
    ----------
    classes : array, (n_classes,), or None
        The caller's labels in the order of class indices; None for numbers.
    turned : bool
        Whether metrics are shown two classes the other way round, the first as success.
    """

    task: Task
    classes: np.ndarray | None = None
    turned: bool = False
    weighted: bool = field(default=False, kw_only=True)


@contextmanager
def registered(given: Callable[..., Any], labelling: Labelling) -> Iterator[str]:
    """Let `metric` find a caller's function under a name of its own, until the block ends.

    Raises
    ------
    BriefError
        When it needs what the task does not predict, does not take the weights that are given, or gives no number.
    """
    _refuse_scorer(given.function if isinstance(given, OwnMetric) else given)
    own = given if isinstance(given, OwnMetric) else as_metric(given, larger_is_better=_is_gain(given))
    adapted = _Adapted(own, labelling, _needed(own, labelling), _takes_weight(own.function))
    called = own.name or getattr(own.function, "__name__", type(own.function).__name__)
    if labelling.weighted and not adapted.takes_weight:
        raise BriefError(
            f"the metric {called} takes no sample_weight, and rows have weights: give it that parameter, or fit without"
        )
    best = adapted.check(called)
    name = called if not is_metric(called) else f"{called} (own)"
    name = name if name not in OWN else f"{name} #{next(_NUMBERS)}"
    OWN[name] = Metric(name, (labelling.task,), own.larger_is_better, best, None, adapted.score)
    try:
        yield name
    finally:
        del OWN[name]


@dataclass(frozen=True)
class _Adapted:
    """A caller's function called as metrics are, once for the same rows: half of what a fit asks was asked before.

    Attributes
    ----------
    told : hash of labels, predictions and weights → what the function gave
    """

    own: OwnMetric
    labelling: Labelling
    needs: Needs
    takes_weight: bool
    told: dict[bytes, float] = field(default_factory=dict)

    def score(self, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray) -> float:
        """As metrics are called; what the function refuses with a ValueError cannot be scored, as rows of one class."""
        try:
            return self.called(y, prediction, weight)
        except ValueError:
            return float("nan")

    def called(self, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray) -> float:
        classes = self.labelling.classes
        truth, shown = y, prediction
        if classes is not None:
            if self.labelling.turned:
                truth, shown = 1.0 - y, prediction[:, ::-1]
            truth = classes[truth.astype(np.int64)]
            if self.needs == "label":
                shown = classes[shown.argmax(axis=1)]
            elif len(classes) == 2:
                shown = shown[:, 1]
        given = {"sample_weight": weight} if self.takes_weight and self.labelling.weighted else {}
        key = _digest(truth, shown, *given.values())
        if key not in self.told:
            self.told[key] = float(self.own.function(truth, shown, **given))
        return self.told[key]

    def check(self, called: str) -> float:
        """Call it on rows of every class and predictions that are right, so that a mistake shows before training.

        Returns
        -------
        float
            What right predictions score where that does not hang on the rows: no score is better. Else infinity, of the sign
            that is better.
        """
        n_classes = len(self.labelling.classes) if self.labelling.classes is not None else 0
        few = np.tile(np.arange(n_classes), 2).astype(np.float64) if n_classes else np.arange(1.0, 9.0)
        other = np.append(few, [0.0, 0.0, 0.0]) if n_classes else few**2
        asked = ((few, few), (other, other), (few, np.roll(few, 1)))
        try:
            right, also, wrong = (self.called(y, _sure(told, n_classes), np.ones(len(y))) for y, told in asked)
        except (TypeError, ValueError) as error:
            raise BriefError(
                f"the metric {called} cannot be called with (y_true, y_pred) of {self.needs or 'value'}s: {error}; "
                "see artificer.as_metric(function, needs=…)"
            ) from error
        if not np.isfinite(right):
            raise BriefError(f"the metric {called} gives {right} for predictions that are right; it must give a number")
        sign = 1.0 if self.own.larger_is_better else -1.0
        if sign * (right - wrong) < -SAME:
            raise BriefError(
                f"the metric {called} gives {right:.4g} for predictions that are right and {wrong:.4g} for wrong ones, and "
                f"{'larger' if sign > 0 else 'smaller'} counts as better; give "
                f"artificer.as_metric({called}, larger_is_better={sign < 0})"
            )
        exact = self.needs != "proba" and abs(right - also) < SAME  # probabilities that are right can still be surer
        return right if exact else sign * float("inf")


def _digest(*arrays: np.ndarray) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for one in arrays:
        made.update(f"{one.shape}{one.dtype.str}".encode())
        made.update(repr(one.tolist()).encode() if one.dtype.hasobject else np.ascontiguousarray(one).tobytes())
    return made.digest()


def _sure(y: np.ndarray, n_classes: int) -> np.ndarray:
    return 0.9 * np.eye(n_classes)[y.astype(np.int64)] + 0.1 / n_classes if n_classes else y


def _refuse_scorer(given: Callable[..., Any]) -> None:
    """What `make_scorer` makes is called with a model and its rows, which no fold has."""
    function = getattr(given, "_score_func", None)
    if callable(function) and hasattr(given, "_sign"):
        name = getattr(function, "__name__", "its function")
        raise BriefError(
            f"metric is a scorer of scikit-learn, called with (model, X, y); a metric is called with (y_true, y_pred): give "
            f"its function, {name}, or, with settings, lambda y_true, y_pred: {name}(y_true, y_pred, …); of a loss, or a "
            "function of probabilities, say so by artificer.as_metric(function, larger_is_better=False, needs='proba')"
        )


def _needed(own: OwnMetric, labelling: Labelling) -> Needs:
    fitting: tuple[Needs, ...] = ("value",) if labelling.task == "regression" else ("label", "proba")
    if own.needs and own.needs not in fitting:
        raise BriefError(
            f"the metric {own.name or own.function} needs '{own.needs}', and the prediction is {labelling.task}: "
            f"{' or '.join(fitting)}"
        )
    return own.needs or fitting[0]


def _is_gain(given: Callable[..., Any]) -> bool:
    return bool(getattr(given, "larger_is_better", True))


def _takes_weight(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # built-in functions may have none
        return False
    return "sample_weight" in parameters
