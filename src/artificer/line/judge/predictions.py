"""Predictions in whatever form: chances, numbers or labels → float64 (n_rows, n_out), success last."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import DataError
from artificer.core.figures import counted
from artificer.line.ask.labels import Labels
from artificer_runtime.schema import canonical_text

SLACK = 1e-6  # of float32
LARGEST_GAP = 0.01  # from 1, of chances that were rounded
TRUTHS = (("0", "1"), ("false", "true"))


def as_prediction(given: Any, labels: Labels, n_rows: int) -> np.ndarray:
    """Chances, numbers or labels as float64 (n_rows, n_out), success last.

    Raises
    ------
    DataError
        When they are of another length or shape, missing, or neither chances nor labels.
    """
    values = np.asarray(_in_order(given, labels))
    if values.shape[:1] != (n_rows,):
        raise DataError(
            f"there are {values.shape[0] if values.ndim else 0:,} predictions of {n_rows:,} rows; one a row is needed"
        )
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if not labels.classes:
        return _numbers(values)[:, None]
    if values.ndim > 1:
        chances = _chances(values, labels)
    elif values.dtype.kind == "f" and len(labels.classes) == 2 and labels.kind != "number" and _are_chances(values):
        p = _numbers(values)
        return np.stack([1 - p, p], axis=1)  # of the class that counts as success
    else:
        chances = _of_labels(values, labels)
    return chances[:, ::-1] if labels.positive == 0 else chances


def are_numbers(given: Any, y: pl.Series) -> bool:
    """Whether predictions are of a target of numbers, though it takes few values: fractions, of more than two of them."""
    values = np.asarray(given)
    if values.dtype.kind != "f" or values.ndim > 1 or not y.dtype.is_numeric() or y.n_unique() < 3:
        return False
    return bool((values % 1 != 0)[np.isfinite(values)].any())


def _in_order(given: Any, labels: Labels) -> Any:
    """Chances in the order of the classes, where the columns of a frame are named by them."""
    named = {canonical_text(name): name for name in getattr(given, "columns", ())}
    return (
        given[[named[name] for name in labels.classes]] if labels.classes and {*named} == {*labels.classes} else given
    )


def _are_chances(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]  # those that are missing are named later
    return bool(((known >= 0) & (known <= 1)).all())


def _chances(values: np.ndarray, labels: Labels) -> np.ndarray:
    """Of each class one, from 0 to 1; together 1."""
    n_rows, n_classes = len(values), len(labels.classes)
    if values.shape != (n_rows, n_classes):
        raise DataError(
            f"the predictions have the shape {values.shape}, and the rows hold {n_classes} classes "
            f"({', '.join(labels.classes)}): give a chance for each, {(n_rows, n_classes)}, or one label a row"
        )
    chances = _finite(values)
    odd = ((chances < -SLACK) | (chances > 1 + SLACK)).any(axis=1) | (np.abs(chances.sum(axis=1) - 1) > LARGEST_GAP)
    if odd.any():
        (first, *_) = np.flatnonzero(odd)
        raise DataError(
            f"of {counted(n_rows, 'prediction')} {odd.sum():,} cannot be chances, which lie from 0 to 1 and sum to 1 "
            f"(row {first + 1}: {', '.join(f'{one:.3g}' for one in chances[first])}); give those of "
            "predict_proba, or one label a row"
        )
    return np.asarray(np.clip(chances, 0.0, 1.0))


def _of_labels(values: np.ndarray, labels: Labels) -> np.ndarray:
    given = values.tolist()
    n_missing = sum(one is None or one != one for one in given)
    if n_missing:
        raise DataError(f"{counted(n_missing, 'prediction is', 'predictions are')} missing; every row needs one")
    index = {name: place for place, name in enumerate(labels.classes)}
    if labels.classes in TRUTHS:  # truth values are told as numbers too, and the other way round
        index |= {name: place for pair in TRUTHS for place, name in enumerate(pair)}
    named = [canonical_text(one) for one in given]
    strays = {name: value for name, value in zip(named, given, strict=True) if name not in index}
    if strays:
        beyond = (name for name, value in strays.items() if isinstance(value, float) and not 0 <= value <= 1)
        first = next(beyond, next(iter(strays)))
        raise DataError(
            f"a prediction is {first!r}, which is neither a chance from 0 to 1 nor one of {', '.join(labels.classes)}"
            + (
                "; if the target is a number, name a metric of numbers, such as 'rmse'"
                if labels.kind != "string"
                else ""
            )
        )
    return np.eye(len(labels.classes))[[index[one] for one in named]]


def _numbers(values: np.ndarray) -> np.ndarray:
    """One a row: float64 (n_rows,)."""
    if values.ndim != 1:
        raise DataError(f"the predictions have the shape {values.shape}, and the target is a number: give one a row")
    return _finite(values)


def _finite(values: np.ndarray) -> np.ndarray:
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"the predictions are of type {values.dtype}, and numbers are needed; convert them") from error
    n_bad = int((~np.isfinite(found)).reshape(len(found), -1).any(axis=1).sum())
    if n_bad:
        raise DataError(
            f"{counted(n_bad, 'prediction is', 'predictions are')} missing or infinite; every row needs one"
        )
    return found
