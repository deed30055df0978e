"""From raw scores to predictions."""

from __future__ import annotations

from typing import Literal

import numpy as np

from artificer_runtime.errors import PackageError

Link = Literal["logit", "softmax", "identity", "exp"]

HIGHEST = 700.0  # its exponential is still a number


def linked(raw: np.ndarray, link: Link) -> np.ndarray:
    """Raw scores (n_rows, n_out) → probabilities, two columns for "logit", or values.

    Raises
    ------
    PackageError
        When this version knows no such link.
    """
    if link == "identity":
        return raw
    if link == "exp":
        return np.asarray(np.exp(np.minimum(raw, HIGHEST)))
    if link == "logit":
        with np.errstate(over="ignore"):
            positive = 1.0 / (1.0 + np.exp(-raw[:, 0]))
        return np.stack([1.0 - positive, positive], axis=1)
    if link != "softmax":
        raise PackageError(
            f"the link '{link}' is not known here: the package was made by a newer version; upgrade artificer-runtime"
        )
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    total = shifted[:, 0].copy()
    for column in range(1, shifted.shape[1]):  # in order, so that a row's sum is the same among any other rows
        total += shifted[:, column]
    probabilities: np.ndarray = shifted / total[:, None]
    return probabilities
