"""Features that say what others say, and a horizon that is shorter than labels take."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.brief import Brief, Data, Target
from artificer.core.records import Finding
from artificer.line.audit import audit

N = 1000
Frame = dict[str, Any]


def rows() -> Frame:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, N))
    return {"a": a, "b": b, "c": c, "y": np.where(a + b + rng.normal(size=N) > 0, "yes", "no")}


def found(folder: Path, frame: Frame, code: str, target: Target | None = None, **data: Any) -> list[Finding]:
    brief = Brief(target=target or Target(column="y"), data=Data(**data))
    result = audit(brief, frame=pl.DataFrame(frame), workspace=folder, limit_s=600)
    return [one for one in result.findings if one.code == code]


def test_independent_features_are_left_alone(tmp_path: Path) -> None:
    assert found(tmp_path, rows(), "redundant") == []


def test_a_number_in_another_unit_and_a_name_for_a_code_are_told_once(tmp_path: Path) -> None:
    frame = rows()
    rng = np.random.default_rng(1)
    frame["inches"] = frame["a"] / 2.54 + rng.normal(0, 0.01, N)
    code = rng.integers(0, 5, N)
    frame |= {
        "code": np.array(list("vwxyz"))[code],
        "called": np.array(["five", "six", "seven", "eight", "nine"])[code],
    }
    told = {one.where: one.facts[0].value for one in found(tmp_path, frame, "redundant")}
    assert told == {"inches": "a", "called": "code"}


def test_a_sum_of_others_is_told_and_a_copy_is_left_to_its_check(tmp_path: Path) -> None:
    frame = rows()
    frame["total"] = frame["a"] + 2 * frame["b"] - frame["c"]
    frame["again"] = frame["a"]
    told = found(tmp_path, frame, "redundant")
    assert [one.where for one in told] == ["total"]
    assert "sum of other numbers" in told[0].says


def test_a_constant_and_gaps_do_no_harm(tmp_path: Path) -> None:
    frame = rows()
    frame |= {"one": np.ones(N), "gap": np.where(np.arange(N) % 2, np.nan, frame["c"])}
    assert found(tmp_path, frame, "redundant") == []


def test_labels_that_take_longer_than_the_horizon(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frame = rows()
    day = rng.uniform(0, 300, N)
    start = datetime(2024, 1, 1)
    frame["day"] = [start + timedelta(days=float(one)) for one in day]
    frame["paid"] = [
        start + timedelta(days=float(one + wait)) if y == "yes" else None
        for one, wait, y in zip(day, rng.uniform(0, 40, N), frame["y"], strict=True)
    ]
    target = {"column": "y", "known_after": ("paid",)}
    (short,) = found(tmp_path, frame, "horizon", Target(**target), time="day")
    assert 'horizon = "38d"' in short.fix or 'horizon = "39d"' in short.fix
    assert found(tmp_path / "long", frame, "horizon", Target(horizon="60d", **target), time="day") == []
