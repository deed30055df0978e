"""What tells a group of rows: a level of a column, or a range of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import polars as pl

from artificer.core.figures import MOST_DIGITS, day, figure

MISSING = "(missing)"
MOST_LEVELS = 8
QUARTERS = (0.25, 0.5, 0.75)
TENTHS = tuple(k / 10 for k in range(1, 10))
MANY_COLUMNS = 40  # from here numbers are cut in quarters, as their ranges would be too many


@dataclass(frozen=True, slots=True)
class Condition:
    """A column that holds a level, or a number above `low` and up to `high`; a level of None stands for numbers.

    Moments are numbers too: seconds since 1970.
    """

    column: str
    level: str | None = None
    low: float = -np.inf
    high: float = np.inf
    moments: bool = False

    @property
    def label(self) -> str:
        """Which values, without the column."""
        if self.level is not None:
            return self.level
        low, high = (day(one) if self.moments and np.isfinite(one) else digits(one) for one in (self.low, self.high))
        if np.isinf(self.low):
            return f"up to {high}"
        return f"above {low}" if np.isinf(self.high) else f"{low} to {high}"

    def holds(self, frame: pl.DataFrame) -> np.ndarray:
        """Whether each row is meant: bool (n_rows,)."""
        values = frame[self.column]
        if self.level is not None:
            return np.asarray((_texts(values) == self.level).to_numpy())
        numbers = _numbers(values)
        return np.asarray((numbers > self.low) & (numbers <= self.high))


def groups(frame: pl.DataFrame, column: str, most: int = MOST_LEVELS) -> list[Condition]:
    """Part a column's rows: quarters of its numbers and those that are missing, or its `most` commonest levels by name."""
    values = frame[column]
    if not _is_number(values):
        return [Condition(column, level) for level in sorted(_common(values, most))]
    cuts = _cuts(values, QUARTERS)
    ranges = pairwise([-np.inf, *cuts, np.inf]) if cuts else ()
    missing = [Condition(column, MISSING)] if np.isnan(_numbers(values)).any() else []
    moments = values.dtype.is_temporal()
    return [*(Condition(column, low=low, high=high, moments=moments) for low, high in ranges), *missing]


def conditions(frame: pl.DataFrame, *, fewest: int) -> list[Condition]:
    """Conditions that groups are told by: each common level, and each range between two tenths of a number.

    Parameters
    ----------
    fewest : int
        Rows that a level must have.
    """
    found = []
    for column in frame.columns:
        values = frame[column]
        if values.dtype.is_temporal():
            continue  # how a model fares over time is another test's
        if values.dtype.is_numeric():
            ends = [-np.inf, *_cuts(values, QUARTERS if len(frame.columns) > MANY_COLUMNS else TENTHS), np.inf]
            ranges = [one for one in combinations(ends, 2) if one != (-np.inf, np.inf)]
            found += [Condition(column, low=low, high=high) for low, high in ranges]
            if np.isnan(_numbers(values)).sum() >= fewest:
                found.append(Condition(column, MISSING))
        else:
            counts = _texts(values).alias("level").value_counts()
            common = counts.filter(pl.col("count") >= fewest)["level"]
            found += [Condition(column, level) for level in sorted(common.to_list())]
    return found


def told(parts: tuple[Condition, ...]) -> str:
    """Several conditions in words: "job = clerk and age above 50"; two ends of one number are one range."""
    ends: dict[str, Condition] = {}
    for one in parts:
        if one.level is not None:
            ends[f"{one.column}={one.level}"] = one
            continue
        other = ends.get(one.column, one)
        ends[one.column] = Condition(one.column, None, max(one.low, other.low), min(one.high, other.high))
    return " and ".join(_worded(one) for one in ends.values())


def _worded(one: Condition) -> str:
    if one.level is not None:
        return f"{one.column} = {one.level}"
    if np.isinf(one.low):
        return f"{one.column} up to {figure(one.high)}"
    if np.isinf(one.high):
        return f"{one.column} above {figure(one.low)}"
    return f"{one.column} {figure(one.low)} to {figure(one.high)}"


def digits(value: float) -> str:
    """So many digits that two ends of ranges are not the same in words."""
    whole = len(f"{abs(value):.0f}") if abs(value) < MOST_DIGITS else 0
    return f"{value:.{max(6, whole + 2)}g}"


def _is_number(values: pl.Series) -> bool:
    return values.dtype.is_numeric() or values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime)


def _numbers(values: pl.Series) -> np.ndarray:
    if values.dtype.is_temporal():
        return (
            np.asarray(values.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64).fill_null(np.nan).to_numpy())
            / 1e6
        )
    return np.asarray(values.cast(pl.Float64).fill_null(np.nan).to_numpy())


def _texts(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        values = values.fill_nan(None)
    return values.cast(pl.String).fill_null(MISSING)


def _cuts(values: pl.Series, shares: tuple[float, ...]) -> list[float]:
    numbers = _numbers(values)
    finite = numbers[np.isfinite(numbers)]
    return [float(one) for one in np.unique(np.quantile(finite, shares))] if len(finite) else []


def _common(values: pl.Series, most: int) -> list[str]:
    counts = _texts(values).alias("level").value_counts().sort(["count", "level"], descending=[True, False])
    return [str(level) for level in counts["level"].head(most).to_list()]
