"""Numbers from tables, after scikit-learn's API."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from artificer.sklearn.estimator import Estimator
from artificer.sklearn.given import Extras, check_both, check_lengths, row_weights, values_of
from artificer.sklearn.words import plainly


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
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
    learners, exclude : str or sequence of str, optional
        Names of learners ("lightgbm", "catboost", "linear", …) or candidates: those alone are tried, or all but those.
    cv : int, splitter, iterable of (train, test), or array of int (n_rows,), optional
        Own folds: so many, those of a scikit-learn splitter, or for each row its fold (-1: it only ever trains).
    memory_gb : float, optional
        What training may use, about; default: what the machine has free.
    monotonic_cst : dict of name to int, or array of int (n_features,), optional
        1 where the prediction may only rise with a column of numbers, -1 where it may only fall, 0 elsewhere.
    callback : callable (stage, text), optional
        Told what happens as it happens.

    Attributes
    ----------
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
        train_on_val: bool = True,
    ) -> Regressor:
        """Fit on rows X with values y; the parameters are those of `Classifier.fit`.

        Raises
        ------
        ValueError
            When the rows or values cannot be learned from; it says why, and how to mend it.
        """
        check_lengths(X, y)
        values = values_of(column_or_1d(y, warn=True), "Input y")
        check_both(X_val, y_val)
        valid = (X_val, self._numbers(y_val, "y_val")) if X_val is not None else None
        self._train(
            X, values, Extras(row_weights(sample_weight, len(values)), time, groups), valid, train_on_val=train_on_val
        )
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
        with plainly():
            return self.predictor_.predict_interval(self._frame(X, reset=False), level)
