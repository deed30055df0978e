"""Dates that cannot be right: later than today, a filler such as 1 January 1900, or an end before its start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations

import numpy as np

from artificer.core.figures import counted, day
from artificer.core.records import Fact, Finding
from artificer.data.moments import as_time
from artificer.line.audit.seen import Seen, check

DAY_S = 86_400.0
FILLERS = ("1900-01-01", "1970-01-01", "9999-12-31")
LIES = ("lies", "lie")
# Where more rows than this lie ahead, or break an order, that is what the column means: due dates, or two clocks.
LARGEST_SLIP = 0.02
FEWEST_ROWS = 100
MOST_COLUMNS = 12  # 66 pairs
FEWEST_EDGES = 10
MEND = "have its source corrected, or leave the cell empty where the date is not known"


@check("impossible_dates", "rows")
def impossible_dates(seen: Seen) -> Iterator[Finding]:
    """Report dates ahead of today, fillers, and pairs of columns whose order few rows break."""
    names = [column.name for column in seen.asked.schema.columns if column.kind == "time"][:MOST_COLUMNS]
    moments = {name: as_time(seen.rows.frame[name]) for name in names}
    yield from odd_dates(moments, datetime.now(UTC))


@check("impossible_dates", "profile")
def dates_at_ends(seen: Seen) -> Iterator[Finding]:
    """Report fillers and dates ahead of today of data that is not held, as far as the ends of its columns tell them."""
    now = datetime.now(UTC).timestamp()
    for column in seen.profile.columns:
        if column.kind != "time" or column.low is None or column.high is None or len(column.edges) < FEWEST_EDGES:
            continue
        for end, beside in ((column.low, column.edges[1]), (column.high, column.edges[-2])):
            filler = next((name for name in FILLERS if _moment(name) == end), "")
            if filler and abs(end - float(beside)) > 365 * DAY_S:
                yield _at_end(column.name, f"{filler}, far from the others: a filler")
            elif end > now + DAY_S and column.quantile(1 - LARGEST_SLIP) <= now:
                yield _at_end(column.name, f"{day(end)}, in the future, where nearly all are past")


def odd_dates(moments: dict[str, np.ndarray], now: datetime) -> Iterator[Finding]:
    """Look through columns of moments.

    Parameters
    ----------
    moments : dict of str to array of float64, (n_rows,)
        Seconds since 1970, NaN where missing.
    now : datetime
        With a time zone; a day later is the future.
    """
    for name, values in moments.items():
        known = values[np.isfinite(values)]
        fillers = {filler: _moment(filler) for filler in FILLERS}
        for filler, moment in fillers.items():
            n_filled = int((known == moment).sum())
            if n_filled and _apart(known, moment):
                yield _finding(name, n_filled, len(known), ("is", "are"), f"{filler}, far from all others: a filler")
        n_ahead = int(((known > now.timestamp() + DAY_S) & ~np.isin(known, list(fillers.values()))).sum())
        if 0 < n_ahead <= LARGEST_SLIP * len(known):
            yield _finding(name, n_ahead, len(known), LIES, "in the future")
    for (one, a), (other, b) in combinations(moments.items(), 2):
        yield from _order(one, other, b - a)


def _moment(filler: str) -> float:
    """Seconds since 1970."""
    return float(np.datetime64(filler).astype("datetime64[s]").astype(np.int64))


def _apart(known: np.ndarray, moment: float) -> bool:
    """Whether no other value lies within a year."""
    others = known[known != moment]
    return bool(len(others)) and bool(np.abs(others - moment).min() > 365 * DAY_S)


def _order(one: str, other: str, gap: np.ndarray) -> Iterator[Finding]:
    known = gap[np.isfinite(gap)]
    n_before, n_after = int((known < 0).sum()), int((known > 0).sum())
    n_slips = min(n_before, n_after)
    if len(known) < FEWEST_ROWS or not 0 < n_slips <= LARGEST_SLIP * len(known):
        return
    first, second = (one, other) if n_after > n_before else (other, one)
    yield _finding(second, n_slips, len(known), LIES, f"before '{first}', which else comes first")


def _finding(name: str, n_rows: int, n_known: int, verb: tuple[str, str], what: str) -> Finding:
    share = n_rows / n_known
    one, many = (f"{noun} ({share:.2%}) of '{name}' {do}" for noun, do in zip(("value", "values"), verb, strict=True))
    return Finding(
        code="impossible_dates",
        severity="warning",
        where=name,
        says=f"{counted(n_rows, one, many)} {what}",
        fix=MEND,
        facts=(Fact("n_rows", float(n_rows), "rows"), Fact("share", share, "share of values")),
    )


def _at_end(name: str, what: str) -> Finding:
    return Finding("impossible_dates", "warning", name, f"'{name}' holds {what}", MEND)
