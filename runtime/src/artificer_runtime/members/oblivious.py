"""Symmetric trees, as CatBoost grows them: all nodes of one depth ask one question, so a leaf's number is made of bits."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from artificer_runtime import walk
from artificer_runtime.errors import PackageError
from artificer_runtime.members.links import Link, linked
from artificer_runtime.members.packed import packed_oblivious
from artificer_runtime.members.trees import covers

FEW_ROWS = 32
ROWS_AT_ONCE = 4096
MOST_DEPTH = 16  # of CatBoost's own symmetric trees


@dataclass(frozen=True, slots=True)
class Oblivious:
    """Symmetric trees; compiled code asks where it is there (`artificer_runtime.walk`), with the same bits.

    Attributes
    ----------
    feature : array of int32, (n_trees, depth)
    border : array of float32, (n_trees, depth)
        The bit is set where x > border; NaN sets none. Shorter trees are filled up with infinite borders.
    values : array of float64, (n_trees, 2 ** depth, n_out)
    scale : float
    bias : array of float64, (n_out,)
    cover : array of float32, (n_trees, 2 ** depth), or None
        Training rows that came to a leaf, for explanations; packages of earlier versions lack it.

    Raises
    ------
    PackageError
        When the arrays do not make trees.
    """

    feature: np.ndarray
    border: np.ndarray
    values: np.ndarray
    scale: float
    bias: np.ndarray
    link: Link
    cover: np.ndarray | None = None
    _packed: tuple[Any, ...] | None = field(init=False, repr=False, compare=False)
    form: ClassVar[str] = "oblivious@1"

    def __post_init__(self) -> None:
        wrong = _misfit(self)
        if wrong:
            raise PackageError(f"a member's trees are damaged ({wrong}); make or copy the package again")
        object.__setattr__(self, "_packed", packed_oblivious(self) if walk.KERNEL and len(self.feature) else None)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_features) → float64 (n_rows, n_out)."""
        return linked(self.raw(X), self.link)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Before the link."""
        if walk.KERNEL and self._packed and X.dtype == np.float32:
            total = walk.summed(partial(walk.KERNEL.oblivious, self._packed), X, self.values.shape[2])
            return np.asarray(total * self.scale + self.bias)
        if len(X) <= FEW_ROWS:
            return self._few(X)
        parts = [self._many(X[start : start + ROWS_AT_ONCE]) for start in range(0, len(X), ROWS_AT_ONCE)]
        return np.concatenate(parts)

    def raw_one(self, row: array[float]) -> Sequence[float]:
        """Before the link, of one row in single precision."""
        if walk.KERNEL and self._packed:
            total = walk.summed_one(walk.KERNEL.oblivious, self._packed, row, self.values.shape[2])
            return [value * self.scale + bias for value, bias in zip(total, self.bias.tolist(), strict=True)]
        found: list[float] = self.raw(np.frombuffer(row, np.float32)[None])[0].tolist()
        return found

    def truncated(self, n_iterations: int) -> Oblivious:
        """The model after its first iterations."""
        return self.iterations(0, n_iterations)

    def iterations(self, start: int, stop: int) -> Oblivious:
        """What the iterations from `start` up to `stop` add, as trees of their own; the bias is of the first one."""
        trees, bias = slice(start, stop), self.bias if start == 0 else np.zeros_like(self.bias)
        cover = None if self.cover is None else self.cover[trees]
        return Oblivious(
            self.feature[trees], self.border[trees], self.values[trees], self.scale, bias, self.link, cover
        )

    def added(self, X: np.ndarray, start: int, stop: int) -> np.ndarray:
        """`iterations(start, stop).raw(X)`."""
        return self.iterations(start, stop).raw(X)

    def _few(self, X: np.ndarray) -> np.ndarray:
        n_trees, depth = self.feature.shape
        if n_trees == 0 or len(X) == 0:
            return np.tile(self.bias, (len(X), 1))
        bits = X[:, self.feature] > self.border  # (n_rows, n_trees, depth)
        leaf = bits @ (1 << np.arange(depth))
        # cumsum adds in order, as the loop over trees does: the same row gives the same bits either way.
        # Added to 0 as there, -0 becomes 0.
        total: np.ndarray = self.values[np.arange(n_trees), leaf].cumsum(axis=1)[:, -1] + 0.0
        return np.asarray(total * self.scale + self.bias)

    def _many(self, X: np.ndarray) -> np.ndarray:
        columns = np.ascontiguousarray(X.T)
        total = np.zeros((len(X), self.values.shape[2]))
        for features, borders, values in zip(self.feature, self.border, self.values, strict=True):
            leaf = np.zeros(len(X), np.int64)
            for bit, (feature, border) in enumerate(zip(features, borders, strict=True)):
                leaf |= (columns[feature] > border).astype(np.int64) << bit
            total += values[leaf]
        return np.asarray(total * self.scale + self.bias)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Everything that is an array."""
        cover = {} if self.cover is None else {"cover": self.cover}
        return {"feature": self.feature, "border": self.border, "values": self.values, "bias": self.bias} | cover

    def meta(self) -> Mapping[str, Any]:
        """Scale and link."""
        return {"scale": self.scale, "link": self.link}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> Oblivious:
        """Rebuild what was saved."""
        feature, border, values, bias = (arrays[name] for name in ("feature", "border", "values", "bias"))
        return cls(feature, border, values, meta["scale"], bias, meta["link"], arrays.get("cover"))


def _misfit(trees: Oblivious) -> str:
    """What is wrong with the arrays; "" where nothing is."""
    feature, border, values, bias = trees.feature, trees.border, trees.values, trees.bias
    if feature.dtype.kind not in "iu" or {values.dtype, bias.dtype} != {np.dtype(np.float64)}:
        return "arrays of another kind"
    if border.dtype != np.float32:
        return "borders of another precision"
    if feature.ndim != 2 or border.shape != feature.shape or values.ndim != 3 or bias.ndim != 1:
        return "arrays of another shape"
    n_trees, depth = feature.shape
    if depth > MOST_DEPTH or values.shape != (n_trees, 1 << depth, len(bias)) or not len(bias):
        return "leaves that do not fit the questions"
    if not covers(trees.cover, values.shape[:2]):
        return "counts of rows that are none"
    return "" if (feature >= 0).all() else "features that are not there"
