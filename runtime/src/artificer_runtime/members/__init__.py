"""Portable model forms, one a file: plain arrays that predict with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Member(Protocol):
    """A trained model as plain arrays.

    `form` is the versioned name under which it is saved, such as ``"trees@1"``.
    """

    form: str

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict float32 rows (n_rows, n_features) → float64 (n_rows, n_out): class probabilities or values."""
        ...

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What is saved as npz (no objects)."""
        ...

    def meta(self) -> Mapping[str, Any]:
        """What is saved as JSON."""
        ...
