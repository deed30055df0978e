"""Any model that predicts, and any column of predictions: into what the tests are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from artificer.core.brief import Target
from artificer.core.errors import BriefError, DataError, closest, there_are
from artificer.core.figures import counted
from artificer.data.moments import as_time
from artificer.data.readers import read
from artificer.line.ask.labels import Labels, numeric, read_labels
from artificer.line.ask.rows import codes_of, weights
from artificer.line.judge.about import BESIDE, About
from artificer.line.judge.examination import Examination, examined
from artificer.line.judge.examined import Examined, Predict, Rows
from artificer.line.judge.foreign import asked, fit_weights
from artificer.line.judge.native import Native
from artificer.line.judge.predictions import are_numbers, as_prediction
from artificer.measure.metrics import default_metric, metric, names
from artificer.measure.own import Labelling, registered
from artificer_runtime.predictor import typed
from artificer_runtime.schema import canonical_text

Pair = tuple[Any, Any]
MOST_NAMED = 5
Kind = Literal["", "class", "number"]


def examine(
    model: Any,
    X: Any,
    y: Any,
    *,
    train: Pair | None = None,
    previous: Any = None,
    refit: bool = True,
    **about: Any,
) -> Examination:
    """Test a model on labelled rows that did not train it.

    Parameters
    ----------
    model : estimator, or callable
        With `predict`, and of classes `predict_proba`, as scikit-learn has them; or a function from rows to predictions.
    X : frame of pandas or polars, or array, (n_rows, n_features)
        Handed to the model as what it is; columns of an array are called "x0", "x1" and so on.
    y : array or series, (n_rows,)
    train : (X, y), optional
        The rows that trained it: more tests run.
    previous : model or array, optional
        The model in use, or its predictions of the same rows.
    refit : bool
        Whether tests may train the estimator again on `train`, with other seeds and on parts of the rows.
    **about
        As the attributes of `About`: metric, positive, time, weight, group, protected, changeable, effects, level.

    Raises
    ------
    DataError, BriefError
        When rows, labels or options are not what they must be.
    """
    with options(about, y, model) as told:
        return examined(shown(model, X, y, train=train, previous=previous, refit=refit, about=told))


def examine_predictions(y: Any, prediction: Any, X: Any = None, *, previous: Any = None, **about: Any) -> Examination:
    """Test a column of predictions against labels, with no model at hand.

    Parameters
    ----------
    y, prediction : array or series, (n_rows,)
        Predictions are labels, numbers, or chances: of two classes of `positive`, else (n_rows, n_classes).
    X : frame, optional
        Columns of the same rows.
    previous : array or series, optional
        Predictions of the model in use.
    **about
        As for `examine`.
    """
    frame = _frame(X) if X is not None else pl.DataFrame()
    given = _series(y)
    kind: Kind = "number" if are_numbers(prediction, given) else ""
    with options(about, given, kind=kind) as told:
        labels = _labels(given, (), told, kind=kind)
        rows = _rows(frame, given, labels, told)
        before = None if previous is None else as_prediction(previous, labels, len(rows))
        return examined(_examined(rows, as_prediction(prediction, labels, len(rows)), labels, told, before))


@contextmanager
def options(given: Mapping[str, Any], y: Any, model: Any = None, *, kind: Kind = "") -> Iterator[About]:
    """What a caller says by name, see `About.told`; a function that is the metric has a name until the block ends.

    Raises
    ------
    DataError, BriefError
        When labels or options are not what they must be, or the function cannot be called as a metric is.
    """
    own = given.get("metric")
    if not callable(own):
        yield About.told(given)
        return
    about = About.told({**given, "metric": ""})
    kind = kind or ("number" if getattr(own, "needs", "") == "value" else _kind_of(model))
    labels = _labels(_series(y), _classes_of(model), about, kind=kind)
    classes = typed(labels.classes, labels.kind) if labels.classes else None
    weighted = not (isinstance(about.weight, str) and not about.weight)
    with registered(own, Labelling(labels.task, classes, labels.positive == 0, weighted=weighted)) as name:
        yield replace(about, metric=name)


def shown(
    model: Any,
    X: Any,
    y: Any,
    *,
    about: About,
    train: Pair | None = None,
    previous: Any = None,
    refit: bool = True,
    folder: Path | None = None,
) -> Examined:
    """What the tests are shown of a model; see `examine`."""
    native, given = Native(X), _series(y)
    labels = _labels(given, _classes_of(model), about, kind=_kind_of(model))
    form = getattr(model, "forms", {}).get(about.time, "") if isinstance(about.time, str) else ""
    rows = _read(model, native, _rows(native.frame, given, labels, about, form), about)
    predict = _predictor(model, native, labels)
    trained = None
    if train is not None:
        of_train = about.of_other_rows()
        trained = _read(model, native, _rows(Native(train[0]).frame, train[1], labels, of_train, form), of_train)
    return _examined(
        rows,
        predict(rows.frame),
        labels,
        about,
        _before(previous, native, labels),
        predict=predict,
        train=trained,
        fit=_fitter(model, native, labels) if trained is not None and refit else None,
        multipliers=_turned(tuple(getattr(model, "multipliers", ())), labels),
        folder=folder,
    )


def _before(previous: Any, native: Native, labels: Labels) -> np.ndarray | None:
    """Predictions of the model in use, which may read columns that the new one does not."""
    if previous is None:
        return None
    if hasattr(previous, "predict") or callable(previous):
        _refuse_lacking(_reads(previous, native), native.frame)
        return _predictor(previous, native, labels)(native.frame)
    return as_prediction(previous, labels, native.frame.height)


def _read(model: Any, native: Native, rows: Rows, about: About) -> Rows:
    """Of a frame the columns that the model says it reads, and the protected ones; others are not its business."""
    reads = _reads(model, native)
    _refuse_lacking(reads, rows.frame)
    kept = [name for name in rows.frame.columns if name in reads or name in about.protected]
    return replace(rows, frame=rows.frame.select(kept)) if reads else rows


def _reads(model: Any, native: Native) -> list[str]:
    """The columns that the model says it reads; of a frame of pandas none where they are not all there: it says so itself."""
    named = [str(name) for name in getattr(model, "feature_names_in_", getattr(model, "feature_names_", ()))]
    if isinstance(native.given, np.ndarray):
        return []
    return named if isinstance(native.given, pl.DataFrame) or {*named} <= {*native.frame.columns} else []


def _examined(
    rows: Rows, prediction: np.ndarray, labels: Labels, about: About, previous: np.ndarray | None, **more: Any
) -> Examined:
    return Examined(
        task=labels.task,
        metric=_metric(about.metric, labels, prediction),
        rows=rows,
        prediction=prediction,
        classes=labels.classes[::-1] if labels.positive == 0 else labels.classes,
        level=about.level,
        previous=previous,
        protected=tuple(about.protected),
        changeable=tuple(about.changeable),
        effects=dict(about.effects or {}),
        **more,
    )


def _metric(name: str, labels: Labels, prediction: np.ndarray) -> str:
    """The metric that is asked for; else the task's, but accuracy where there are labels and no chances."""
    if name:
        found = metric(name)
        if labels.task not in found.tasks:
            raise BriefError(f"the metric '{name}' is not for this task; {', '.join(names(labels.task))} are")
        return found.name
    only_labels = bool(labels.classes) and bool(np.isin(prediction, (0.0, 1.0)).all())
    return "accuracy" if only_labels else default_metric(labels.task)


def _labels(y: pl.Series, known: Sequence[Any], about: About, kind: Kind) -> Labels:
    """What is predicted: classes that the model knows count, whether the rows have them or not."""
    positive = "" if about.positive is None else canonical_text(about.positive)
    if not kind and about.metric and y.dtype.is_numeric() and metric(about.metric).tasks == ("regression",):
        kind = "number"
    if y.null_count():
        raise DataError(f"y is missing in {counted(y.null_count(), 'row')}; give the rows that have a label")
    if kind == "number" and y.dtype.is_numeric() and y.n_unique() == 1 and isfinite(float(y[0])):
        return Labels("regression", (), "number", -1, ())  # nothing can be learned of them, but a model be judged
    both = y
    if known:
        try:
            both = pl.concat([y, pl.Series(y.name, list(known), y.dtype)])
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise DataError(
                f"y holds {y.dtype} and the model predicts {known[0]!r}: give labels as it has them"
            ) from error
        _refuse_unknown(y, both[len(y) :])
    labels = read_labels(both, Target(column=y.name, positive=positive, kind=kind), tested=False)
    return labels if positive or labels.task != "binary" else _last_positive(labels)


def _refuse_unknown(y: pl.Series, known: pl.Series) -> None:
    classes = [canonical_text(one) for one in known.to_list()]
    strange = y.filter(~y.map_elements(canonical_text, pl.String).is_in(classes))
    if len(strange):
        names = sorted({canonical_text(one) for one in strange.to_list()})
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise DataError(
            f"the labels hold {', '.join(map(repr, names[:MOST_NAMED]))}{more}, in {len(strange):,} of {len(y):,} rows, and "
            f"the model knows the classes {', '.join(map(repr, classes))} alone{closest(names[0], classes, 'closest class')}; "
            "write labels as it has them, or leave those rows out"
        )


def _last_positive(labels: Labels) -> Labels:
    return Labels(labels.task, labels.classes, labels.kind, 1, labels.decisions)


def _rows(frame: pl.DataFrame, y: Any, labels: Labels, about: About, form: str = "") -> Rows:
    given = _series(y)
    if frame.width and frame.height != len(given):
        raise DataError(f"X has {frame.height:,} rows and y {len(given):,}; they must be of one length")
    for name in about.columns:
        if name not in frame.columns:
            raise DataError(f"there is no column '{name}' among the features{there_are(name, frame.columns)}")
    for name in about.effects or {}:
        if not frame[name].dtype.is_numeric():
            raise DataError(
                f"'{name}' holds {frame[name].dtype}, and effects are those of numbers: leave it out of effects"
            )
    try:
        numbers = numeric(given, labels.classes)
    except KeyError as error:
        raise DataError(f"y holds {error}, which is none of the classes {', '.join(labels.classes)}") from error
    weight, time, group = (_beside(frame, name, getattr(about, name), len(given)) for name in BESIDE)
    return Rows(
        frame,
        1.0 - numbers if labels.positive == 0 else numbers,
        weights(weight) if weight is not None else None,
        _moments(time, form) if time is not None else None,
        codes_of(group) if group is not None else None,
    )


def _beside(frame: pl.DataFrame, what: str, given: Any, n_rows: int) -> pl.Series | None:
    """The weights, moments or groups of the rows: a column of them, or values beside them."""
    if isinstance(given, str):
        return frame[given] if given else None
    values = _series(given, what)
    if len(values) != n_rows:
        raise DataError(f"{what} has {len(values):,} values and y {n_rows:,}; they must be of one length")
    return values


def _moments(column: pl.Series, form: str) -> np.ndarray:
    """Each row's moment, where most of them can be read as one: texts in the format of the model, if it has one.

    Raises
    ------
    DataError
        When the column holds something else.
    """
    found = as_time(column, form) if column.dtype != pl.Boolean else np.full(len(column), np.nan)
    n_unread = int(np.isnan(found).sum()) - column.null_count()
    if 2 * n_unread > column.count() or not np.isfinite(found).any():
        raise DataError(
            f"'{column.name}' is no column of moments: {n_unread:,} of its {len(column):,} values cannot be read as one; name "
            "another, or write them as 2024-01-31 or 2024-01-31T12:00:00Z"
        )
    return found


def _classes_of(model: Any) -> list[Any]:
    found = getattr(model, "classes_", None)
    return list(np.asarray(found).tolist()) if found is not None else []


def _kind_of(model: Any) -> Kind:
    """ "class" or "number" where the model says so itself, else ""."""
    if getattr(model, "classes_", None) is not None:
        return "class"
    kind = getattr(model, "_estimator_type", "") or getattr(model, "task", "")
    if not kind and hasattr(model, "__sklearn_tags__"):
        kind = model.__sklearn_tags__().estimator_type or ""
    return "number" if kind in ("regressor", "regression") else ""


def _predictor(model: Any, native: Native, labels: Labels, reads: Sequence[str] = ()) -> Predict:
    """Features → predictions with success last; of columns `reads`, where only these are to be shown to it."""
    chances = labels.classes and hasattr(model, "predict_proba")
    call: Callable[[Any], Any] = model.predict_proba if chances else getattr(model, "predict", model)
    known = [canonical_text(one) for one in _classes_of(model)] if chances else []
    reads = reads or _reads(model, native)

    def predict(frame: pl.DataFrame) -> np.ndarray:
        found = asked(lambda: call(native.back(frame.select(reads) if reads else frame)), "predict", frame)
        if known and np.shape(found) == (frame.height, len(known)):
            # One that was trained on a part of the rows may lack a class.
            columns = dict(zip(known, np.asarray(found, np.float64).T, strict=True))
            found = np.stack([columns.get(name, np.zeros(frame.height)) for name in labels.classes], axis=1)
        return as_prediction(found, labels, frame.height)

    return predict


def _refuse_lacking(reads: list[str], frame: pl.DataFrame) -> None:
    lacking = [name for name in reads if name not in frame.columns]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise DataError(
            f"column '{lacking[0]}'{more} is absent from the rows; the model reads it{closest(lacking[0], frame.columns)}"
        )


def _fitter(model: Any, native: Native, labels: Labels) -> Callable[[Rows, int], Predict] | None:
    """A copy of the estimator, with another seed, trained on other rows; None for what cannot be copied."""
    if not (hasattr(model, "get_params") and hasattr(model, "fit")):
        return None
    from sklearn.base import clone

    reads = _reads(model, native)

    def fit(rows: Rows, seed: int) -> Predict:
        copy = clone(model)
        seeds = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
        if seeds:
            copy.set_params(**dict.fromkeys(seeds, seed))
        frame = rows.frame.select(reads) if reads else rows.frame
        weight = fit_weights(copy, rows.weight)
        asked(lambda: copy.fit(native.back(frame), _values(rows.y, labels), **weight), "train", frame)
        return _predictor(copy, native, labels)

    return fit


def _values(y: np.ndarray, labels: Labels) -> np.ndarray:
    """Labels in their own type again."""
    if not labels.classes:
        return y
    index = (1.0 - y if labels.positive == 0 else y).astype(np.int64)
    return typed(labels.classes, labels.kind)[index]


def _turned(multipliers: tuple[float, ...], labels: Labels) -> tuple[float, ...]:
    return multipliers[::-1] if labels.positive == 0 else multipliers


def _frame(X: Any) -> pl.DataFrame:
    return Native(X).frame


def _series(given: Any, name: str = "y") -> pl.Series:
    if isinstance(given, pl.Series):
        found = given.cast(pl.String) if given.dtype in (pl.Categorical, pl.Enum) else given
    else:
        # What pandas holds as missing may be neither None nor a NaN of numbers.
        plain = given.astype(object).where(given.notna(), None) if hasattr(given, "notna") else given
        values = np.asarray(plain)
        values = values.reshape(len(values)) if values.ndim == 2 and values.shape[1] == 1 else values
        if values.ndim != 1:
            raise DataError(
                f"{name} has shape {values.shape}; one {'label' if name == 'y' else 'value'} a row is needed"
            )
        found = read({name: values.tolist()}).frame[name]
    return (found.fill_nan(None) if found.dtype.is_float() else found).alias(str(getattr(given, "name", None) or name))
