"""Metrics that read labels: what a model scores there hangs on how its probabilities become a label."""

from __future__ import annotations

import numpy as np

from artificer_runtime.outcome import weighed

READ_LABELS = frozenset({"accuracy", "balanced_accuracy", "f1", "f1_macro", "f1_weighted", "mcc", "kappa"})


def decided(name: str, prediction: np.ndarray, multipliers: tuple[float, ...]) -> np.ndarray:
    """Predictions as a metric shall see them: weighed, so that the largest is the label, where it reads labels.

    Parameters
    ----------
    prediction : array of float64, (n_rows, n_classes) or (n_rows, 1)
    multipliers : tuple of float
        Of each class, in the order of the prediction's columns; empty leaves the likeliest class the label.
    """
    return weighed(prediction, multipliers) if name in READ_LABELS else prediction


def turned(multipliers: tuple[float, ...], positive: int) -> tuple[float, ...]:
    """Multipliers in the order of columns whose success is last: as `line.ask.rows.oriented` turns predictions."""
    return multipliers[::-1] if positive == 0 else multipliers
