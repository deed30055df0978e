"""What `fit` is given beside X and y, checked and made into columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, check_cv
from sklearn.utils.validation import _num_samples

from artificer.data.spelled import mixed_texts, moments_of
from artificer_runtime.values import is_missing

TARGET, WEIGHT, TIME, GROUP = "artificer target", "artificer weight", "artificer time", "artificer group"

MOST_FOLDS = 100


@dataclass(frozen=True, slots=True)
class Extras:
    """What `fit` may be given beside X and y."""

    weight: Any = None
    time: Any = None
    groups: Any = None

    def columns(self) -> list[pl.Series]:
        """As columns of a frame."""
        named = ((WEIGHT, self.weight), (TIME, self.time), (GROUP, self.groups))
        return [pl.Series(name, plain(values)) for name, values in named if values is not None]


def check_lengths(X: Any, y: Any) -> None:
    """See that X and y are there and of one length.

    Raises
    ------
    ValueError
        When they are not, or there is one row only.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    n_rows = X.num_rows if hasattr(X, "num_rows") else _num_samples(X)
    if n_rows != _num_samples(y):
        raise ValueError(f"Found input variables with inconsistent numbers of samples: [{n_rows}, {_num_samples(y)}]")
    if n_rows == 1:
        raise ValueError("there is 1 sample only: nothing can be learned from it")


def check_both(X_val: Any, y_val: Any) -> None:
    """See that rows to validate on come with their labels.

    Raises
    ------
    ValueError
        When one of both is missing.
    """
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together: give both, or none")


def row_weights(given: Any, n_rows: int) -> np.ndarray | None:
    """Row weights as float64 (n_rows,), or None."""
    if given is None:
        return None
    weight = np.asarray(given, np.float64)
    weight = np.full(n_rows, weight) if weight.ndim == 0 else weight
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; one weight a row is needed: ({n_rows},)")
    return weight


def plain(values: Any) -> Any:
    """Values that polars reads as one column: an array of objects may hold several types, then all become texts."""
    if isinstance(values, pl.Series) or not (isinstance(values, np.ndarray) and values.dtype == object):
        return values.tolist() if hasattr(values, "iloc") else values
    listed = values.tolist()
    kinds = {type(one) for one in listed if not is_missing(one, ())}
    named = {one.__name__ for one in kinds}
    if named == {"Period"}:
        return moments_of(listed)
    if named == {"Interval"} or (len(kinds) > 1 and not kinds <= {int, float}):
        return mixed_texts(listed)
    return [None if is_missing(one, ()) else one for one in listed]


def own_folds(cv: Any, y: np.ndarray, extras: Extras, *, classify: bool) -> tuple[np.ndarray, np.ndarray]:
    """The caller's own folds.

    Parameters
    ----------
    cv : int, splitter of scikit-learn, iterable of (train, test), or array of int (n_rows,)

    Returns
    -------
    array of int8, (n_rows,)
        Fold that measures each row; -1 where none does.
    array of bool, (n_folds, n_rows)
        Rows that train then.

    Raises
    ------
    ValueError
        When a row is measured twice, or trains and is measured in one fold, or a fold is empty.
    """
    n_rows = len(y)
    if isinstance(cv, np.ndarray | pl.Series) or hasattr(cv, "iloc"):
        of_row = np.asarray(cv)
        if of_row.shape != (n_rows,):
            raise ValueError(f"cv has shape {of_row.shape}; one fold a row is needed: ({n_rows},)")
        numbers = np.unique(of_row[of_row >= 0])
        pairs = [(np.flatnonzero(of_row != one), np.flatnonzero(of_row == one)) for one in numbers]
    else:
        splitter = (
            _drawn(cv, extras, classify=classify) if isinstance(cv, int) else check_cv(cv, y, classifier=classify)
        )
        pairs = list(splitter.split(np.zeros((n_rows, 1)), y, extras.groups))
    if len(pairs) > MOST_FOLDS:
        raise ValueError(
            f"cv has {len(pairs)} folds; every candidate would be trained on each: {MOST_FOLDS} are the most"
        )
    measured, trains = np.full(n_rows, -1, np.int8), np.zeros((len(pairs), n_rows), bool)
    for fold, (train, test) in enumerate(pairs):
        if not len(train) or not len(test):
            raise ValueError(f"fold {fold + 1} of cv has {len(train)} rows to train on and {len(test)} to measure")
        if (measured[test] >= 0).any() or np.isin(test, train).any():
            raise ValueError(f"fold {fold + 1} of cv measures rows that it trains on, or that another fold measures")
        measured[test], trains[fold, train] = fold, True
    if not pairs:
        raise ValueError("cv has no fold: give at least one row a fold of 0 or more")
    return measured, trains


def _drawn(n_folds: int, extras: Extras, *, classify: bool) -> Any:
    """So many folds, drawn: whole groups where there are groups, else like shares of every class."""
    if extras.time is not None:
        raise ValueError(
            "cv is a number, and folds of rows with a time are cut by time: leave cv out, or give a splitter"
        )
    if extras.groups is not None:
        return GroupKFold(n_folds)
    kind = StratifiedKFold if classify else KFold
    return kind(n_folds, shuffle=True, random_state=0)
