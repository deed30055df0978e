"""Dates that cannot be right are told; due dates, clocks that differ and old dates are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from artificer.core.brief import Brief, Target
from artificer.line.audit import audit
from artificer.line.audit.impossible_dates import odd_dates

N = 1_000
DAY_S = 86_400.0
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def moments() -> np.ndarray:
    """Days of the three years before `NOW`, in seconds since 1970."""
    return NOW.timestamp() - DAY_S * np.random.default_rng(0).integers(1, 1_000, N)


def says(**columns: np.ndarray) -> list[str]:
    return [one.says for one in odd_dates(columns, NOW)]


def test_plain_dates_and_missing_ones_are_left_alone() -> None:
    day = moments()
    day[:50] = np.nan
    assert says(day=day) == []


def test_a_few_dates_ahead_are_told_and_due_dates_are_not() -> None:
    day = moments()
    day[:3] = (NOW + timedelta(days=400)).timestamp()
    assert says(day=day) == ["3 values (0.30%) of 'day' lie in the future"]
    assert says(due=moments() + 500 * DAY_S) == []


def test_one_date_lies_where_several_lie() -> None:
    ahead, filled, start = moments(), moments(), moments() - 20 * DAY_S
    ahead[0], filled[0] = (NOW + timedelta(days=400)).timestamp(), 0.0
    end = start + 5 * DAY_S
    end[0] = start[0] - DAY_S
    assert says(day=ahead) == ["1 value (0.10%) of 'day' lies in the future"]
    assert says(day=filled) == ["1 value (0.10%) of 'day' is 1970-01-01, far from all others: a filler"]
    assert says(end=end, start=start) == ["1 value (0.10%) of 'end' lies before 'start', which else comes first"]


def test_fillers_are_told_where_no_other_date_is_near() -> None:
    day = moments()
    day[:7] = 0.0
    assert says(day=day) == ["7 values (0.70%) of 'day' are 1970-01-01, far from all others: a filler"]
    assert says(born=DAY_S * np.arange(-500.0, 500.0)) == []


def test_an_order_that_few_rows_break_is_told_of_the_later_column() -> None:
    start = moments() - 20 * DAY_S
    end = start + 5 * DAY_S
    end[:4] = start[:4] - DAY_S
    assert says(end=end, start=start) == ["4 values (0.40%) of 'end' lie before 'start', which else comes first"]
    end[: N // 3] = start[: N // 3] - DAY_S
    assert says(end=end, start=start) == []


def test_audit_tells_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    day = [f"2023-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(N)]
    day[5] = day[17] = day[40] = "1900-01-01"
    frame = pl.DataFrame({"age": rng.normal(0, 1, N), "day": day, "y": rng.choice(["a", "b"], N)})
    told = audit(Brief(target=Target(column="y")), frame=frame, workspace=tmp_path, limit_s=600).findings
    (odd,) = [one for one in told if one.code == "impossible_dates"]
    assert (odd.where, odd.severity) == ("day", "warning")
