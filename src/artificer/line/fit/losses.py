"""The loss that learners train on, row by row: log loss for classes, squared error for numbers."""

from __future__ import annotations

import numpy as np

from artificer.core.brief import Task

_TINY = 1e-15


def row_losses(task: Task, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Losses of float64 (n_rows,), smaller is better.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index or value.
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
    """
    if task == "regression":
        errors: np.ndarray = (prediction.reshape(len(y)) - y) ** 2
        return errors
    likelihood = prediction[np.arange(len(y)), y.astype(np.int64)]
    losses: np.ndarray = -np.log(np.clip(likelihood, _TINY, 1.0))
    return losses
