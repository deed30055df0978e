"""Texts as their different ones and a code for each row: what repeats is stripped, spelt, hashed and measured once.

Truth values are two texts; texts that repeat are grouped by Arrow's hash table; texts that hardly repeat stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.data.hashes import MISSING
from artificer_runtime.schema import Column

HARDLY_REPEAT = ("identifier", "text")

Normal = Callable[[pl.Series, Column], pl.Series]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts.

    Attributes
    ----------
    texts : Series of String
        Without gaps; one may stand here twice.
    n : array of int64, or None
        How often each occurs; None: once.
    codes : array of int, (n_rows,), or None
        Place of each row's text, -1 where it is missing; None: texts are those of the known rows, in their order.
    known : array of bool, (n_rows,), or None
        Which rows have a text, where there are no codes; None: all.
    n_rows : int
    """

    texts: pl.Series
    n: np.ndarray | None
    codes: np.ndarray | None
    known: np.ndarray | None
    n_rows: int

    @property
    def n_missing(self) -> int:
        """Rows without a text."""
        return self.n_rows - (len(self.texts) if self.n is None else int(self.n.sum()))

    def rows(self, hashes: np.ndarray) -> np.ndarray:
        """Hashes of texts at their rows: uint64 (n_rows,)."""
        if self.codes is not None:
            by_code: np.ndarray = np.append(hashes, MISSING)[self.codes]
            return by_code
        return at_rows(hashes, self.known)


def at_rows(hashes: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Hashes of known values at their rows; all others get that of what is missing."""
    if known is None:
        return hashes
    rows = np.full(len(known), MISSING)
    rows[known] = hashes
    return rows


def coded(cells: pl.Series, column: Column, normal: Normal | None = None) -> Coded:
    """A column as texts.

    Parameters
    ----------
    normal : callable, optional
        Gives texts their canonical form, where they have another: asked once for each that differs.
    """
    if cells.dtype == pl.Boolean:
        known = cells.is_not_null().to_numpy()
        true = cells.fill_null(False).to_numpy()
        n_true = int(true.sum())
        texts = pl.Series(cells.name, ["false", "true"])
        codes = np.where(known, true.view(np.int8), np.int8(-1))
        return _numbered(normal(texts, column) if normal else texts, codes, [int(known.sum()) - n_true, n_true])
    if column.kind not in HARDLY_REPEAT and cells.dtype == pl.String and len(cells):
        return _grouped(cells, column, normal)
    cells = (normal(cells, column) if normal else cells).cast(pl.String)
    if column.kind not in HARDLY_REPEAT and len(cells):
        return _grouped(cells, column, None)
    return Coded(
        cells.drop_nulls(), None, None, cells.is_not_null().to_numpy() if cells.null_count() else None, len(cells)
    )


def dictionary(cells: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The different texts of a column, without gaps, and each row's place among them: int32 (n_rows,), -1 where missing."""
    if not len(cells):
        return cells, np.empty(0, np.int32)
    encoded = cells.alias("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    texts = pl.Series(cells.name, encoded.dictionary)
    indices = encoded.indices
    # Arrow's own ways to numpy, and to fill gaps, import pandas first.
    codes = np.frombuffer(indices.buffers()[1], np.int32, len(indices), 4 * indices.offset)
    if indices.null_count:
        codes = np.where(cells.is_not_null().to_numpy(), codes, np.int32(-1))
    return texts, codes


def _grouped(cells: pl.Series, column: Column, normal: Normal | None) -> Coded:
    texts, codes = dictionary(cells)
    n = np.bincount(codes + 1, minlength=len(texts) + 1)[1:]
    return _numbered(normal(texts, column) if normal else texts, codes, n)


def _numbered(texts: pl.Series, codes: np.ndarray, n: np.ndarray | list[int]) -> Coded:
    """Leave out what does not occur, or means that the value is missing."""
    n = np.asarray(n, np.int64)
    kept = texts.is_not_null().to_numpy() & (n > 0)
    if not kept.all():
        places = np.where(kept, np.cumsum(kept) - 1, -1)
        codes, texts, n = np.append(places, -1)[codes], texts.filter(pl.Series(kept)), n[kept]
    return Coded(texts, n, codes, None, len(codes))
