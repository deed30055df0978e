"""Classifier and Regressor: scikit-learn's API over the line.

They build a brief in memory, with nothing sealed and nothing demanded, and run ask → audit → … → refine in a workspace
that vanishes. What `save` writes is a package like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_is_fitted, column_or_1d, validate_data

import artificer_runtime
from artificer.core.brief import Brief, Data, RunPart, Target
from artificer.core.clock import Clock
from artificer.core.errors import ArtificerError
from artificer.core.leaderboard import Standing, leaderboard
from artificer.core.run import Run, temporary_workspace
from artificer.core.stages import Driver, Model
from artificer.core.tasks import n_cores
from artificer.data.readers import read
from artificer.line.ask import ask
from artificer.line.ask.rows import oriented
from artificer.line.audit import audit
from artificer.line.fit import fit as fit_stage
from artificer.line.refine import refine
from artificer.measure.importance import importance
from artificer.measure.labels import decided
from artificer.measure.metrics import metric as find_metric
from artificer.measure.own import Labelling, registered
from artificer_runtime.package import write

TARGET, WEIGHT, TIME, GROUP = "artificer target", "artificer weight", "artificer time", "artificer group"


@dataclass(frozen=True, slots=True)
class _Extras:
    """What `fit` may be given beside X and y, as columns."""

    weight: Any = None
    time: Any = None
    groups: Any = None

    def columns(self) -> list[pl.Series]:
        named = ((WEIGHT, self.weight), (TIME, self.time), (GROUP, self.groups))
        return [pl.Series(name, _plain(values)) for name, values in named if values is not None]


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share.

    Parameters
    ----------
    budget_s : float
        Ceiling of the wall time of `fit`, in seconds; few rows end early.
    metric : str or callable (y_true, y_pred[, sample_weight]) → float, optional
        What candidates are compared by; default: roc_auc for two classes, log_loss for more, rmse for numbers. Of a
        callable, larger is better unless it has `larger_is_better = False` or `artificer.as_metric` says otherwise.
    random_state : int, optional
        Seed; the same one gives the same model.
    n_jobs : int, optional
        Fits side by side; -1 for one a core.
    """

    _kind: ClassVar[str]

    def __init__(
        self,
        budget_s: float = 60,
        metric: str | Callable[..., Any] | None = None,
        random_state: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.budget_s = budget_s
        self.metric = metric
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def save(self, path: str | Path) -> str:
        """Write the package to a folder that does not exist yet, and give the model hash."""
        check_is_fitted(self)
        place = Path(path)
        if place.exists():
            raise ValueError(f"'{place}' is there already; name a folder that is not")
        return write(place, self.predictor_.contents)

    def leaderboard(self, *, as_frame: bool = False) -> tuple[Standing, ...] | pl.DataFrame:
        """Give what was tried, the best first: records, or a polars frame of one row a candidate."""
        check_is_fitted(self)
        if not as_frame:
            return self.leaderboard_
        return pl.DataFrame([one.plain() for one in self.leaderboard_], infer_schema_length=None)

    def importance(self, X: Any, y: Any, *, n_repeats: int = 5, sample_weight: Any = None) -> tuple[Driver, ...]:
        """Measure what each column is worth: how much the score falls when its values are shuffled, the most first.

        Parameters
        ----------
        X, y
            Labelled rows that did not train it, or the answer is too sure.
        n_repeats : int
            Shuffles a column.
        sample_weight : array, (n_rows,), optional

        Returns
        -------
        tuple of Driver
            Effects in units of `metric_` with an interval of 95%, positive where the column helps.
        """
        check_is_fitted(self)
        if n_repeats < 1:
            raise ValueError(f"n_repeats is {n_repeats}; each column must be shuffled once at least")
        frame, truth = self._frame(X, reset=False), self._numbers(y)
        if frame.height != len(truth):
            raise ValueError(f"X has {frame.height} rows and y {len(truth)}; give each row its label")
        weight, rng = _weights(sample_weight, len(truth)), np.random.default_rng(0)
        turned_y, base = oriented(truth, self._seen(frame), self._positive)
        found = []
        for column in self.predictor_.schema.columns:
            if column.name not in frame.columns:
                continue

            def shuffled(order: np.ndarray, name: str = column.name) -> np.ndarray:
                other = self._seen(frame.with_columns(frame[name][order].alias(name)))
                return oriented(truth, other, self._positive)[1]

            effect = importance(self.metric_, turned_y, base, shuffled, rng, n_repeats=n_repeats, weight=weight)
            found.append(Driver(column.name, effect))
        return tuple(sorted(found, key=lambda one: -one.effect.value))

    def _seen(self, frame: pl.DataFrame) -> np.ndarray:
        """Predictions as the metric sees them."""
        raw = self.predictor_.raw(self.predictor_.schema.encode(frame))
        return decided(self.metric_, raw, self.predictor_.contents.multipliers)

    def _numbers(self, y: Any) -> np.ndarray:
        """Labels as class indices, or values: float64 (n_rows,)."""
        given = column_or_1d(y)
        if self._kind == "number":
            return np.asarray(given, np.float64)
        codes = np.searchsorted(self.classes_, given).clip(max=len(self.classes_) - 1)
        if (self.classes_[codes] != given).any():
            raise ValueError(f"y holds a class that it was not fitted with; it knows {self.classes_.tolist()}")
        return np.asarray(codes, np.float64)

    def _train(self, X: Any, target: np.ndarray, extras: _Extras, valid: tuple[Any, np.ndarray] | None) -> None:
        frame = self._frame(X, reset=True)
        n_valid = 0
        if valid is not None:
            rows = self._frame(valid[0], reset=False)
            n_valid = rows.height
            frame = pl.concat([frame, rows], how="vertical_relaxed")
            target = np.concatenate([target, valid[1]])
        columns = [frame, pl.DataFrame([pl.Series(TARGET, target), *self._padded(extras.columns(), n_valid)])]
        try:
            self._line(pl.concat(columns, how="horizontal"), extras, n_valid)
        except ArtificerError as error:
            raise ValueError(str(error)) from error

    def _padded(self, columns: list[pl.Series], n_valid: int) -> list[pl.Series]:
        """Rows to validate on weigh one, and come after all others in time."""
        if not n_valid:
            return columns
        last: dict[str, Callable[[pl.Series], Any]] = {
            WEIGHT: lambda one: 1.0,
            TIME: lambda one: one.max(),
            GROUP: lambda one: one[0],
        }
        return [
            column.append(pl.Series([last[column.name](column)] * n_valid, dtype=column.dtype)) for column in columns
        ]

    def _line(self, frame: pl.DataFrame, extras: _Extras, n_valid: int) -> None:
        workspace, folder = temporary_workspace()
        with folder:
            run = Run(
                brief=self._brief(extras),
                folder=Path.cwd(),
                workspace=workspace,
                clock=Clock.after(float(self.budget_s)),
                frame=frame,
                n_workers=n_cores() if self.n_jobs == -1 else max(1, self.n_jobs or 1),
                effects=False,
                seal=False,
                judged=False,
                class_weight=self._class_weights(frame, n_valid),
                n_valid=n_valid,
            )
            with self._named_metric(run, weighted=extras.weight is not None) as run.metric:
                self._keep(run, refine(run), frame.height)

    def _keep(self, run: Run, model: Model, n_rows: int) -> None:
        """Take what a run made."""
        self.predictor_ = artificer_runtime.load(run.path(model.folder))
        self.findings_ = audit(run).findings
        trained = fit_stage(run)
        self.trials_ = trained.trials
        self.score_ = model.score
        self.front_ = model.front
        self.metric_ = trained.metric
        better = find_metric(trained.metric).larger_is_better
        self.leaderboard_ = leaderboard(trained, model.parts, larger_is_better=better)
        self._positive = ask(run).positive
        with np.load(run.path(model.out_of_fold)) as stored:
            self.out_of_fold_ = np.full((n_rows, stored["prediction"].shape[1]), np.nan)
            self.out_of_fold_[stored["rows"]] = stored["prediction"]

    def _named_metric(self, run: Run, *, weighted: bool) -> AbstractContextManager[str]:
        """The metric's name; a callable has one as long as the block lasts."""
        if not callable(self.metric):
            return nullcontext(find_metric(self.metric).name if self.metric else "")
        asked = ask(run)
        return registered(
            self.metric,
            Labelling(asked.task, getattr(self, "classes_", None), asked.positive == 0, weighted=weighted),
        )

    def _class_weights(self, frame: pl.DataFrame, n_valid: int) -> tuple[float, ...]:
        """What rows of each class weigh in training; empty where all weigh alike."""
        return ()

    def _brief(self, extras: _Extras) -> Brief:
        seed = int(np.random.default_rng(self.random_state).integers(2**31)) if self.random_state is not None else 0
        return Brief(
            target=Target(column=TARGET, kind=self._kind),  # type: ignore[arg-type]
            data=Data(
                weight=WEIGHT if extras.weight is not None else "",
                time=TIME if extras.time is not None else "",
                group=GROUP if extras.groups is not None else "",
            ),
            run=RunPart(limit_s=float(self.budget_s), seed=seed),
        )

    def _frame(self, X: Any, *, reset: bool) -> pl.DataFrame:
        """X as a frame whose columns are named as they were in `fit`."""
        if isinstance(X, pl.DataFrame | pl.LazyFrame) or hasattr(X, "num_rows"):
            frame = read(X).frame
            self._check_names(frame.columns, reset)
            return frame
        if hasattr(X, "iloc") and hasattr(X, "columns"):
            validate_data(self, X, skip_check_array=True, reset=reset)
            if len(X) == 0:
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            return read(X).frame
        values = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
        names = self._names()
        return pl.DataFrame({name: _plain(values[:, place]) for place, name in enumerate(names)}, strict=False)

    def _names(self) -> list[str]:
        named = getattr(self, "feature_names_in_", None)
        return [str(one) for one in named] if named is not None else [f"x{k}" for k in range(self.n_features_in_)]

    def _check_names(self, names: list[str], reset: bool) -> None:
        if reset:
            self.feature_names_in_ = np.array(names, dtype=object)
            self.n_features_in_ = len(names)
        elif hasattr(self, "feature_names_in_") and set(names) < set(self.feature_names_in_):
            lacking = sorted(set(self.feature_names_in_) - set(names))
            raise ValueError(f"column '{lacking[0]}' is absent; the estimator was fitted with it")

    def _raw(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        try:
            return self.predictor_.raw(self.predictor_.schema.encode(frame))
        except artificer_runtime.RuntimeInputError as error:
            raise ValueError(str(error)) from error


class Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Predicts classes, from frames of pandas or polars, or arrays; strings, dates, text and gaps included.

    Parameters
    ----------
    budget_s : float
        Ceiling of the wall time of `fit`, in seconds; few rows end early.
    metric : str or callable (y_true, y_pred[, sample_weight]) → float, optional
        What candidates are compared by, such as "log_loss", "precision_at:500" or "value:-6,80"; default: roc_auc for two
        classes, log_loss for more. A callable reads labels, larger is better; `artificer.as_metric` says otherwise.
    class_weight : dict of label to weight, or "balanced", optional
        What rows of each class weigh in training; labels left out weigh 1. Scores count every row as it came.
    random_state : int, optional
        Seed.
    n_jobs : int, optional
        Fits side by side; -1 for one a core.

    Attributes
    ----------
    classes_ : array
        Sorted, in their own type.
    score_ : Estimate
        Out of fold, with its interval.
    leaderboard_ : tuple of Standing
        What was tried, the best first.
    front_ : tuple of Choice
        Blends that no other one beats in score, time and size alike.
    out_of_fold_ : array of float64, (n_rows, n_out)
        Predictions of rows by models that they did not train; NaN where a row was not measured. Rows to validate on, if
        there are any, come last.
    metric_ : str
        What candidates were compared by.
    findings_ : tuple of Finding
        What is wrong with the data.
    predictor_ : artificer_runtime.Predictor

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> float(Classifier(budget_s=10).fit(X, y).score(X, y)) > 0.9
    True
    """

    _kind = "class"

    def __init__(
        self,
        budget_s: float = 60,
        metric: str | Callable[..., Any] | None = None,
        random_state: int | None = None,
        n_jobs: int | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
    ) -> None:
        super().__init__(budget_s, metric, random_state, n_jobs)
        self.class_weight = class_weight

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Classifier:
        """Fit on rows X with labels y.

        Parameters
        ----------
        X : frame or array, (n_rows, n_columns)
        y : array, (n_rows,)
        sample_weight : array, (n_rows,), optional
            Not negative.
        groups : array, (n_rows,), optional
            Rows of one group stay in one fold.
        time : array, (n_rows,), optional
            Moments: candidates are then compared on later rows.
        X_val, y_val : optional
            Rows to compare candidates on, in place of folds.

        Raises
        ------
        ValueError
            When the rows or labels cannot be learned from; it says why, and how to mend it.
        """
        _lengths(X, y)
        labels = column_or_1d(y, warn=True)
        if any(one is None or one != one for one in labels.tolist()):
            raise ValueError("Input y contains NaN: drop the rows without a label")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only, {self.classes_.tolist()}: there is nothing to tell apart")
        valid = (X_val, np.searchsorted(self.classes_, np.asarray(y_val))) if X_val is not None else None
        self._train(X, codes, _Extras(_weights(sample_weight, len(codes)), time, groups), valid)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels: (n_rows,).

        The likeliest class; where `metric` reads labels (accuracy, f1 and their like), the class that out-of-fold
        predictions showed to serve it.
        """
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[self.predictor_.weighed(probabilities).argmax(axis=1)])

    def _class_weights(self, frame: pl.DataFrame, n_valid: int) -> tuple[float, ...]:
        if self.class_weight is None:
            return ()
        if isinstance(self.class_weight, str):
            if self.class_weight != "balanced":
                raise ValueError(f"class_weight is '{self.class_weight}'; it is a dict, 'balanced' or None")
            train = frame.head(frame.height - n_valid)
            weight = train[WEIGHT].to_numpy() if WEIGHT in train.columns else None
            rows = np.bincount(train[TARGET].to_numpy(), weight, len(self.classes_))
            return tuple((rows.sum() / len(rows) / np.maximum(rows, 1e-12)).tolist())
        unknown = [label for label in self.class_weight if label not in self.classes_.tolist()]
        if unknown:
            raise ValueError(
                f"class_weight names {unknown[0]!r}, which y lacks; its classes are {self.classes_.tolist()}"
            )
        weights = tuple(float(self.class_weight.get(label, 1.0)) for label in self.classes_.tolist())
        if not all(np.isfinite(one) and one > 0 for one in weights):
            raise ValueError(f"class_weight is {dict(self.class_weight)}; weights are numbers above 0")
        return weights

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities: float64 (n_rows, n_classes), in the order of `classes_`."""
        return self._raw(X)


class Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """Predicts numbers, from frames of pandas or polars, or arrays; strings, dates, text and gaps included.

    Parameters
    ----------
    budget_s : float
        Ceiling of the wall time of `fit`, in seconds; few rows end early.
    metric : str or callable (y_true, y_pred[, sample_weight]) → float, optional
        What candidates are compared by, and what learners lower where it fits, such as "mae", "quantile_loss:0.9" or
        "tweedie_deviance:1.2"; default: rmse. Of a callable larger is better; `artificer.as_metric` says otherwise.
    random_state : int, optional
        Seed.
    n_jobs : int, optional
        Fits side by side; -1 for one a core.

    Attributes
    ----------
    score_ : Estimate
        Out of fold, with its interval.
    leaderboard_ : tuple of Standing
        What was tried, the best first.
    front_ : tuple of Choice
        Blends that no other one beats in score, time and size alike.
    out_of_fold_ : array of float64, (n_rows, n_out)
        Predictions of rows by models that they did not train; NaN where a row was not measured. Rows to validate on, if
        there are any, come last.
    metric_ : str
        What candidates were compared by.
    findings_ : tuple of Finding
        What is wrong with the data.
    predictor_ : artificer_runtime.Predictor
    """

    _kind = "number"

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Regressor:
        """Fit on rows X with values y; the parameters are those of `Classifier.fit`.

        Raises
        ------
        ValueError
            When the rows or values cannot be learned from; it says why, and how to mend it.
        """
        _lengths(X, y)
        values = column_or_1d(y, warn=True).astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("Input y contains NaN or infinity: drop or correct those rows")
        valid = (X_val, np.asarray(y_val, np.float64)) if X_val is not None else None
        self._train(X, values, _Extras(_weights(sample_weight, len(values)), time, groups), valid)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict values: float64 (n_rows,)."""
        return self._raw(X)[:, 0]

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Predict the interval that holds each value with a chance of `level`: float64 (n_rows, 2), low and high.

        Made of out-of-fold residuals; see `artificer_runtime.Predictor.predict_interval`.

        Raises
        ------
        ValueError
            When there is no such level, or fewer than 20 rows were measured.
        """
        check_is_fitted(self)
        try:
            return self.predictor_.predict_interval(self._frame(X, reset=False), level)
        except artificer_runtime.RuntimeInputError as error:
            raise ValueError(str(error)) from error


def _lengths(X: Any, y: Any) -> None:
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    n_rows = X.num_rows if hasattr(X, "num_rows") else _num_samples(X)
    if n_rows != _num_samples(y):
        raise ValueError(f"Found input variables with inconsistent numbers of samples: [{n_rows}, {_num_samples(y)}]")
    if n_rows == 1:
        raise ValueError("there is 1 sample only: nothing can be learned from it")


def _weights(given: Any, n_rows: int) -> np.ndarray | None:
    if given is None:
        return None
    weight = np.asarray(given, np.float64)
    weight = np.full(n_rows, weight) if weight.ndim == 0 else weight
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; one weight a row is needed: ({n_rows},)")
    return weight


def _plain(values: Any) -> Any:
    """Values that polars reads as one column: an array of objects may hold several types, then all become texts."""
    if isinstance(values, pl.Series) or not (isinstance(values, np.ndarray) and values.dtype == object):
        return values.tolist() if hasattr(values, "iloc") else values
    listed = values.tolist()
    kinds = {type(one) for one in listed if one is not None}
    if kinds <= {int, float} or len(kinds) <= 1:
        return listed
    return [None if one is None or one != one else str(one) for one in listed]
