"""The one scan of a table → a mergeable Profile: parts add up, be they batches, partitions, days, or reference and now.

Each batch of rows is sorted column by column: bins, extremes, commonest values, moments and distinct counts follow from the
sorted values, and no more than a batch is ever held. polars reads and spells, numpy counts. The sketches, and how far
each can be trusted, stand in `artificer.data.sketches`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from artificer.core.tasks import give_back
from artificer.data.coded import Normal, at_rows, coded
from artificer.data.columns import each
from artificer.data.hashes import Texts, number_hashes, shortened, sorts_of_bytes, text_hashes, texts_of, weighted
from artificer.data.order import counted, order_of, runs
from artificer.data.parts import Part, held
from artificer.data.sketches import (
    MOST_COMMON,
    NOTHING,
    Commonest,
    cardinality,
    common_places,
    commonest,
    joined_moments,
    least,
    moments,
    registers,
    shared,
)
from artificer_runtime.schema import Column, Schema, canonical_text

MOST_EDGES = 256
OF_NUMBERS = ("number", "time")
LONG_TEXT = 1 << 16  # characters, from which lengths are sorted and not counted


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column, in numbers that add up.

    Attributes
    ----------
    n_rows, n_missing : int
    moments : array of float64, (5,)
        Count, mean, and sums of the second, third and fourth powers of deviations of finite values; of texts, of their
        lengths in characters.
    low, high : float or None
        Least and greatest finite value, or length; None when there is none.
    edges : array of float64
        Bin edges, fixed by the first part; bins are open at both ends.
    counts : array of int64, (n_edges + 1,)
    common : Commonest
        Values, and how often they occur: exact in one part, else within `common.error`.
    registers : array of uint8, (4096,)
        HyperLogLog.
    least : array of uint64, at most (1024,)
        Least hashes of its values: what it shares with another column.
    n_negative, n_zero, n_infinite : int
        Of numbers.
    patterns : Commonest
        Of texts: "A9-9" for "AB12-77".
    """

    name: str
    kind: str
    n_rows: int
    n_missing: int
    moments: np.ndarray
    low: float | None
    high: float | None
    edges: np.ndarray
    counts: np.ndarray
    common: Commonest
    registers: np.ndarray
    least: np.ndarray
    n_negative: int = 0
    n_zero: int = 0
    n_infinite: int = 0
    patterns: Commonest = NOTHING

    @property
    def share_missing(self) -> float:
        """Share of rows without a value."""
        return self.n_missing / self.n_rows if self.n_rows else 0.0

    @property
    def mean(self) -> float:
        """Mean; NaN when there is no value."""
        return float(self.moments[1]) if self.moments[0] else math.nan

    @property
    def std(self) -> float:
        """Standard deviation; NaN for fewer than two values."""
        count = float(self.moments[0])
        return math.sqrt(max(float(self.moments[2]), 0.0) / (count - 1)) if count > 1 else math.nan

    @property
    def heavy(self) -> tuple[tuple[str, int], ...]:
        """Commonest values and how often they occur, at most 256."""
        return self.common.pairs

    @property
    def n_distinct(self) -> float:
        """Number of different values: exact while all of them are held as common, else HyperLogLog's estimate.

        Never more than there are values.
        """
        if not self.common.error and len(self.common.values) < MOST_COMMON:
            return float(len(self.common.values))
        return min(cardinality(self.registers), float(self.n_rows - self.n_missing))

    def quantile(self, q: float) -> float:
        """Quantile within its bin's width, by interpolation."""
        total = self.counts.sum()
        if not total or not len(self.edges) or self.low is None or self.high is None:
            return math.nan
        bounds = np.concatenate([[min(self.low, self.edges[0])], self.edges, [max(self.high, self.edges[-1])]])
        filled = np.concatenate([[0], np.cumsum(self.counts)]) / total
        return float(np.clip(np.interp(q, filled, bounds), self.low, self.high))

    def contained(self, other: ColumnProfile) -> tuple[float, int]:
        """Share of this column's different values that another has too, and how many values that rests on.

        Both must be of one sort: numbers, moments or texts. Standard error sqrt(share (1 - share) / n), n at most 1,024.
        """
        return shared(self.least, other.least)

    def __add__(self, other: ColumnProfile) -> ColumnProfile:
        assert self.name == other.name
        assert np.array_equal(self.edges, other.edges), "parts share the edges of the first"
        return replace(
            self,
            n_rows=self.n_rows + other.n_rows,
            n_missing=self.n_missing + other.n_missing,
            moments=joined_moments(self.moments, other.moments),
            low=min((one for one in (self.low, other.low) if one is not None), default=None),
            high=max((one for one in (self.high, other.high) if one is not None), default=None),
            counts=self.counts + other.counts,
            common=self.common + other.common,
            registers=np.maximum(self.registers, other.registers),
            least=least(np.concatenate([self.least, other.least])),
            n_negative=self.n_negative + other.n_negative,
            n_zero=self.n_zero + other.n_zero,
            n_infinite=self.n_infinite + other.n_infinite,
            patterns=self.patterns + other.patterns,
        )


@dataclass(frozen=True)
class Profile:
    """A table, in numbers that add up."""

    n_rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """One column's profile."""
        return self.columns[self._places[name]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}

    def __add__(self, other: Profile) -> Profile:
        return Profile(
            self.n_rows + other.n_rows, tuple(a + b for a, b in zip(self.columns, other.columns, strict=True))
        )


def scan(frame: pl.DataFrame, schema: Schema, like: Profile | None = None) -> Profile:
    """Scan normalised rows, as one part.

    Parameters
    ----------
    frame : DataFrame
        In canonical form: see `artificer.data.table.normalise`.
    like : Profile, optional
        An earlier part, whose edges are taken.
    """
    edges = [column.edges for column in like.columns] if like else None
    return scan_part(held(frame, at_once=math.inf), schema, edges)[0]


def scan_part(
    part: Part,
    schema: Schema,
    edges: Sequence[np.ndarray] | None = None,
    *,
    normal: Normal | None = None,
    rows: bool = False,
) -> tuple[Profile, np.ndarray]:
    """Scan one part, its columns side by side.

    Parameters
    ----------
    edges : sequence of arrays, optional
        Each column's, of an earlier part or from `edges_of`; else those of the first batch are taken.
    normal : callable, optional
        Gives a column its canonical form, where it has another.
    rows : bool
        Whether rows are hashed.

    Returns
    -------
    Profile
    array of uint64, (n_rows,)
        Hash of each row; none where they are not hashed.
    """
    hashes = np.zeros(part.height * rows, np.uint64)
    adding = threading.Lock()

    def one(place: int) -> ColumnProfile:
        column, start = schema.columns[place], 0
        scanned = _numbers if column.kind in OF_NUMBERS else _texts
        total, bins = None, edges[place] if edges else None
        for cells in part.cells(column.name):
            found, hashed = scanned(cells, column, bins, normal)
            total, bins = total + found if total else found, found.edges
            if rows:
                hashed = weighted(hashed, place)
                with adding:
                    hashes[start : start + len(cells)] += hashed
            start += len(cells)
        assert total is not None, "a part of no rows has one batch too"
        return total

    found = tuple(each(one, range(len(schema.columns)), part.height))
    give_back()
    return Profile(part.height, found), hashes


def edges_of(frame: pl.DataFrame, schema: Schema, normal: Normal) -> list[np.ndarray]:
    """Each column's edges of bins as these rows tell them, float64 (n_edges,); see `scan_part`."""

    def one(column: Column) -> np.ndarray:
        cells = frame[column.name]
        if column.kind in OF_NUMBERS:
            values, n = counted(_values(cells, column, normal)[0])
        else:
            texts = coded(cells, column, normal)
            values, n = _lengths(texts.texts, texts.n)
        finite = np.isfinite(values)
        return _edges(values[finite], n if n is None else n[finite])

    return each(one, schema.columns, frame.height)


def _numbers(
    cells: pl.Series, column: Column, edges: np.ndarray | None, normal: Normal | None
) -> tuple[ColumnProfile, np.ndarray]:
    values, known = _values(cells, column, normal)
    by_row = number_hashes(values)
    distinct, n = counted(values)
    hashes = by_row if n is None else number_hashes(distinct)
    n_each = np.ones(len(distinct), np.int64) if n is None else n
    places, over = common_places(n_each)
    shown = distinct[places] if column.kind == "number" else np.rint(distinct[places] * 1e6).astype("datetime64[us]")
    found = replace(
        _measured(column, distinct, n, edges),
        n_rows=len(cells),
        n_missing=len(cells) - len(by_row),
        common=commonest([canonical_text(value) for value in shown.tolist()], n_each[places], over),
        registers=registers(hashes),
        least=least(hashes),
    )
    return found, at_rows(by_row, known if found.n_missing else None)


def _values(cells: pl.Series, column: Column, normal: Normal | None) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, or seconds since 1970, that are known, and which rows those are; without -0, and no part of the cells."""
    cells = normal(cells, column) if normal else cells
    if column.kind == "time":
        cells = cells.cast(pl.Datetime("us", "UTC")).cast(pl.Int64)
        return cells.drop_nulls().to_numpy() / 1e6, cells.is_not_null().to_numpy()
    # By numpy, since each call of polars costs as much as a thousand values.
    numbers = cells.cast(pl.Float64).to_numpy()
    known = ~np.isnan(numbers)
    return (numbers if known.all() else numbers[known]) + 0.0, known


def _texts(
    cells: pl.Series, column: Column, edges: np.ndarray | None, normal: Normal | None
) -> tuple[ColumnProfile, np.ndarray]:
    held = coded(cells, column, normal)
    texts = texts_of(held.texts)
    hashes = text_hashes(texts)
    first, ordered, n_each = _grouped(hashes, held.n)
    found = replace(
        _measured(column, *_lengths(held.texts, held.n), edges),
        n_rows=held.n_rows,
        n_missing=held.n_missing,
        common=_spelt(texts, first, n_each),
        patterns=_patterns(texts, held.n),
        registers=registers(ordered),
        least=least(ordered),
    )
    return found, held.rows(hashes)


def _patterns(texts: Texts, n: np.ndarray | None) -> Commonest:
    """The commonest patterns of texts; each text stands for `n`. Far fewer differ in sorts of bytes than in bytes."""
    sorts = sorts_of_bytes(texts)
    first, _, n_each = _grouped(text_hashes(sorts), n)
    few = 2 * len(first) < len(texts.starts)  # free texts hardly repeat so either, and picking takes room
    patterns = shortened(sorts.take(first) if few else sorts)
    places, _, n_alike = _grouped(text_hashes(patterns), n_each if few else n)
    return _spelt(patterns, places, n_alike)


def _lengths(texts: pl.Series, n: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Different lengths in characters, in rising order, and how many rows have each; each text stands for `n`."""
    lengths = texts.str.len_chars().to_numpy()
    if lengths.max(initial=0) >= LONG_TEXT:
        order = np.argsort(lengths)
        begins, counts = runs(lengths[order])
        counts = counts if n is None else np.add.reduceat(n[order], begins)
        return lengths[order][begins].astype(np.float64), counts
    counts = np.bincount(lengths, n).astype(np.int64)
    held = np.flatnonzero(counts)
    return held.astype(np.float64), counts[held]


def _measured(column: Column, values: np.ndarray, n: np.ndarray | None, edges: np.ndarray | None) -> ColumnProfile:
    """What is told by different values in their order, numbers or lengths, and how often each occurs; None: once."""
    number = column.kind == "number"
    filled = None if n is None else np.concatenate([[0], np.cumsum(n)])

    def rows(places: Any) -> Any:
        """Rows of values before some places."""
        return places if filled is None else filled[places]

    start, zero = np.searchsorted(values, [-np.inf, 0.0], "right")
    negative, end = np.searchsorted(values, [0.0, np.inf], "left")
    n_finite, n_known = rows(end) - rows(start), rows(len(values))
    values, n = values[start:end], None if n is None else n[start:end]
    if edges is None:
        edges = _edges(values, n)
    below = rows(start + np.searchsorted(values, edges, "right")) - rows(start)
    return ColumnProfile(
        name=column.name,
        kind=column.kind,
        n_rows=0,
        n_missing=0,
        moments=moments(values, n),
        low=float(values[0]) if len(values) else None,
        high=float(values[-1]) if len(values) else None,
        edges=edges,
        counts=np.diff(np.concatenate([[0], below, [n_finite]])),
        common=NOTHING,
        registers=np.empty(0, np.uint8),
        least=np.empty(0, np.uint64),
        n_negative=int(rows(negative)) if number else 0,
        n_zero=int(rows(zero) - rows(negative)) if number else 0,
        n_infinite=int(n_known - n_finite),
    )


def _edges(values: np.ndarray, n: np.ndarray | None) -> np.ndarray:
    if not len(values):
        return np.empty(0)
    filled = np.arange(1, len(values) + 1) if n is None else np.cumsum(n)
    at = np.searchsorted(filled, filled[-1] * np.arange(1, MOST_EDGES) / MOST_EDGES)
    edges: np.ndarray = np.unique(values[at])
    return edges


def _grouped(hashes: np.ndarray, n: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where one of each different hash is, the different ones in order, and how often each occurs; each stands for `n`."""
    if len(hashes) and (hashes == hashes[0]).all():
        return np.zeros(1, np.int64), hashes[:1], np.array([len(hashes) if n is None else n.sum()])
    order, ordered = order_of(hashes)
    begins, counts = runs(ordered)
    if n is not None and len(begins):
        counts = np.add.reduceat(n[order], begins)
    return order[begins], ordered[begins], counts


def _spelt(texts: Texts, places: np.ndarray, n: np.ndarray) -> Commonest:
    """The commonest of different texts, each of which is at one place and occurs `n` times."""
    common, over = common_places(n)
    return commonest([texts.text(place) for place in places[common].tolist()], n[common], over)
