"""Units: stretches of rows, or levels of another column, in which a number is another one times a factor of units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import stats

from artificer.core.records import Fact, Finding
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
        if (np.isfinite(values) & (values != 0)).mean() < LEAST_SIZED:
            continue
        for by, codes in groupings.items():
            found = _shifted(values, codes)
            if found is not None:
                yield _finding(column.name, by, *found)
                break


def _groupings(seen: Seen) -> Iterator[tuple[str, np.ndarray]]:
    n_rows = seen.rows.n_rows
    order = np.argsort(seen.rows.time, kind="stable") if seen.rows.time is not None else np.arange(n_rows)
    blocks = np.empty(n_rows, np.int64)
    n_blocks = min(MOST_BLOCKS, n_rows // ROWS_OF_A_BLOCK)
    blocks[order] = np.arange(n_rows) * n_blocks // max(n_rows, 1)
    yield "a stretch of time" if seen.rows.time is not None else "a stretch of rows", blocks
    for column in seen.asked.schema.columns:
        if column.kind in ("category", "boolean") and 2 <= len(column.levels) <= MOST_LEVELS:
            codes = seen.rows.frame[column.name].fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1
            yield f"levels of '{column.name}'", codes


def _shifted(values: np.ndarray, codes: np.ndarray) -> tuple[float, int] | None:
    """The factor, and in how many rows; None where no groups are apart by one.

    Sizes show a factor, whatever the sign; that the values are those of the others, brought to their unit, is asked of the
    values themselves, as 0 and signs must be alike too.
    """
    with np.errstate(divide="ignore"):
        logs = np.where(np.isfinite(values) & (values != 0), np.log(np.abs(values)), np.nan)
    known = np.isfinite(logs)
    counts = np.bincount(codes[known])
    groups = np.flatnonzero(counts >= FEWEST_IN_A_GROUP)
    if len(groups) < 2:
        return None
    medians = np.array([np.median(logs[known & (codes == one)]) for one in groups])
    # What most rows are in: the median of the groups' medians, each as often as it has rows.
    usual = np.repeat(medians, counts[groups])
    usual_median = float(np.median(usual))
    for factor in FACTORS:
        for sign in (1, -1):
            step = sign * np.log(factor)
            odd = groups[np.abs(medians - usual_median - step) < EXACT * abs(step)]
            plain = groups[np.abs(medians - usual_median) < EXACT * abs(step)]
            if not len(odd) or counts[plain].sum() <= counts[odd].sum():
                continue
            if np.ptp(np.quantile(logs[known & np.isin(codes, plain)], (0.25, 0.75))) > SPREAD * abs(step):
                continue
            told = np.isfinite(values)
            with np.errstate(over="ignore"):
                moved = values[told & np.isin(codes, odd)] / np.exp(step)
            rest = values[told & np.isin(codes, plain)]
            if stats.ks_2samp(moved, rest, method="asymp").statistic < ALIKE + 1 / np.sqrt(len(moved)):
                return float(np.exp(step)), len(moved)
    return None


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
