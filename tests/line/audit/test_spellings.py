"""Levels that mean the same are found however they are spelt, and levels that do not are left apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Target
from artificer.core.records import Finding
from artificer.line.audit import audit
from artificer.line.audit.spellings import merged

N = 900


def findings(folder: Path, town: list[Any]) -> list[Finding]:
    rng = np.random.default_rng(0)
    age = rng.normal(40, 10, N)
    bought = np.where(rng.random(N) < 1 / (1 + np.exp(-(age - 40) / 10)), "yes", "no")
    frame = pl.DataFrame({"age": age, "town": town, "bought": bought})
    told = audit(Brief(target=Target(column="bought")), frame=frame, workspace=folder, limit_s=600).findings
    return [one for one in told if one.code != "label_power"]


def test_slips_and_capitals_are_told_each_by_its_code(tmp_path: Path) -> None:
    town = ["London", "Leeds"] * (N // 2)
    town[10:13], town[20], town[40:60] = ["Londn", "Lnodon", "Lonfon"], "Leedss", ["LONDON"] * 20
    told = {one.code: one for one in findings(tmp_path, town) if one.code in ("typos", "case_variants")}
    assert set(told) == {"typos", "case_variants"}
    assert "one letter away from a common one" in told["typos"].says
    assert "'LONDON' for 'London'" in told["case_variants"].says
    assert "have one spelling used" in told["typos"].fix


def test_classes_that_differ_by_spelling_are_told_as_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    team = np.where(np.arange(N) % 2 > 0, "billing", "delivery").astype(object)
    team[:60], team[100:104] = "Billing", "delivrey"
    frame = pl.DataFrame({"age": rng.normal(40, 10, N), "team": team.astype(str)})
    told = audit(Brief(target=Target(column="team")), frame=frame, workspace=tmp_path, limit_s=600).findings
    spelt = {one.code: one for one in told if one.code in ("typos", "case_variants")}
    assert set(spelt) == {"typos", "case_variants"}
    assert "'Billing' for 'billing'" in spelt["case_variants"].says
    assert {(one.where, one.severity) for one in spelt.values()} == {("team", "warning")}


def test_towns_that_differ_are_left_alone(tmp_path: Path) -> None:
    assert findings(tmp_path, ["London", "Leeds", "York"] * (N // 3)) == []


def test_the_commonest_spelling_stays() -> None:
    values = pl.Series(["new york"] * 50 + ["New  York"] * 3 + ["NewYork", None, "new yrok"])
    assert merged(values) == {"New  York": "new york", "NewYork": "new york", "new yrok": "new york"}


@pytest.mark.parametrize(
    ("common", "rare"),
    [
        ("A1", "A2"),
        ("route 12", "route 13"),
        ("Iran", "Iraq"),
        ("inland", "island"),
        ("Type A", "Type B"),
        ("male", "female"),
        ("Western", "Eastern"),
        ("Austria", "Australia"),
    ],
)
def test_what_may_differ_by_a_letter_is_not_a_slip(common: str, rare: str) -> None:
    assert merged(pl.Series([common] * 500 + [rare])) == {}


def test_two_common_levels_are_two() -> None:
    assert merged(pl.Series(["marine"] * 500 + ["mariner"] * 100)) == {}


def test_where_slips_abound_any_letter_is_one() -> None:
    values = pl.Series(["birmingham"] * 500 + ["birminghxm", "birmxngham", "bixmingham", "xirmingham", "birminghax"])
    assert merged(values) == dict.fromkeys(["birminghax", "birminghxm", "birmxngham", "bixmingham"], "birmingham")
