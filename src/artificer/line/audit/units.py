"""Units: stretches of rows, or levels of another column, in which a number is another one times a factor of units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.data.coded import dictionary
from artificer.line.audit.seen import Seen, check

# Inches, metres, feet; kilometres, miles; kilograms, pounds; litres, gallons; hours, minutes, seconds; thousands.
FACTORS = (
    *(1.609344, 2.20462, 2.54, 3.28084, 3.78541, 10.0, 12.0, 24.0),
    *(60.0, 100.0, 1_000.0, 3_600.0, 1_000_000.0),
)
STEPS = np.array([side * np.log(factor) for factor in FACTORS for side in (1, -1)])
MOST_BLOCKS, ROWS_OF_A_BLOCK, FEWEST_IN_A_GROUP, MOST_LEVELS = 20, 40, 30, 20
MOST_GROUPS = 1 << 16
LEAST_SIZED = 0.5  # share of the values that have a size: known, and not 0
# Of the logarithm of the factor: how exactly medians must be apart, and how widely values may spread; and how alike the
# distributions must be when one is divided by the factor (Kolmogorov and Smirnov's distance, beside what chance gives).
EXACT, SPREAD, ALIKE = 0.04, 0.5, 0.12
LEAST_APART = (1 - EXACT) * np.abs(STEPS).min()


@check("units", "rows")
def units(seen: Seen) -> Iterator[Finding]:
    """Report numbers whose values in some rows are those of the others times a factor between units."""
    groupings, features = dict(_groupings(seen)), set(seen.asked.features)
    for column in seen.asked.schema.columns:
        if column.kind == "number" and column.name in features:
            found = _found(seen, column.name, groupings)
            if found is not None:
                yield _finding(column.name, *found)


def _found(seen: Seen, name: str, groupings: Mapping[str, Groups]) -> tuple[str, float, int] | None:
    """By what rows are parted, the factor, and in how many rows."""
    values = seen.rows.frame[name].cast(pl.Float64).to_numpy()
    sized = np.flatnonzero(np.isfinite(values) & (values != 0))
    if len(sized) < LEAST_SIZED * len(values):
        return None
    logs = np.log(np.abs(values[sized]))
    order = np.argsort(logs)
    logs, rows = logs[order], sized[order]
    for by, groups in groupings.items():
        found = _shifted(values, logs, rows, groups)
        if found is not None:
            return by, *found
    return None


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each row is of: uint16 (n_rows,), as numpy sorts no wider ones in linear time; and how many there are."""

    of_row: np.ndarray
    n: int


def _groupings(seen: Seen) -> Iterator[tuple[str, Groups]]:
    n_rows, time = seen.rows.n_rows, seen.rows.time
    n_blocks = max(1, min(MOST_BLOCKS, n_rows // ROWS_OF_A_BLOCK))
    block = np.empty(n_rows, np.uint16)
    block[np.argsort(time, kind="stable") if time is not None else slice(None)] = np.arange(n_rows) * n_blocks // n_rows
    yield "a stretch of rows" if time is None else "a stretch of time", Groups(block, n_blocks)
    for column in seen.asked.schema.columns:
        if column.kind in ("category", "boolean") and 2 <= len(column.levels) <= MOST_LEVELS:
            texts, codes = dictionary(seen.rows.frame[column.name].cast(pl.String))
            if len(texts) < MOST_GROUPS:
                yield f"levels of '{column.name}'", Groups((codes + 1).astype(np.uint16), len(texts) + 1)


def _shifted(values: np.ndarray, logs: np.ndarray, rows: np.ndarray, groups: Groups) -> tuple[float, int] | None:
    """The factor, and in how many rows; None where no groups are apart by one.

    Sizes show a factor, whatever the sign; that the values are those of the others, brought to their unit, is asked of the
    values themselves, as 0 and signs must be alike too.

    Parameters
    ----------
    values : array of float64, (n_rows,)
    logs : array of float64, (n_sized,)
        Of the sizes of those that have one, in rising order.
    rows : array of int64, (n_sized,)
        Whose they are.
    """
    of_size = groups.of_row[rows]
    sizes = logs[np.argsort(of_size, kind="stable")]  # group by group, in rising order within
    n_each = np.bincount(of_size, minlength=groups.n)
    begins = np.cumsum(n_each) - n_each
    known = np.flatnonzero(n_each >= FEWEST_IN_A_GROUP)
    if len(known) < 2:
        return None
    counts, begins = n_each[known], begins[known]
    medians = (sizes[begins + (counts - 1) // 2] + sizes[begins + counts // 2]) / 2
    if np.ptp(medians) < LEAST_APART:
        return None
    away = medians - _median(medians, counts)
    apart = np.abs(away - STEPS[:, None]) < EXACT * np.abs(STEPS)[:, None]
    for place in np.flatnonzero(apart.any(axis=1)):
        step = STEPS[place]
        odd, plain = apart[place], np.abs(away) < EXACT * abs(step)
        if counts[plain].sum() <= counts[odd].sum():
            continue
        usual = np.concatenate([sizes[begins[one] : begins[one] + counts[one]] for one in np.flatnonzero(plain)])
        if np.ptp(np.quantile(usual, (0.25, 0.75))) > SPREAD * abs(step):
            continue
        moved, rest = (values[np.isin(groups.of_row, known[some]) & np.isfinite(values)] for some in (odd, plain))
        with np.errstate(over="ignore"):
            moved = moved / np.exp(step)
        if _distance(moved, rest) < ALIKE + 1 / np.sqrt(len(moved)):
            return float(np.exp(step)), len(moved)
    return None


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov and Smirnov's: how far the shares below a value lie apart, at most."""
    at, parts = np.concatenate([one, other]), (np.sort(one), np.sort(other))
    below = [np.searchsorted(part, at, side="right") / max(len(part), 1) for part in parts]
    return float(np.abs(below[0] - below[1]).max(initial=0.0))


def _median(values: np.ndarray, counts: np.ndarray) -> float:
    """The median of values that occur so often each: of the groups' medians what most rows are in."""
    order = np.argsort(values)
    ends = np.cumsum(counts[order])
    middle = np.searchsorted(ends, [(ends[-1] - 1) // 2, ends[-1] // 2], "right")
    return float(values[order][middle].mean())


def _finding(name: str, by: str, factor: float, n_rows: int) -> Finding:
    times = f"{factor:.4g} times" if factor > 1 else f"1/{1 / factor:.4g} of"
    return Finding(
        code="units",
        severity="warning",
        where=name,
        says=f"in {by}, {counted(n_rows, 'value')} of '{name}' {'is' if n_rows == 1 else 'are'} spread as the others "
        f"are, but at {times} their size: another unit",
        fix="bring them to one unit at their source; a model learns the difference as if it meant something",
        facts=(Fact("factor", factor, "times the usual"), Fact("n_rows", float(n_rows), "rows")),
    )
