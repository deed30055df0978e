"""Which pairs of columns tell more of the target together than each by itself: found on a sample, with numpy alone.

Columns are cut into bins, an additive model of the most telling ones is fitted by backfitting (Friedman and Stuetzle
1981, JASA 76), and a pair's feature counts by what its bins explain of the residuals beyond chance. Features are taken
one by one, each on what the ones before left over, as long as they explain more than the best feature does of shuffled
residuals. The kinds of features follow Tschalzev et al. (2025), "TabPrep".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

MOST_ROWS, MOST_ROWS_TO_NARROW = 6_000, 2_000
MOST_NUMBERS, MOST_CODES = 12, 8
# Parents are cut finer than what is made of them, so that no feature counts for what a parent tells alone.
N_PARENT_BINS, N_BINS, N_LEVELS, PASSES, SHUFFLES = 32, 12, 16, 5, 2
MOST_OUTCOMES = 3
MOST_WEIGHED = 120  # features that are looked at again after each choice
FEWEST_IN_LEVEL = 10
FLOAT32_MAX = float(np.finfo(np.float32).max)
NAN = float("nan")

How = Literal["-", "+", "*", "/", "- mean in", "/ mean in", "deviations in", "&"]
ARITHMETIC: tuple[How, ...] = ("-", "+", "*", "/")
GROUPED: tuple[How, ...] = ("- mean in", "/ mean in", "deviations in")


@dataclass(frozen=True, slots=True)
class Pair:
    """A feature of two columns, by their positions: `first how second`."""

    how: How
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many features of a kind are kept."""

    arithmetic: int = 40
    grouped: int = 20
    crossed: int = 20

    def of(self, how: How) -> int:
        """The bound of a kind."""
        return self.arithmetic if how in ARITHMETIC else self.grouped if how in GROUPED else self.crossed


def telling_pairs(
    values: np.ndarray, n_codes: int, outcomes: np.ndarray, bounds: Bounds, rng: np.random.Generator
) -> list[Pair]:
    """Choose pairs.

    Parameters
    ----------
    values : array of float64, (n_rows, n_columns)
        Training rows; the last `n_codes` columns are codes of categories.
    outcomes : array of float64, (n_rows, n_outcomes)
        The target, or one column a class.

    Returns
    -------
    list of Pair
        The most telling first.
    """
    sample = np.sort(rng.permutation(len(values))[:MOST_ROWS])
    values, outcomes = values[sample], _standardised(outcomes[sample])
    if len(values) < 2 * N_BINS or not outcomes.shape[1]:
        return []
    parents, n_numbers = _Parents(values, n_codes), values.shape[1] - n_codes
    few = slice(0, MOST_ROWS_TO_NARROW)
    told = np.array([_gain(parents.bins(place)[few], outcomes[few])[0] for place in range(values.shape[1])])
    numbers = _best(told[:n_numbers], MOST_NUMBERS)
    codes = n_numbers + _best(told[n_numbers:], MOST_CODES)
    rest = _residuals([parents.bins(int(place)) for place in (*numbers, *codes)], outcomes)
    pairs = list(_candidates(numbers.tolist(), codes.tolist()))
    return _forward(pairs, [parents.pair(pair) for pair in pairs], rest, bounds, rng)


def arithmetic(how: How, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Float64 (n_rows,) of two numbers; NaN where one is, or a divisor is 0; within single precision."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if how == "-":
            made = first - second
        elif how == "+":
            made = first + second
        elif how == "*":
            made = first * second
        else:
            made = np.where(second == 0, np.nan, first / second)
    bounded: np.ndarray = np.clip(made, -FLOAT32_MAX, FLOAT32_MAX)
    return bounded


def levels_table(number: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Mean and deviation of a number at each code: float64 (n_codes + 1, 2), the last row those of all rows.

    A level of fewer than ten known rows has those of all: too few to tell, and theirs alone.
    """
    known = ~np.isnan(number)
    largest = max(float(np.abs(number[known]).max(initial=0.0)), 1e-300)
    single, at = number[known] / largest, codes[known]
    everywhere = (single.mean(), single.std()) if len(single) else (0.0, 0.0)
    held, n_codes = at >= 0, int(codes.max(initial=-1)) + 1
    n = np.bincount(at[held], minlength=n_codes)
    mean = np.bincount(at[held], single[held], n_codes) / np.maximum(n, 1)
    square = np.bincount(at[held], (single[held] - mean[at[held]]) ** 2, n_codes) / np.maximum(n, 1)
    own = np.where((n >= FEWEST_IN_LEVEL)[:, None], np.stack([mean, np.sqrt(square)], axis=1), everywhere)
    return np.asarray(np.concatenate([own, [everywhere]]) * largest)


def within(how: How, number: np.ndarray, codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Float64 (n_rows,): a number beside the mean of its level."""
    mean, deviation = table[np.where((codes >= 0) & (codes < len(table) - 1), codes, -1)].T
    if how == "- mean in":
        return arithmetic("-", number, mean)
    if how == "/ mean in":
        return arithmetic("/", number, mean)
    return arithmetic("/", number - mean, deviation)


def within_one(how: How, first: float, second: float, table: Sequence[Sequence[float]]) -> float:
    """One row's `arithmetic`, or `within` of a number and a code, to the same bit."""
    if table:
        mean, deviation = table[int(second) if 0 <= second < len(table) - 1 else -1]
        if how == "deviations in":
            first, second = first - mean, deviation
        else:
            second = mean
        how = "-" if how == "- mean in" else "/"
    if how == "-":
        made = first - second
    elif how == "+":
        made = first + second
    elif how == "*":
        made = first * second
    else:
        made = first / second if second else NAN
    return FLOAT32_MAX if made > FLOAT32_MAX else -FLOAT32_MAX if made < -FLOAT32_MAX else made


@dataclass
class _Parents:
    """Columns of the sample, cut into bins once."""

    values: np.ndarray
    n_codes: int
    _bins: dict[int, np.ndarray] = field(default_factory=dict)

    def bins(self, place: int) -> np.ndarray:
        """Bins 0 … of a column; gaps are one."""
        if place not in self._bins:
            column = self.values[:, place]
            coded = place >= self.values.shape[1] - self.n_codes
            self._bins[place] = _levels(column) if coded else _quantile_bins(column, N_PARENT_BINS)
        return self._bins[place]

    def pair(self, pair: Pair) -> np.ndarray:
        """Bins of a pair's feature."""
        if pair.how == "&":
            crossed: np.ndarray = self.bins(pair.first) * (N_LEVELS + 1) + self.bins(pair.second)
            return crossed
        first, second = self.values[:, pair.first], self.values[:, pair.second]
        if pair.how in ARITHMETIC:
            return _quantile_bins(arithmetic(pair.how, first, second))
        codes = second.astype(np.int64)
        return _quantile_bins(within(pair.how, first, codes, levels_table(first, codes)))


def _candidates(numbers: Sequence[int], codes: Sequence[int]) -> Iterator[Pair]:
    for at, first in enumerate(numbers):
        for second in numbers[at + 1 :]:
            yield from (Pair(how, first, second) for how in ARITHMETIC)
            yield Pair("/", second, first)
        for second in codes:
            yield from (Pair(how, first, second) for how in GROUPED)
    for at, first in enumerate(codes):
        yield from (Pair("&", first, second) for second in codes[at + 1 :])


def _forward(
    pairs: list[Pair], bins: list[np.ndarray], rest: np.ndarray, bounds: Bounds, rng: np.random.Generator
) -> list[Pair]:
    shuffled = [rest[rng.permutation(len(rest))] for _ in range(SHUFFLES)]
    zs = [_gain(one, other)[1] for one in bins for other in shuffled]
    least = max(zs, default=np.inf)
    first = np.array([_gain(one, rest) for one in bins]).reshape(-1, 2)
    order = np.argsort(-first[:, 0], kind="stable")
    open_ = [int(place) for place in order if first[place, 1] > least][:MOST_WEIGHED]
    chosen: list[Pair] = []
    while open_:
        gains = [_gain(bins[place], rest) for place in open_]
        best = int(np.argmax([gain if z > least else -np.inf for gain, z in gains]))
        if gains[best][1] <= least:
            break
        place = open_.pop(best)
        chosen.append(pairs[place])
        rest = rest - _fitted(bins[place], rest)
        how = pairs[place].how
        if sum(bounds.of(one.how) == bounds.of(how) and _kind(one.how) == _kind(how) for one in chosen) >= bounds.of(
            how
        ):
            open_ = [one for one in open_ if _kind(pairs[one].how) != _kind(how)]
    return chosen


def _kind(how: How) -> str:
    return "arithmetic" if how in ARITHMETIC else "grouped" if how in GROUPED else "crossed"


def _gain(bins: np.ndarray, rest: np.ndarray) -> tuple[float, float]:
    """Share of variance that bins explain beyond chance, and that in standard deviations of chance.

    Of pure noise, k bins explain (k - 1) / n, with a variance of 2 (k - 1) / n².
    """
    counts = np.bincount(bins)
    free = max(int((counts > 0).sum()) - 1, 1)
    total, explained = 0.0, 0.0
    for one in rest.T:
        sums = np.bincount(bins, one)
        explained += float((sums**2 / np.maximum(counts, 1)).sum())
        total += float(one @ one)
    n = len(rest)
    beyond = explained * n * rest.shape[1] / max(total, 1e-300) - free * rest.shape[1]
    return beyond / n, beyond / float(np.sqrt(2 * free * rest.shape[1]))


def _fitted(bins: np.ndarray, rest: np.ndarray) -> np.ndarray:
    counts = np.bincount(bins)
    means = [np.bincount(bins, one) / np.maximum(counts, 1) for one in rest.T]
    fitted: np.ndarray = np.stack(means, axis=1)[bins]
    return fitted


def _residuals(parents: list[np.ndarray], outcomes: np.ndarray) -> np.ndarray:
    parts = [np.zeros_like(outcomes) for _ in parents]
    rest: np.ndarray = outcomes - outcomes.mean(axis=0)
    for _ in range(PASSES):
        for place, bins in enumerate(parents):
            rest = rest + parts[place]
            parts[place] = _fitted(bins, rest)
            rest = rest - parts[place]
    return rest


def _standardised(outcomes: np.ndarray) -> np.ndarray:
    """Each outcome between its first and last hundredth, so that no few rows decide."""
    if not len(outcomes):
        return outcomes
    low, high = np.quantile(outcomes, [0.01, 0.99], axis=0)
    rare = high <= low  # a class of fewer than a hundredth of the rows
    clipped = np.where(rare, outcomes, np.clip(outcomes, low, high))
    spread = clipped.std(axis=0)
    standardised: np.ndarray = (clipped - clipped.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    return standardised


def _best(told: np.ndarray, most: int) -> np.ndarray:
    return np.sort(np.argsort(-told, kind="stable")[:most])


def _quantile_bins(values: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Bins of about equally many rows; beside a value that most rows hold, the others have as many bins of their own."""
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return np.zeros(len(values), np.int64)
    edges = _edges(known, n_bins)
    at = known[len(known) // 2] if len(edges) < n_bins - 1 else np.nan
    others = known[known != at]
    if 0 < len(others) < len(known):
        edges = np.unique(np.concatenate([edges, [at, np.nextafter(at, np.inf)], _edges(others, n_bins)]))
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))


def _edges(known: np.ndarray, n_bins: int) -> np.ndarray:
    return np.unique(known[(np.arange(1, n_bins) * len(known)) // n_bins])


def _levels(codes: np.ndarray) -> np.ndarray:
    """The commonest codes, and one bin for all others."""
    found, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.lexsort((found, -counts))[:N_LEVELS]
    bins = np.full(len(found), N_LEVELS)
    bins[order] = np.arange(len(order))
    return np.asarray(bins[where])
