"""What `fit` is given beside X and y, checked and made into columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np
import polars as pl
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, check_cv
from sklearn.utils.validation import _num_samples

from artificer.core.tasks import n_cores
from artificer.data.moments import as_time
from artificer.data.spelled import mixed_texts, moments_of
from artificer.measure.scales import plain_weights
from artificer_runtime.values import is_missing

TARGET, WEIGHT, TIME, GROUP = "artificer target", "artificer weight", "artificer time", "artificer group"

MOST_FOLDS = 100


@dataclass(frozen=True, slots=True)
class Extras:
    """What `fit` may be given beside X and y."""

    weight: Any = None
    time: Any = None
    groups: Any = None

    def columns(self, n_rows: int) -> list[pl.Series]:
        """As columns of a frame of so many rows.

        Raises
        ------
        ValueError
            When one is of another length, of no plain type, or its moments are none.
        """
        named = ((WEIGHT, "sample_weight", self.weight), (TIME, "time", self.time), (GROUP, "groups", self.groups))
        made = [_column(name, called, values, n_rows) for name, called, values in named if values is not None]
        for column in made:
            if column.name == TIME and np.isnan(as_time(column)).all():
                raise ValueError("time holds no date, time or number that can be read; give moments, or leave it out")
            if column.name == GROUP and column.n_unique() == 1:
                warnings.warn(
                    "groups holds one value alone, so rows cannot be parted by it: folds are cut as without groups; "
                    "give what tells rows apart, or leave it out",
                    UserWarning,
                    stacklevel=4,
                )
        return made


def _column(name: str, called: str, values: Any, n_rows: int) -> pl.Series:
    if isinstance(values, str) or not hasattr(values, "__len__") or getattr(values, "ndim", 1) != 1:
        held = f"of shape {values.shape}" if hasattr(values, "shape") else repr(values)
        raise ValueError(f"{called} is {held}; give one value a row: an array of shape ({n_rows},)")
    if len(values) != n_rows:
        raise ValueError(f"{called} has {len(values)} values and X {n_rows} rows; give each row one")
    try:
        return pl.Series(name, plain(values))
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise ValueError(f"{called} cannot be read as one column ({error}); give values of one plain type") from error


def padded(columns: Sequence[pl.Series], n_valid: int) -> list[pl.Series]:
    """As long as with rows to validate on: they weigh what others do in the mean, and come after all others in time."""
    if not n_valid:
        return list(columns)
    last: dict[str, Callable[[pl.Series], Any]] = {
        WEIGHT: lambda one: one.filter(one > 0).mean() or 1.0,
        TIME: lambda one: one.max(),
        GROUP: lambda one: one[0],
    }
    return [column.append(pl.Series([last[column.name](column)] * n_valid, dtype=column.dtype)) for column in columns]


def check_lengths(X: Any, y: Any) -> None:
    """See that X and y are there and of one length.

    Raises
    ------
    ValueError
        When they are not, or there is one row only.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    n_rows = _n_rows(X)
    if n_rows != _num_samples(y):
        raise ValueError(f"Found input variables with inconsistent numbers of samples: [{n_rows}, {_num_samples(y)}]")
    if n_rows == 1:
        raise ValueError("there is 1 sample only: nothing can be learned from it")


def _n_rows(X: Any) -> int:
    if isinstance(X, pl.LazyFrame):
        return int(X.select(pl.len()).collect().item())
    return int(X.num_rows if hasattr(X, "num_rows") else _num_samples(X))


def typed_labels(y: Any) -> Any:
    """Labels of pandas' nullable types in the type that they are of: as scikit-learn reads them they would be floats."""
    kind = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    return y if kind is None or y.isna().any() else y.to_numpy(dtype=kind)


def check_label_types(y: Any) -> None:
    """See that labels are not texts and something else, which would be taken for one another.

    Raises
    ------
    ValueError
        When they are both.
    """
    if hasattr(y, "dtype") and str(y.dtype).lower() != "object":
        return
    known = [one for one in np.asarray(y, object).ravel().tolist() if not is_missing(one, ())]
    other = next((one for one in known if not isinstance(one, str)), None)
    text = next((one for one in known if isinstance(one, str)), None)
    if other is not None and text is not None:
        raise ValueError(f"y holds texts such as {text!r} beside {other!r}; make all labels of one type")


def label_texts(classes: np.ndarray) -> tuple[tuple[str, ...], str]:
    """Classes as a package holds them: their texts, and the kind that `artificer_runtime` reads these back as."""
    labels = classes.tolist()
    kinds = {type(one) for one in labels}
    if kinds == {bool}:
        return tuple(str(one).lower() for one in labels), "boolean"
    if kinds == {int}:
        return tuple(map(str, labels)), "integer"
    if kinds <= {int, float}:
        return tuple(repr(float(one)) for one in labels), "number"
    return tuple(map(str, labels)), "string"


def check_number(name: str, value: Any) -> None:
    """See that a setting is a number above 0.

    Raises
    ------
    TypeError
        When it is no number.
    ValueError
        When it is 0, negative or NaN.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it is a number above 0")
    if not float(value) > 0:
        raise ValueError(f"{name} is {value}; it is a number above 0")


def check_metric(metric: Any) -> None:
    """See that a metric is a name or a function.

    Raises
    ------
    TypeError
        When it is neither.
    """
    if metric is not None and not isinstance(metric, str) and not callable(metric):
        raise TypeError(
            f"metric is {metric!r}; it is a name, such as 'log_loss', or a function (y_true, y_pred) → float"
        )


def check_repeats(n_repeats: Any) -> None:
    """See that a number of shuffles is one.

    Raises
    ------
    ValueError
        When it is no whole number, or below 1.
    """
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(
            f"n_repeats is {n_repeats!r}; each column must be shuffled once at least, as a whole number says"
        )


def seed_of(random_state: Any) -> int:
    """The seed that a `random_state` gives, 0 to 2^31 - 1; that of None is 0.

    Raises
    ------
    TypeError, ValueError
        When numpy makes no generator of it.
    """
    if random_state is None:
        return 0
    try:
        return int(np.random.default_rng(random_state).integers(2**31))
    except (TypeError, ValueError) as error:
        raise type(error)(f"random_state is {random_state!r}; it is a whole number from 0 up, or None") from error


def values_of(given: Any, called: str) -> np.ndarray:
    """Values as float64 (n_rows,).

    Raises
    ------
    ValueError
        When one is no finite number.
    """
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{called} holds what is no number ({error}); give numbers") from error
    if not np.isfinite(values).all():
        raise ValueError(f"{called} contains NaN or infinity: drop or correct those rows")
    return values


def check_names(columns: Sequence[str]) -> None:
    """See that no column of X is named as those that are put beside it.

    Raises
    ------
    ValueError
        When one is.
    """
    for name in (TARGET, WEIGHT, TIME, GROUP):
        if name in columns:
            raise ValueError(f"X has a column '{name}', a name that is kept for what fit is given beside X; rename it")


def check_callback(callback: Any) -> None:
    """See that what is told of the progress takes a stage and a text.

    Raises
    ------
    TypeError
        When it cannot be called with both.
    """
    if callback is None:
        return
    if not callable(callback):
        raise TypeError(f"callback is {callback!r}; it is a function (stage, text) that is told what happens")
    try:
        signature(callback).bind("fit", "")
    except TypeError as error:
        raise TypeError(f"callback cannot be called with (stage, text): {error}") from error
    except ValueError:  # what is built in may have no signature
        return


def listed(called: str, names: Any) -> tuple[str, ...]:
    """Names of learners or candidates; a single one may be given as it is.

    Raises
    ------
    TypeError
        When one is no name.
    """
    if names is None:
        return ()
    given = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else (names,)
    if not all(isinstance(one, str) for one in given):
        raise TypeError(f'{called} is {names!r}; it holds names of learners or candidates, such as "lightgbm"')
    return given


def check_both(X_val: Any, y_val: Any) -> None:
    """See that rows to validate on come with their labels.

    Raises
    ------
    ValueError
        When one of both is missing, or they differ in length.
    """
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together: give both, or none")
    if X_val is None:
        return
    n_rows, n_labels = _n_rows(X_val), _num_samples(y_val)
    if n_rows != n_labels:
        raise ValueError(f"X_val has {n_rows} rows and y_val {n_labels}; give each row its label")


def n_workers(n_jobs: Any) -> int:
    """Fits side by side.

    Raises
    ------
    ValueError
        When `n_jobs` is no whole number, or 0.
    """
    jobs = 1 if n_jobs is None else n_jobs
    if not isinstance(jobs, Integral) or jobs == 0:
        raise ValueError(f"n_jobs is {jobs!r}; it is how many fits run side by side, or -1 for one a core")
    number = int(jobs)
    return number if number > 0 else max(1, n_cores() + 1 + number)


def row_weights(given: Any, n_rows: int) -> np.ndarray | None:
    """Row weights as float64 (n_rows,), of a size that can be summed, or None."""
    if given is None:
        return None
    try:
        weight = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight holds what is no number ({error}); give each row a number from 0 up"
        ) from error
    weight = np.full(n_rows, weight) if weight.ndim == 0 else weight
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; one weight a row is needed: ({n_rows},)")
    return plain_weights(weight)


def plain(values: Any) -> Any:
    """Values that polars reads as one column: an array of objects may hold several types, then all become texts."""
    if isinstance(values, np.ndarray) and values.dtype == np.longdouble:
        return values.astype(np.float64)
    if isinstance(values, pl.Series) or (isinstance(values, np.ndarray) and values.dtype != object):
        return values
    cells = [None if is_missing(one, ()) else one for one in _listed(values)]
    kinds = {type(one) for one in cells if one is not None}
    named = {one.__name__ for one in kinds}
    if not isinstance(values, np.ndarray):
        return cells
    if named == {"Period"}:
        return moments_of(cells)
    if named == {"Interval"} or (len(kinds) > 1 and not kinds <= {int, float}):
        return mixed_texts(cells)
    return cells


def _listed(values: Any) -> list[Any]:
    made: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    return made


def own_folds(cv: Any, y: np.ndarray, extras: Extras, *, classify: bool) -> tuple[np.ndarray, np.ndarray]:
    """The caller's own folds.

    Parameters
    ----------
    cv : int, splitter of scikit-learn, iterable of (train, test), or array or list of int (n_rows,)

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
    listed_rows = isinstance(cv, list | tuple) and all(isinstance(one, Integral) for one in cv)
    if listed_rows or isinstance(cv, np.ndarray | pl.Series) or hasattr(cv, "iloc"):
        of_row = np.asarray(cv)
        if of_row.shape != (n_rows,):
            raise ValueError(f"cv has shape {of_row.shape}; one fold a row is needed: ({n_rows},)")
        numbers = np.unique(of_row[of_row >= 0])
        pairs = [(np.flatnonzero(of_row != one), np.flatnonzero(of_row == one)) for one in numbers]
    else:
        splitter = (
            _drawn(int(cv), extras, classify=classify)
            if isinstance(cv, Integral)
            else check_cv(cv, y, classifier=classify)
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
