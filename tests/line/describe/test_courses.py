"""The course of the target: its trend, its weekdays, and rows that are alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.stages import Description
from artificer.line.ask import begin
from artificer.line.describe import describe
from artificer.line.describe.form import form, humps, transform

DAYS = 900


def told(folder: Path, frame: pl.DataFrame, **data: str) -> Description:
    brief = Brief(target=Target(column="y"), data=Data(**data))
    return describe(begin(brief, frame=frame, workspace=folder, limit_s=600))


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Description:
    rng = np.random.default_rng(0)
    day = np.datetime64("2022-01-03") + np.arange(DAYS)
    weekday = np.arange(DAYS) % 7
    y = 10 + 3.0 * np.arange(DAYS) / 365.25 + 2.0 * (weekday == 5) + rng.normal(size=DAYS)
    frame = pl.DataFrame({"day": day, "x": rng.normal(size=DAYS), "y": y})
    return told(tmp_path_factory.mktemp("weekly"), frame, time="day")


def test_the_trend_is_told_a_year(weekly: Description) -> None:
    course = weekly.courses[0]
    assert (course.column, course.what, course.every, course.per) == ("y", "mean", "1d", "year")
    assert course.trend.low < 3.0 < course.trend.high
    assert course.trend.high - course.trend.low < 0.6
    assert course.p_adjusted < 0.001


def test_the_weekday_that_differs_is_told_and_the_month_is_not(weekly: Description) -> None:
    cycles = {one.name: one for one in weekly.courses[0].cycles}
    levels = dict(cycles["weekday"].levels)
    assert levels["Sat"].low < 2.0 * 6 / 7 < levels["Sat"].high
    assert levels["Sat"].low > levels["Mon"].high
    assert cycles["weekday"].p_adjusted < 0.001
    assert cycles["weekday"].strength > 0.2
    assert "hour of day" not in cycles


def test_what_does_not_move_is_not_said_to(weekly: Description) -> None:
    course = next(one for one in weekly.courses if one.column == "x")
    assert min(course.p_adjusted, *(one.p_adjusted for one in course.cycles)) > 0.01
    assert course.autocorrelation.low < 0 < course.autocorrelation.high


def test_hours_are_seen_and_missing_moments_left_out(tmp_path: Path) -> None:
    hours = np.arange(24 * 30)
    moments = (np.datetime64("2024-01-01T00:00:00") + hours.astype("timedelta64[h]")).astype("datetime64[us]")
    moments[5] = np.datetime64("NaT")
    y = np.where((hours % 24 > 8) == (np.random.default_rng(0).random(len(hours)) < 0.9), "yes", "no")
    course = told(tmp_path, pl.DataFrame({"at": moments, "x": hours % 5, "y": y}), time="at").courses[0]
    cycle = next(one for one in course.cycles if one.name == "hour of day")
    night, noon = (dict(cycle.levels)[hour] for hour in ("3 h", "12 h"))
    assert course.what in ("share of 'yes'", "share of 'no'")
    assert noon.low > night.high if "yes" in course.what else night.low > noon.high


def test_rows_of_one_shop_are_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    shop = rng.integers(0, 60, 1_200)
    y = rng.normal(size=60)[shop] + rng.normal(size=1_200)
    frame = pl.DataFrame({"shop": [f"shop {one}" for one in shop], "x": rng.normal(size=1_200), "y": y})
    found = told(tmp_path / "unnamed", frame)
    (one,) = found.clusters
    assert (one.column, one.named, one.n_groups) == ("shop", False, 60)
    assert one.alike.low < 0.5 < one.alike.high
    assert one.effective_rows.high < 400
    assert [finding.code for finding in found.findings] == ["alike_rows"]
    named = told(tmp_path / "named", frame, group="shop")
    assert named.clusters[0].named
    assert "alike_rows" not in [finding.code for finding in named.findings]


@pytest.mark.parametrize(
    ("values", "best", "n_humps"),
    [
        (np.random.default_rng(0).normal(5, 1, 4_000), "as it is", 1),
        (np.random.default_rng(0).lognormal(0, 1, 4_000), "logarithm", 1),
        (np.random.default_rng(0).normal(size=4_000) ** 2, "cube root", 1),
        (np.concatenate([np.random.default_rng(0).normal(c, 1, 2_000) for c in (0, 6)]), "as it is", 2),
    ],
)
def test_the_form_of_a_distribution(values: np.ndarray, best: str, n_humps: int) -> None:
    facts = {one.name: one.value for one in form(np.sort(values))}
    assert facts["closest to normal"] == best == transform(np.sort(values))
    assert facts["humps"] == n_humps == humps(values)
    assert form(np.ones(50)) == ()
