"""Predictions in whatever form: chances, numbers or labels → float64 (n_rows, n_out), success last."""

from __future__ import annotations

from typing import Any

import numpy as np

from artificer.core.errors import DataError
from artificer.line.ask.labels import Labels
from artificer_runtime.schema import canonical_text


def as_prediction(given: Any, labels: Labels, n_rows: int) -> np.ndarray:
    """Chances, numbers or labels as float64 (n_rows, n_out), success last.

    Raises
    ------
    DataError
        When they are of another length, missing, or neither chances nor labels.
    """
    values = np.asarray(given)
    if values.shape[:1] != (n_rows,):
        raise DataError(
            f"there are {values.shape[0] if values.ndim else 0:,} predictions of {n_rows:,} rows; one a row is needed"
        )
    if not labels.classes:
        return _finite(values.reshape(n_rows, -1)[:, :1])
    if values.ndim == 2 and values.shape[1] == len(labels.classes):
        chances = _finite(values)
    elif values.dtype.kind == "f" and len(labels.classes) == 2 and labels.kind != "number" and _are_chances(values):
        p = _finite(values.reshape(n_rows))
        return np.stack([1 - p, p], axis=1)  # of the class that counts as success
    else:
        index = {name: place for place, name in enumerate(labels.classes)}
        named = [canonical_text(one) for one in values.reshape(n_rows).tolist()]
        stray = next((one for one in named if one not in index), None)
        if stray is not None:
            raise DataError(
                f"a prediction is {stray!r}, which is neither a chance from 0 to 1 nor one of {', '.join(labels.classes)}"
            )
        chances = np.eye(len(labels.classes))[[index[one] for one in named]]
    return chances[:, ::-1] if labels.positive == 0 else chances


def _are_chances(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]  # those that are missing are named later
    return bool(((known >= 0) & (known <= 1)).all())


def _finite(values: np.ndarray) -> np.ndarray:
    found = np.asarray(values, np.float64)
    n_bad = int((~np.isfinite(found)).any(axis=-1).sum())
    if n_bad:
        raise DataError(f"{n_bad:,} predictions are missing or infinite; every row needs one")
    return found
