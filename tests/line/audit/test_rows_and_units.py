"""Another unit in some rows, near repeats, stretches without rows and old rows are told; clean rows are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.records import Finding
from artificer.line.audit import audit, periods

N = 900
CODES = ("units", "near_duplicates", "gaps_in_time", "freshness")


def people() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    height = rng.normal(172, 9, N)
    return {
        "height": height,
        "weight": rng.normal(70, 12, N),
        "age": rng.uniform(18, 80, N),
        "shop": rng.choice(["north", "south", "east"], N),
        "bought": np.where(rng.random(N) < 0.5, "yes", "no"),
    }


def found(folder: Path, frame: dict[str, Any], **brief: Any) -> dict[str, Finding]:
    told = Brief(target=Target(column="bought"), **brief)
    result = audit(told, frame=pl.DataFrame(frame), workspace=folder, limit_s=600)
    return {one.code: one for one in result.findings if one.code in CODES}


def test_clean_rows_are_passed_over(tmp_path: Path) -> None:
    assert found(tmp_path, people()) == {}


@pytest.mark.parametrize(("factor", "shop"), [(1 / 2.54, ""), (0.01, "east"), (1000.0, "east")])
def test_a_number_in_another_unit_is_told_with_the_factor(tmp_path: Path, factor: float, shop: str) -> None:
    frame = people()
    odd = frame["shop"] == shop if shop else np.arange(N) >= 700
    frame["height"] = np.where(odd, frame["height"] * factor, frame["height"])
    unit = found(tmp_path, frame)["units"]
    assert unit.where == "height"
    assert next(fact.value for fact in unit.facts if fact.name == "factor") == pytest.approx(factor, rel=0.05)
    assert ("levels of 'shop'" if shop else "a stretch of rows") in unit.says


def test_another_unit_is_told_of_few_rows_and_of_numbers_of_either_sign(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    turn, few = rng.normal(0, 3, 400), {name: values[:400] for name, values in people().items()}
    late = np.arange(400) >= 320
    frame = few | {"turn": np.where(late, 1000 * turn, turn), "west": np.where(late, 1000, 1) * -few["height"]}
    result = audit(Brief(target=Target(column="bought")), frame=pl.DataFrame(frame), workspace=tmp_path, limit_s=600)
    told = {one.where: one for one in result.findings if one.code == "units"}
    assert set(told) == {"turn", "west"}
    assert all("1000 times" in one.says for one in told.values())


def test_rows_that_repeat_others_but_for_one_column_are_told(tmp_path: Path) -> None:
    frame = pl.DataFrame(people())
    again = frame.head(30).with_columns(age=pl.col("age") + 1)
    near = found(tmp_path, pl.concat([frame, again]).sample(fraction=1, shuffle=True, seed=0).to_dict(as_series=False))
    assert near["near_duplicates"].where == "age"
    assert next(fact.value for fact in near["near_duplicates"].facts if fact.name == "n_near") > 20


def test_stretches_without_rows_and_old_rows_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = np.arange(N) // 3
    day = day + np.where(day >= 100, 40, 0)
    moment = np.datetime64("2024-01-01") + day.astype("timedelta64[D]")
    last = float(moment[-1].astype("datetime64[D]").astype(np.int64))
    dated = {**people(), "day": moment}
    monkeypatch.setattr(periods, "today", lambda: last + 5)
    told = found(tmp_path / "new", dated, data=Data(time="day"))
    assert set(told) == {"gaps_in_time"}
    assert "2024-04-09 to 2024-05-20" in told["gaps_in_time"].says
    monkeypatch.setattr(periods, "today", lambda: last + 400)
    assert found(tmp_path / "older", dated, data=Data(time="day"))["freshness"].severity == "note"


def test_rows_up_to_yesterday_are_fresh_though_the_newest_fifth_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated = people() | {"day": np.datetime64("2024-01-01") + (np.arange(N) // 3).astype("timedelta64[D]")}
    ended = float(np.datetime64("2024-10-26").astype(int))
    monkeypatch.setattr(periods, "today", lambda: ended + 1)
    assert "freshness" not in found(tmp_path / "new", dated, data=Data(time="day"))
    monkeypatch.setattr(periods, "today", lambda: ended + 90)
    assert (
        "of 2024-10-25, about, 90 days ago" in found(tmp_path / "old", dated, data=Data(time="day"))["freshness"].says
    )


def test_a_step_is_no_date(tmp_path: Path) -> None:
    assert found(tmp_path, people() | {"step": np.arange(N)}, data=Data(time="step")) == {}
