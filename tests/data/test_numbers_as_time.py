"""Moments that come as numbers: counted in seconds, milli-, micro- or nanoseconds, or no dates at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import artificer
from artificer.core.brief import Brief, Capacity, Data, DecisionPart, Target, Track
from artificer.core.errors import BriefError
from artificer.data.epochs import are_dates
from artificer.data.moments import as_time

SECONDS = 1_700_000_000 + 86_400 * np.arange(400)


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_counts_since_1970_are_seconds_whatever_their_unit(unit: int) -> None:
    read = as_time(pl.Series(SECONDS * unit))
    np.testing.assert_array_equal(read, SECONDS)
    assert are_dates(read)
    alone = as_time(pl.Series([SECONDS[7] * unit, None]))
    np.testing.assert_array_equal(alone, [SECONDS[7], np.nan])


@pytest.mark.parametrize(
    "numbers",
    [np.arange(400), 1990 + np.arange(400) // 20, 20240101 + np.arange(400) % 28, 20240131120000 + np.arange(400)],
    ids=["steps", "years", "days", "to the second"],
)
def test_other_numbers_tell_an_order_and_no_dates(numbers: np.ndarray, tmp_path: Path) -> None:
    assert not are_dates(as_time(pl.Series(numbers)))
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"t": numbers, "x": rng.normal(size=400), "y": rng.choice(["a", "b"], 400)})
    brief = Brief(target=Target(column="y"), data=Data(time="t"))
    told = artificer.describe(brief, frame=frame, workspace=tmp_path)
    assert told.target_over_time == ()
    assert told.courses == ()
    codes = {one.code for one in artificer.audit(brief, frame=frame, workspace=tmp_path).findings}
    assert codes.isdisjoint({"freshness", "gaps_in_time"})


def test_periods_of_days_are_refused_where_there_are_none(tmp_path: Path) -> None:
    frame = pl.DataFrame({"step": range(60), "x": range(60), "y": ["a", "b"] * 30})
    told = Brief(target=Target(column="y"), data=Data(time="step"))
    for brief, where in (
        (Brief(target=Target(column="y", horizon="3d"), data=Data(time="step")), "target.horizon"),
        (Brief(target=told.target, data=told.data, track=Track(every="7d")), "track.every"),
        (
            Brief(target=told.target, data=told.data, decision=DecisionPart(capacity=Capacity(top=5, every="7d"))),
            "decision.capacity.every",
        ),
    ):
        with pytest.raises(BriefError, match=rf"\[{where}\] is '\dd', and \[data\] time, 'step', holds numbers"):
            artificer.ask(brief, frame=frame, workspace=tmp_path)
