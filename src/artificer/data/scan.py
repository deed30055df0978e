"""The one scan of a table → a mergeable Profile: parts add up, be they partitions, days, or reference and now.

DuckDB groups each column by value, within a memory limit and from files larger than memory; moments, bins, commonest
values and distinct counts follow from the groups. Distinct values are counted by HyperLogLog (Flajolet, Fusy,
Gandouet and Meunier 2007) over a hash that does not change with versions; the estimator is Ertl's (2017, arXiv
1702.01284).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from artificer.data.table import mixed
from artificer_runtime.schema import Column, Schema, canonical_text

MOST_EDGES = 256
HEAVY = 50
PRECISION = 12  # 4,096 registers: 1.6% standard error
# How DuckDB reads a kind's values, as numbers, and hashes them. Texts by MD5 and not by DuckDB's own hash, which may
# change with its version: stored profiles must go on adding up. Numbers are hashed by their bits, outside.
NO_HASH = "0::ubigint"
AS_TEXT = ("length(raw)", "('0x' || left(md5(raw), 16))::ubigint")
HOW_READ = {"number": ("raw", NO_HASH), "time": ("epoch(raw)", NO_HASH)}


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column, in numbers that add up.

    Attributes
    ----------
    n_rows, n_missing : int
    moments : array of float64, (5,)
        Count, mean, and sums of the second, third and fourth powers of deviations; of texts, of their lengths.
    low, high : float or None
        Least and greatest finite value; None when there is none.
    edges : array of float64
        Bin edges, fixed by the first part; bins are open at both ends.
    counts : array of int64, (n_edges + 1,)
    heavy : tuple of (str, int)
        Commonest values and how often they occur, at most 50: exact in one part.
    registers : array of uint8, (4096,)
        HyperLogLog.
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
    heavy: tuple[tuple[str, int], ...]
    registers: np.ndarray

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
    def n_distinct(self) -> float:
        """Number of different values: exact while all of them are heavy, else HyperLogLog's estimate."""
        if len(self.heavy) < HEAVY and sum(n for _, n in self.heavy) == self.n_rows - self.n_missing:
            return float(len(self.heavy))
        return _cardinality(self.registers)

    def quantile(self, q: float) -> float:
        """Quantile within its bin's width, by interpolation."""
        total = self.counts.sum()
        if not total or not len(self.edges) or self.low is None or self.high is None:
            return math.nan
        bounds = np.concatenate([[min(self.low, self.edges[0])], self.edges, [max(self.high, self.edges[-1])]])
        filled = np.concatenate([[0], np.cumsum(self.counts)]) / total
        return float(np.clip(np.interp(q, filled, bounds), self.low, self.high))

    def __add__(self, other: ColumnProfile) -> ColumnProfile:
        assert self.name == other.name
        assert np.array_equal(self.edges, other.edges), "parts share the edges of the first"
        return replace(
            self,
            n_rows=self.n_rows + other.n_rows,
            n_missing=self.n_missing + other.n_missing,
            moments=_joined(self.moments, other.moments),
            low=min((one for one in (self.low, other.low) if one is not None), default=None),
            high=max((one for one in (self.high, other.high) if one is not None), default=None),
            counts=self.counts + other.counts,
            heavy=_heaviest(self.heavy, other.heavy),
            registers=np.maximum(self.registers, other.registers),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """A table, in numbers that add up."""

    n_rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """One column's profile."""
        return next(column for column in self.columns if column.name == name)

    def __add__(self, other: Profile) -> Profile:
        return Profile(
            self.n_rows + other.n_rows, tuple(a + b for a, b in zip(self.columns, other.columns, strict=True))
        )


def scan(
    source: pl.DataFrame | Path, schema: Schema, like: Profile | None = None, *, memory_gb: float = 4.0
) -> Profile:
    """Scan normalised rows.

    Parameters
    ----------
    source : DataFrame or path of a Parquet file
        In canonical form: see `artificer.data.table.normalise`. Of a file, the different values of one column at a time
        are held in memory.
    like : Profile, optional
        An earlier part, whose edges are taken.
    """
    with duckdb.connect(config={"threads": 1, "memory_limit": f"{memory_gb}GB"}) as connection:
        columns = []
        for column in schema.columns:
            # One column at a time: a query over a table of 857 columns spends 6 ms on their names.
            if isinstance(source, Path):
                rows = connection.read_parquet(str(source)).select(duckdb.ColumnExpression(column.name).alias("raw"))
            else:
                rows = connection.from_arrow(source.select(pl.col(column.name).alias("raw")).to_arrow())
            columns.append(_column(rows, column, like.column(column.name) if like else None))
        n_rows = source.height if isinstance(source, pl.DataFrame) else len(connection.read_parquet(str(source)))
    return Profile(n_rows, tuple(columns))


def _column(rows: duckdb.DuckDBPyRelation, column: Column, like: ColumnProfile | None) -> ColumnProfile:
    value, hashed = HOW_READ.get(column.kind, AS_TEXT)
    # One pass: different values, how often each occurs, and its hash; all else follows from these.
    seen = rows.query(
        "seen",
        f"select {value}::double as v, raw, {hashed} as h, n from (select raw, count(*) as n from seen group by 1)",
    )
    assert seen is not None
    found: dict[str, Any] = seen.fetchnumpy()
    values, n = np.ma.filled(found["v"], np.nan).astype(np.float64), np.asarray(found["n"], np.int64)
    known = ~np.ma.getmaskarray(found["v"])
    finite = known & np.isfinite(values)
    edges = like.edges if like is not None else _edges(values[finite], n[finite])
    hashes = (
        mixed((values + 0.0).view(np.uint64)) if hashed == NO_HASH else np.ma.filled(found["h"], 0).astype(np.uint64)
    )
    return ColumnProfile(
        name=column.name,
        kind=column.kind,
        n_rows=int(n.sum()),
        n_missing=int(n[~known].sum()),
        moments=_moments(values[finite], n[finite]),
        low=float(values[finite].min()) if finite.any() else None,
        high=float(values[finite].max()) if finite.any() else None,
        edges=edges,
        counts=_counts(values[finite], n[finite], edges),
        heavy=_heavy(np.ma.getdata(found["raw"])[known], n[known]),
        registers=_registers(hashes[known]),
    )


def _edges(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    if not len(values):
        return np.empty(0)
    order = np.argsort(values)
    filled = np.cumsum(n[order])
    at = np.searchsorted(filled, filled[-1] * np.arange(1, MOST_EDGES) / MOST_EDGES)
    edges: np.ndarray = np.unique(values[order][at])
    return edges


def _counts(values: np.ndarray, n: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts = np.zeros(len(edges) + 1, np.int64)
    np.add.at(counts, np.searchsorted(edges, values, side="left"), n)
    return counts


def _heavy(raw: np.ndarray, n: np.ndarray) -> tuple[tuple[str, int], ...]:
    least = np.sort(n)[-HEAVY] if len(n) > HEAVY else 0
    some = np.flatnonzero(n >= least)
    counted = sorted((-int(n[place]), canonical_text(raw[place])) for place in some[: 10 * HEAVY])
    return tuple((value, -count) for count, value in counted[:HEAVY])


def _registers(hashes: np.ndarray) -> np.ndarray:
    registers = np.zeros(1 << PRECISION, np.uint8)
    rest = 64 - PRECISION
    places = (hashes >> np.uint64(rest)).astype(np.int64)
    remainder = (hashes & np.uint64((1 << rest) - 1)).astype(np.float64)
    # The rank is the place of the first 1 bit after the prefix; frexp's exponent is the length in bits.
    rank = rest - np.frexp(remainder)[1] + 1
    np.maximum.at(registers, places, np.where(remainder > 0, rank, rest + 1).astype(np.uint8))
    return registers


def _moments(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    count = float(n.sum())
    if not count:
        return np.zeros(5)
    with np.errstate(over="ignore", invalid="ignore"):  # powers of 1e308 are infinite, of both signs
        mean = float((values * (n / count)).sum())
        d = values - mean
        return np.array([count, mean, *((n * d**k).sum() for k in (2, 3, 4))])


def _joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Moments of both parts together (Pébay 2008, SAND2008-6212)."""
    if not a[0] or not b[0]:
        return b if not a[0] else a
    with np.errstate(over="ignore", invalid="ignore"):  # values near 1e308
        return _pooled(a, b)


def _pooled(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n_a, mean_a, a2, a3, a4 = a
    n_b, mean_b, b2, b3, b4 = b
    n = n_a + n_b
    d = mean_b - mean_a
    m2 = a2 + b2 + d**2 * n_a * n_b / n
    m3 = a3 + b3 + d**3 * n_a * n_b * (n_a - n_b) / n**2 + 3 * d * (n_a * b2 - n_b * a2) / n
    m4 = a4 + b4 + d**4 * n_a * n_b * (n_a**2 - n_a * n_b + n_b**2) / n**3
    m4 += 6 * d**2 * (n_a**2 * b2 + n_b**2 * a2) / n**2 + 4 * d * (n_a * b3 - n_b * a3) / n
    return np.array([n, mean_a + d * n_b / n, m2, m3, m4])


def _heaviest(a: tuple[tuple[str, int], ...], b: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    total = dict(a)
    for value, n in b:
        total[value] = total.get(value, 0) + n
    return tuple(sorted(total.items(), key=lambda item: (-item[1], item[0]))[:HEAVY])


def _cardinality(registers: np.ndarray) -> float:
    m, q = len(registers), 64 - PRECISION
    counts = np.bincount(registers, minlength=q + 2).astype(np.float64)
    z = m * _tau(1 - counts[q + 1] / m)
    for k in range(q, 0, -1):
        z = 0.5 * (z + counts[k])
    z += m * _sigma(counts[0] / m)
    return float(m * m / (2 * math.log(2) * z)) if math.isfinite(z) else 0.0


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, last = 1.0, x, -1.0
    while z != last:
        x, last = x * x, z
        z, y = z + x * y, y + y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, last = 1.0, 1 - x, -1.0
    while z != last:
        x, last, y = math.sqrt(x), z, 0.5 * y
        z = z - (1 - x) ** 2 * y
    return z / 3
