"""From raw scores to predictions."""

from __future__ import annotations

from typing import Literal

import numpy as np

Link = Literal["logit", "softmax", "identity"]


def linked(raw: np.ndarray, link: Link) -> np.ndarray:
    """Raw scores (n_rows, n_out) → probabilities, two columns for "logit", or values."""
    if link == "identity":
        return raw
    if link == "logit":
        with np.errstate(over="ignore"):
            positive = 1.0 / (1.0 + np.exp(-raw[:, 0]))
        return np.stack([1.0 - positive, positive], axis=1)
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    total = shifted[:, 0].copy()
    for column in range(1, shifted.shape[1]):  # in order, so that a row's sum is the same among any other rows
        total += shifted[:, column]
    probabilities: np.ndarray = shifted / total[:, None]
    return probabilities
