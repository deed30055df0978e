"""A linear model: coefficients and a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from artificer_runtime.members.links import Link, linked

CELLS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Linear:
    """Coefficients of a linear or logistic model.

    Attributes
    ----------
    coefficients : array of float64, (n_out, n_features)
    intercept : array of float64, (n_out,)
    fill : array of float32, (n_features,)
        Read in place of NaN.
    typical : array of float32, (n_features,), or None
        Means in training, for explanations; packages of earlier versions lack them.
    """

    coefficients: np.ndarray
    intercept: np.ndarray
    fill: np.ndarray
    link: Link
    typical: np.ndarray | None = None
    form: ClassVar[str] = "linear@1"

    def predict(self, X: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_features) → float64 (n_rows, n_out); a matrix without its zeros is taken too, while training."""
        return linked(self.raw(X), self.link)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Before the link."""
        if not isinstance(X, np.ndarray):
            return self._without_zeros(X)
        at_once = max(1, CELLS_AT_ONCE // max(X.shape[1], 1))
        starts = range(0, max(X.shape[0], 1), at_once)
        return np.concatenate([self._raw(X[start : start + at_once]) for start in starts])

    def _without_zeros(self, X: Any) -> np.ndarray:
        """The same of a `csr_array`, to rounding: of 150 classes, words as they are served take a hundred times as long."""
        filled = X.astype(np.float64)
        filled.data = np.where(np.isnan(filled.data), self.fill[filled.indices], filled.data)
        return np.asarray(filled @ self.coefficients.T + self.intercept)

    def _raw(self, X: np.ndarray) -> np.ndarray:
        filled = np.ascontiguousarray(np.where(np.isnan(X), self.fill, X))
        # Summed row by row: a matrix product's order of adding up hangs on how many rows there are.
        sums = [np.add.reduce(filled * row, axis=1) for row in self.coefficients]
        return np.asarray(np.stack(sums, axis=1) + self.intercept)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is an array."""
        typical = {} if self.typical is None else {"typical": self.typical}
        return {"coefficients": self.coefficients, "intercept": self.intercept, "fill": self.fill} | typical

    def meta(self) -> Mapping[str, Any]:
        """The link."""
        return {"link": self.link}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Linear:
        """Rebuild what was saved."""
        return cls(
            arrays["coefficients"], arrays["intercept"], arrays["fill"], meta["link"], typical=arrays.get("typical")
        )
