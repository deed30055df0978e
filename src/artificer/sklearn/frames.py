"""X in any of its forms as a frame, its columns checked against those of `fit` as scikit-learn checks them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from artificer.data.arrow import refuse_twins
from artificer.data.readers import read
from artificer.sklearn.given import plain


def frame_of(estimator: BaseEstimator, X: Any, *, reset: bool) -> pl.DataFrame:
    """Read X.

    Parameters
    ----------
    X : frame of polars or pandas, table of Arrow, or array, (n_rows, n_features)
    reset : bool
        Whether the estimator learns names and number of the features, in `feature_names_in_` and `n_features_in_`; else X is
        held against them.

    Raises
    ------
    ValueError
        When it has no rows, two columns of one name, or lacks a feature.
    """
    if isinstance(X, pl.DataFrame | pl.LazyFrame) or hasattr(X, "num_rows"):
        frame = read(X).frame
        _check_names(estimator, frame.columns, reset)
        return frame
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        refuse_twins(X.columns.tolist(), "X")
        validate_data(estimator, X, skip_check_array=True, reset=reset)
        if len(X) == 0:
            raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
        return read(X).frame
    values = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
    names = _names(estimator)
    return pl.DataFrame({name: plain(values[:, place]) for place, name in enumerate(names)}, strict=False)


def _names(estimator: BaseEstimator) -> list[str]:
    named = getattr(estimator, "feature_names_in_", None)
    return [str(one) for one in named] if named is not None else [f"x{k}" for k in range(estimator.n_features_in_)]


def _check_names(estimator: BaseEstimator, names: list[str], reset: bool) -> None:
    if reset:
        estimator.feature_names_in_ = np.array(names, dtype=object)
        estimator.n_features_in_ = len(names)
    elif not hasattr(estimator, "feature_names_in_"):
        if len(names) != estimator.n_features_in_:
            raise ValueError(
                f"X has {len(names)} features, but {type(estimator).__name__} is expecting {estimator.n_features_in_} features"
            )
    elif set(names) < set(estimator.feature_names_in_):
        lacking = sorted(set(estimator.feature_names_in_) - set(names))
        raise ValueError(f"column '{lacking[0]}' is absent; the estimator was fitted with it")
