"""Units: stretches of rows, or levels of another column, in which a number is another one times a factor of units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.data.coded import dictionary
from artificer.line.audit.seen import Seen, check

# Inches, metres, feet; kilometres, miles; kilograms, pounds; litres, gallons; hours, minutes, seconds; thousands.
FACTORS = (
    *(1.609344, 2.20462, 2.54, 3.28084, 3.78541, 10.0, 12.0, 24.0),
    *(60.0, 100.0, 1_000.0, 3_600.0, 1_000_000.0),
)
MOST_BLOCKS, ROWS_OF_A_BLOCK, FEWEST_IN_A_GROUP, MOST_LEVELS = 20, 40, 30, 20
LEAST_SIZED = 0.5  # share of the values that have a size: known, and not 0
# Of the logarithm of the factor: how exactly medians must be apart, and how widely values may spread; and how alike the
# distributions must be when one is divided by the factor (Kolmogorov and Smirnov's distance, beside what chance gives).
EXACT, SPREAD, ALIKE = 0.04, 0.5, 0.12


@check("units", "rows")
def units(seen: Seen) -> Iterator[Finding]:
    """Report numbers whose values in some rows are those of the others times a factor between units."""
    frame = seen.rows.frame
    groupings = dict(_groupings(seen))
    for column in seen.asked.schema.columns:
        if column.kind != "number" or column.name not in seen.asked.features:
            continue
        values = frame[column.name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        sized = np.isfinite(values) & (values != 0)
        if sized.mean() < LEAST_SIZED:
            continue
        logs = np.full(len(values), np.nan)
        np.log(np.abs(values), out=logs, where=sized)
        for by, groups in groupings.items():
            found = _shifted(values, logs, groups)
            if found is not None:
                yield _finding(column.name, by, *found)
                break


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows group by group: their positions, None where they stand so already, and where each group but the first begins."""

    order: np.ndarray | None
    begins: np.ndarray

    def parts(self, values: np.ndarray) -> list[np.ndarray]:
        """The values of each group."""
        return np.split(values if self.order is None else values[self.order], self.begins)


def _groupings(seen: Seen) -> Iterator[tuple[str, Groups]]:
    n_rows = seen.rows.n_rows
    order = np.argsort(seen.rows.time, kind="stable") if seen.rows.time is not None else None
    n_blocks = max(1, min(MOST_BLOCKS, n_rows // ROWS_OF_A_BLOCK))
    begins = -(-np.arange(1, n_blocks) * n_rows // n_blocks)
    yield "a stretch of time" if seen.rows.time is not None else "a stretch of rows", Groups(order, begins)
    for column in seen.asked.schema.columns:
        if column.kind in ("category", "boolean") and 2 <= len(column.levels) <= MOST_LEVELS:
            codes = dictionary(seen.rows.frame[column.name].cast(pl.String))[1]
            order = np.argsort(codes, kind="stable")
            yield f"levels of '{column.name}'", Groups(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _shifted(values: np.ndarray, logs: np.ndarray, groups: Groups) -> tuple[float, int] | None:
    """The factor, and in how many rows; None where no groups are apart by one.

    Sizes show a factor, whatever the sign; that the values are those of the others, brought to their unit, is asked of the
    values themselves, as 0 and signs must be alike too.
    """
    known = [(place, part[~np.isnan(part)]) for place, part in enumerate(groups.parts(logs))]
    known = [(place, part) for place, part in known if len(part) >= FEWEST_IN_A_GROUP]
    if len(known) < 2:
        return None
    counts = np.array([len(part) for _, part in known])
    medians = np.array([np.median(part) for _, part in known])
    usual = _median(medians, counts)
    for factor in FACTORS:
        for sign in (1, -1):
            step = sign * np.log(factor)
            odd = np.flatnonzero(np.abs(medians - usual - step) < EXACT * abs(step))
            plain = np.flatnonzero(np.abs(medians - usual) < EXACT * abs(step))
            if not len(odd) or counts[plain].sum() <= counts[odd].sum():
                continue
            sizes = np.concatenate([known[one][1] for one in plain])
            if np.ptp(np.quantile(sizes, (0.25, 0.75))) > SPREAD * abs(step):
                continue
            parts = groups.parts(values)
            moved, rest = (np.concatenate([parts[known[one][0]] for one in some]) for some in (odd, plain))
            with np.errstate(over="ignore"):
                moved = moved[np.isfinite(moved)] / np.exp(step)
            rest = rest[np.isfinite(rest)]
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
        says=f"in {by}, {n_rows:,} values of '{name}' are spread as the others are, but at {times} their size: another unit",
        fix="bring them to one unit at their source; a model learns the difference as if it meant something",
        facts=(Fact("factor", factor, "times the usual"), Fact("n_rows", float(n_rows), "rows")),
    )
