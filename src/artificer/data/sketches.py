"""Sketches: what is kept of many values in little room, and adds up over parts, with an error that is known.

Distinct values by HyperLogLog (Flajolet, Fusy, Gandouet and Meunier 2007; the estimator is Ertl's, 2017, arXiv
1702.01284), commonest values by Misra and Gries (1982; merged as Agarwal and others 2012, "Mergeable summaries"),
which values two columns share by the least hashes of each (Beyer and others 2007, SIGMOD), copies of rows by their
hashes, and moments by Pébay (2008, SAND2008-6212).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artificer.data.order import repeats, rising, runs

MOST_COMMON = 256
FEW = 32
N_LEAST = 1_024
PRECISION = 12  # 4,096 registers: 1.6% standard error
MOST_ROWS = 1 << 25  # hashes of different rows held: 12 bytes each


@dataclass(frozen=True, slots=True)
class Commonest:
    """The commonest values of a column.

    Attributes
    ----------
    values : tuple of str
        At most 256, the commonest first.
    counts : tuple of int
        How often each was seen since it is held: never more than it occurs, and less by at most `error`.
    weights : tuple of int
        What settles which value goes when there are too many: counts, less what was taken from all of them alike.
    error : int
        Occurrences that no count may show. 0 while all different values are held; never above n / 257.
    """

    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()
    error: int = 0

    @property
    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Values with their counts, the commonest first."""
        return tuple(zip(self.values, self.counts, strict=True))

    def __add__(self, other: Commonest) -> Commonest:
        counts = dict(zip(self.values, self.counts, strict=True))
        weights = dict(zip(self.values, self.weights, strict=True))
        for value, count, weight in zip(other.values, other.counts, other.weights, strict=True):
            counts[value] = counts.get(value, 0) + count
            weights[value] = weights.get(value, 0) + weight
        kept, over = list(counts), 0
        if len(kept) > MOST_COMMON:
            kept.sort(key=lambda value: (-weights[value], -counts[value], value))
            over = weights[kept[MOST_COMMON]]
            del kept[MOST_COMMON:]
        kept.sort(key=lambda value: (-counts[value], value))
        return Commonest(
            tuple(kept),
            tuple(counts[value] for value in kept),
            tuple(weights[value] - over for value in kept),
            self.error + other.error + over,
        )


NOTHING = Commonest()


def commonest(values: Sequence[str], counts: np.ndarray, over: int) -> Commonest:
    """The commonest of one part, counted exactly.

    Parameters
    ----------
    values : sequence of str
        What `common_places` chose.
    over : int
        How often the commonest of those left out occurs.
    """
    held = sorted(zip(values, counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))
    return Commonest(
        tuple(value for value, _ in held), tuple(n for _, n in held), tuple(max(n - over, 0) for _, n in held), over
    )


def common_places(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Where the 256 largest counts are, and the largest count left out; of equal ones that do not all fit, a few."""
    if len(counts) <= MOST_COMMON:
        return np.arange(len(counts)), 0
    repeated = counts[counts > 1]  # mostly few: no count is below 1
    least = int(np.partition(repeated, -MOST_COMMON)[-MOST_COMMON]) if len(repeated) >= MOST_COMMON else 1
    above, level = np.flatnonzero(counts > least), np.flatnonzero(counts == least)
    n_level = MOST_COMMON - len(above)
    if len(level) > n_level:
        n_level = max(FEW - len(above), 0)
    rest = counts[counts < least]
    over = least if len(level) > n_level else int(rest.max(initial=0))
    return np.concatenate([above, level[:n_level]]), over


def registers(hashes: np.ndarray) -> np.ndarray:
    """HyperLogLog of hashes: uint8 (4096,), for each prefix the greatest place of the first 1 bit after it."""
    rest = 64 - PRECISION
    # So few bits are exact in float64, whose exponent is their length.
    exponents = (hashes & np.uint64((1 << rest) - 1)).astype(np.float64).view(np.int64) >> 52
    ranks = (rest + 1023 - np.maximum(exponents, 1022)).astype(np.uint8)
    found = np.zeros(1 << PRECISION, np.uint8)
    np.maximum.at(found, (hashes >> np.uint64(rest)).view(np.int64), ranks)
    return found


def cardinality(held: np.ndarray) -> float:
    """How many different values made these registers; standard error 1.6%."""
    m, q = len(held), 64 - PRECISION
    counts = np.bincount(held, minlength=q + 2).astype(np.float64)
    z = m * _tau(1 - counts[q + 1] / m)
    for k in range(q, 0, -1):
        z = 0.5 * (z + counts[k])
    z += m * _sigma(counts[0] / m)
    return float(m * m / (2 * math.log(2) * z)) if math.isfinite(z) else 0.0


def least(hashes: np.ndarray) -> np.ndarray:
    """The 1,024 least of those that differ: sorted uint64. Of many only the lowest are sorted, where they are enough."""
    if len(hashes) > 2 * N_LEAST:
        low = _different(hashes[hashes < np.uint64(1.5 * N_LEAST / len(hashes) * 2.0**64)])
        if len(low) >= N_LEAST:
            return low[:N_LEAST].copy()
    return _different(hashes)[:N_LEAST].copy()


def _different(hashes: np.ndarray) -> np.ndarray:
    ordered = np.sort(hashes, kind="stable")  # of two parts' least ones a merge
    found: np.ndarray = ordered[runs(ordered)[0]]
    return found


def shared(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Share of a's different values that b has too, from the least hashes of both.

    Below the lesser of both bounds each column's hashes are all known, and those of `a` are a fair draw of its values.

    Returns
    -------
    share : float
        0 to 1; NaN when no value of `a` was drawn.
    n : int
        Values of `a` that it rests on, at most 1,024; standard error sqrt(share (1 - share) / n).
    """
    bounds = [held[-1] for held in (a, b) if len(held) == N_LEAST]
    drawn = a[a <= min(bounds)] if bounds else a
    return (float(np.isin(drawn, b).mean()) if len(drawn) else math.nan), len(drawn)


class Copies:
    """Counts rows that repeat another one, from hashes of rows, within some 2 GB.

    Up to 33 million rows the count is exact, but for one chance in 30,000 that two different rows share a hash. Of more
    different rows a half, a quarter … of all hashes is followed: all copies of a row share its hash, so the count scales up.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.most, self.halvings, self.n_rows = most, 0, 0
        self._hashes, self._counts = np.empty(0, np.uint64), np.empty(0, np.int32)
        self._new: list[np.ndarray] = []
        self._n_new = 0

    def add(self, hashes: np.ndarray) -> None:
        """Take in more rows: uint64 (n,), which are kept."""
        self.n_rows += len(hashes)
        self._new.append(hashes[self._followed(hashes)] if self.halvings else hashes)
        self._n_new += len(self._new[-1])
        if self._n_new > self.most:
            self._merge()

    def counted(self) -> tuple[int, int, int]:
        """Rows that repeat an earlier one, rows with a twin, and how often the commonest row occurs."""
        if len(self._hashes):
            self._merge()
            n_alike = self._counts[self._counts > 1].astype(np.int64)
        else:  # as mostly: no row needs a count of its own
            n_alike = repeats(self._in_order())
        scale = 1 << self.halvings
        most = int(n_alike.max(initial=min(self.n_rows, 1)))
        return int(n_alike.sum() - len(n_alike)) * scale, int(n_alike.sum()) * scale, most

    def _in_order(self) -> np.ndarray:
        new = rising(np.concatenate([np.empty(0, np.uint64), *self._new]))
        self._new, self._n_new = [new], len(new)
        return new

    def _merge(self) -> None:
        new = self._in_order()
        self._new, self._n_new = [], 0
        begins, counts = runs(new)
        new, counts = new[begins], counts.astype(np.int32)
        if len(self._hashes):
            both, n = np.concatenate([self._hashes, new]), np.concatenate([self._counts, counts])
            order = np.argsort(both)
            new = both[order]
            begins, _ = runs(new)
            new, counts = new[begins], np.add.reduceat(n[order], begins) if len(begins) else n
        self._hashes, self._counts = new, counts
        while len(self._hashes) > self.most:
            self.halvings += 1
            kept = self._followed(self._hashes)
            self._hashes, self._counts = self._hashes[kept], self._counts[kept]

    def _followed(self, hashes: np.ndarray) -> np.ndarray:
        return hashes >> np.uint64(64 - self.halvings) == 0 if self.halvings else np.ones(len(hashes), bool)


def moments(values: np.ndarray, n: np.ndarray | None) -> np.ndarray:
    """Count, mean, and sums of the second, third and fourth powers of deviations: float64 (5,); n is None: each once."""
    count = float(len(values) if n is None else n.sum())
    if not count:
        return np.zeros(5)
    with np.errstate(over="ignore", invalid="ignore"):  # powers of 1e308 are infinite, of both signs
        d = values * (1 / count if n is None else n / count)
        mean = float(d.sum())
        np.subtract(values, mean, out=d)
        square = d * d
        weighted = square if n is None else square * n
        second, third = weighted.sum(), np.multiply(weighted, d, out=d).sum()
        return np.array([count, mean, second, third, np.multiply(weighted, square, out=square).sum()])


def joined_moments(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Moments of both parts together."""
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
