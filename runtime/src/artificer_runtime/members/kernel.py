"""A kernel machine: training rows are kept, and the nearer one of them is to a row, the more it says about it.

A row's kernel with a kept one is exp(-r ** `power`), r being their distance after each feature was scaled by what it says.
A matrix product adds up in another order for every number of rows. So scaled features are rounded to binary fractions whose
products and sums are exact in double precision: a row's prediction is the same to the bit in any batch and on any machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from artificer_runtime.members.links import Link, linked

CELLS_AT_ONCE = 1 << 21
FARTHEST = 32.0  # bound of a scaled feature: at this distance the kernel is below 1e-13
MOST_BITS = 18  # of a fraction: with the 5 before it, single precision holds it


@dataclass(frozen=True, slots=True)
class Kernel:
    """Kept rows and their coefficients.

    Attributes
    ----------
    features : array of int32, (n_used,)
        Positions of the features that are read.
    center, scale : array of float32, (n_used,)
        A feature is read as `(x - center) * scale`, a gap as 0.
    rows : array of float32, (n_kept, n_used)
        As `placed` gives them.
    coefficients : array of float64, (n_out, n_kept)
    intercept : array of float64, (n_out,)
    power : float
        Above 0, at most 2; 1 makes the Laplace kernel.
    low, high : float
        Bounds of a number to be predicted.
    """

    features: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    rows: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    power: float
    link: Link
    low: float = -np.inf
    high: float = np.inf
    against: np.ndarray = field(init=False, repr=False, compare=False)
    form: ClassVar[str] = "kernel@1"
    KEEPS_ROWS: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Prepare the kept rows for products."""
        object.__setattr__(self, "against", facing(self.rows.astype(np.float64)))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_features) → float64 (n_rows, n_out)."""
        return linked(self.raw(X), self.link)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Before the link."""
        at_once = max(1, CELLS_AT_ONCE // max(len(self.rows), 1))
        raw = [self._raw(X[at : at + at_once]) for at in range(0, max(len(X), 1), at_once)]
        return np.asarray(np.clip(np.concatenate(raw), self.low, self.high))

    def _raw(self, X: np.ndarray) -> np.ndarray:
        near = nearness(squares(placed(X[:, self.features], self.center, self.scale), self.against), self.power)
        # Summed row by row, always in one order.
        sums = [np.add.reduce(near * one, axis=1) for one in self.coefficients]
        return np.asarray(np.stack(sums, axis=1) + self.intercept)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is an array."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def meta(self) -> Mapping[str, Any]:
        """Power, link and range."""
        bounds = {"low": self.low, "high": self.high} if np.isfinite([self.low, self.high]).all() else {}
        return {"power": self.power, "link": self.link, **bounds}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Kernel:
        """Rebuild what was saved."""
        low, high = float(meta.get("low", -np.inf)), float(meta.get("high", np.inf))
        own = {name: arrays[name] for name in _ARRAYS}
        return cls(**own, power=float(meta["power"]), link=meta["link"], low=low, high=high)


_ARRAYS = ("features", "center", "scale", "rows", "coefficients", "intercept")


def placed(X: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Scale features, and round them so that squares of distances are exact: float64 (n_rows, n_used)."""
    # A square is at most 4 n_used FARTHEST², and is a whole number of steps of 2^(-2 bits): both must fit into 53 bits.
    bits = min(MOST_BITS, int(53 - math.log2(4 * max(X.shape[1], 1) * FARTHEST**2)) // 2)
    scaled = np.nan_to_num((X.astype(np.float64) - center) * scale, nan=0.0)
    return np.asarray(np.round(np.clip(scaled, -FARTHEST, FARTHEST) * 2.0**bits) / 2.0**bits)


def facing(rows: np.ndarray) -> np.ndarray:
    """Placed rows as what `squares` multiplies with: -2 z, and the square of z, (n_used + 1, n_kept)."""
    return np.concatenate([-2 * rows.T, np.square(rows).sum(axis=1)[None, :]])


def squares(rows: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Squares of the distances between placed rows and kept ones: float64 (n_rows, n_kept), exact."""
    found = rows @ against[:-1]
    found += against[-1]  # each sum is exact, so that their order does not matter, and one matrix is enough
    found += np.square(rows).sum(axis=1)[:, None]
    return np.asarray(found)


def nearness(square: np.ndarray, power: float) -> np.ndarray:
    """The kernel at squared distances, which it takes the place of."""
    if power == 1:
        np.sqrt(square, out=square)
    else:
        square **= power / 2
    np.negative(square, out=square)
    np.exp(square, out=square)
    return square
