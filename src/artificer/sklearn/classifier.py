"""Classes from tables, after scikit-learn's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal

import numpy as np
import polars as pl
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from artificer.core.run import Progress
from artificer.line.ask.labels import affirmed
from artificer.sklearn.estimator import Estimator
from artificer.sklearn.given import (
    TARGET,
    WEIGHT,
    Extras,
    check_both,
    check_label_types,
    check_lengths,
    label_texts,
    row_weights,
    typed_labels,
)
from artificer_runtime import Predictor
from artificer_runtime.package import hash_of
from artificer_runtime.values import canonical_text


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
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
    learners, exclude : str or sequence of str, optional
        Names of learners ("lightgbm", "catboost", "linear", …) or candidates: those alone are tried, or all but those.
    cv : int, splitter, iterable of (train, test), or array of int (n_rows,), optional
        Own folds: so many, those of a scikit-learn splitter, or for each row its fold (-1: it only ever trains).
    memory_gb : float, optional
        What training may use, about; default: what the machine has free.
    monotonic_cst : dict of name to int, or array of int (n_features,), optional
        1 where the chance of the second class may only rise with a column of numbers, -1 where it may only fall, 0 elsewhere.
    callback : callable (stage, text), optional
        Told what happens as it happens.

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
        Predictions of rows by models that they did not train, and weights that they did not choose; NaN where a row was
        not measured. Rows to validate on, if there are any, come last.
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
        learners: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        cv: Any = None,
        memory_gb: float | None = None,
        callback: Progress | None = None,
        monotonic_cst: Any = None,
    ) -> None:
        super().__init__(
            budget_s, metric, random_state, n_jobs, learners, exclude, cv, memory_gb, callback, monotonic_cst
        )
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
        train_on_val: bool = True,
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
        train_on_val : bool
            Whether the final fit trains on them too.

        Raises
        ------
        ValueError
            When the rows or labels cannot be learned from; it says why, and how to mend it.
        """
        check_lengths(X, y)
        check_label_types(y)
        labels = column_or_1d(typed_labels(y), warn=True)
        if any(one is None or one != one for one in labels.tolist()):
            raise ValueError("Input y contains NaN: drop the rows without a label")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only, {self.classes_.tolist()}: there is nothing to tell apart")
        check_both(X_val, y_val)
        valid = (X_val, self._numbers(y_val, "y_val").astype(codes.dtype)) if X_val is not None else None
        if valid is not None and len(valid[1]) and len(np.unique(valid[1])) < 2:
            only = self.classes_.tolist()[valid[1][0]]
            raise ValueError(
                f"y_val holds one class only, {only!r}: candidates cannot be compared on it; add rows of others"
            )
        weight = row_weights(sample_weight, len(codes))
        self._check_weights(codes, weight)
        self._success = self._looked_for(codes)
        self._train(X, codes, Extras(weight, time, groups), valid, train_on_val=train_on_val)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels: (n_rows,).

        The likeliest class; where `metric` reads labels (accuracy, f1 and their like), the class that out-of-fold
        predictions showed to serve it.
        """
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[self.predictor_.weighed(probabilities).argmax(axis=1)])

    def _check_weights(self, codes: np.ndarray, weight: np.ndarray | None) -> None:
        if weight is None or not weight.any():  # `ask` says what is wrong with weights as such
            return
        gone = np.flatnonzero(np.bincount(codes, weight != 0, len(self.classes_)) == 0)
        if len(gone):
            label = self.classes_.tolist()[gone[0]]
            raise ValueError(
                f"every row of class {label!r} has a sample_weight of 0: leave these rows out, or weigh them"
            )

    def _looked_for(self, codes: np.ndarray) -> str:
        """Code of the class that counts as success: of two, the one that affirms ("yes", True, 1), else the rarer."""
        if len(self.classes_) > 2:
            return ""
        place = affirmed(tuple(map(canonical_text, self.classes_.tolist())))
        return str(place if place is not None else int(codes.mean() <= 0.5))

    def _named(self, predictor: Predictor) -> Predictor:
        classes, kind = label_texts(self.classes_)
        contents = replace(predictor.contents, classes=classes, class_kind=kind)
        return Predictor(contents, hash_of(contents))

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
        if not isinstance(self.class_weight, Mapping):
            raise ValueError(
                f"class_weight is {self.class_weight!r}; it is a dict of label to weight, 'balanced' or None"
            )
        unknown = [label for label in self.class_weight if label not in self.classes_.tolist()]
        if unknown:
            raise ValueError(
                f"class_weight names {unknown[0]!r}, which y lacks; its classes are {self.classes_.tolist()}"
            )
        weights = [self.class_weight.get(label, 1.0) for label in self.classes_.tolist()]
        if not all(isinstance(one, Real) and np.isfinite(one) and one > 0 for one in weights):
            raise ValueError(f"class_weight is {dict(self.class_weight)}; weights are numbers above 0")
        return tuple(map(float, weights))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities: float64 (n_rows, n_classes), in the order of `classes_`."""
        return self._raw(X)
