"""The target by level, and what more rows would bring."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.stages import Description
from artificer.line.ask import begin
from artificer.line.describe import describe
from artificer.line.describe.associations import Readings
from artificer.line.describe.more_rows import more_rows
from artificer.line.describe.power import smallest_correlation
from artificer.measure.learning_curve import growing

N = 1_500


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    town = rng.choice(["north", "south", "west"], N).astype(object)
    town[:4] = "Ms Rare"
    x = rng.normal(size=N)
    x[10:70] = np.nan
    chance = np.where(town == "south", 0.7, 0.2) + 0.2 * (np.nan_to_num(x) ** 2 > 1)
    return {"town": town.tolist(), "x": x, "y": np.where(rng.random(N) < chance, "yes", "no")}


def told(folder: Path, frame: dict[str, Any], limit_s: float = 600, **data: str) -> Description:
    brief = Brief(
        target=Target(column="y", positive="yes" if isinstance(frame["y"][0], str) else ""), data=Data(**data)
    )
    return describe(begin(brief, frame=pl.DataFrame(frame), workspace=folder, limit_s=limit_s))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Description:
    return told(tmp_path_factory.mktemp("classes"), rows())


def test_levels_have_rates_and_rare_ones_no_name(classes: Description) -> None:
    town = next(one for one in classes.by_level if one.column == "town")
    levels = {one.name: one for one in town.levels}
    assert town.what == "share of 'yes'"
    assert set(levels) == {"north", "south", "west", "others"}
    assert levels["south"].shrunk.low > levels["north"].shrunk.high
    assert levels["others"].n_rows < 10
    assert [one.first for one in town.above] == ["south", "south"]
    assert {one.second for one in town.above} == {"north", "west"}
    assert min(one.chance for one in town.above) > 0.999
    assert town.in_words.startswith("'south' is highest: above '")
    assert sum(one.n_rows for one in town.levels) == classes.n_rows


def test_numbers_are_cut_and_missing_ones_are_a_level(classes: Description) -> None:
    x = next(one for one in classes.by_level if one.column == "x")
    rates = [one.value for one in x.levels]
    assert [one.name for one in x.levels][-1] == "missing"
    assert len(x.levels) == 9
    assert min(rates[0], rates[7]) > max(rates[3], rates[4])  # the U that ranks do not see


def test_so_few_gaps_that_they_may_name_a_person_are_shown_with_others(tmp_path: Path) -> None:
    frame = rows()
    frame["x"] = np.where(np.arange(N) < 4, np.nan, np.nan_to_num(frame["x"]))
    x = next(one for one in told(tmp_path, frame).by_level if one.column == "x")
    assert "missing" not in [one.name for one in x.levels]


def test_means_are_drawn_to_the_middle(tmp_path: Path) -> None:
    frame = rows()
    frame["y"] = np.where(np.array(frame["town"]) == "south", 3.0, 1.0) + np.random.default_rng(1).normal(size=N)
    town = next(one for one in told(tmp_path, frame).by_level if one.column == "town")
    levels = {one.name: one for one in town.levels}
    assert town.what == "mean"
    assert levels["south"].shrunk.low > levels["west"].shrunk.high
    assert abs(levels["others"].shrunk.value - town.overall.value) < abs(levels["others"].value - town.overall.value)


def test_the_gain_of_twice_the_rows_is_told(classes: Description) -> None:
    more = classes.more_rows
    assert more is not None
    assert more.n_rows == classes.n_rows
    assert more.curve[-1][0] == pytest.approx(2 * classes.n_rows, abs=1)
    assert more.gain.low <= more.gain.value <= more.gain.high < 0.2
    assert [n for n, _ in more.measured] == sorted(n for n, _ in more.measured)


def test_rows_of_one_group_tell_less_of_levels_and_of_relations(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    shop = np.repeat(np.arange(40), 20)
    frame = {"shop": shop, "town": rng.choice(["north", "south"], 40)[shop], "y": rng.normal(size=40)[shop]}
    frame["y"] += 0.3 * rng.normal(size=len(shop))
    frame["size"] = rng.normal(size=40)[shop]
    by_rows, grouped = told(tmp_path / "rows", frame), told(tmp_path / "groups", frame, group="shop")
    wide, narrow = (
        next(one for one in found.by_level if one.column == "town").levels[0].shrunk for found in (grouped, by_rows)
    )
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    p = [
        next(fact.value for fact in one.facts if fact.name == "p_adjusted")
        for found in (by_rows, grouped)
        for one in found.columns
        if one.name == "size"
    ]
    assert p[0] < 1e-6
    assert p[1] > 0.05
    said = [next(one.unit for one in found.target_facts if one.name == "n_to_show") for found in (by_rows, grouped)]
    assert ["more where rows of one group are alike" in one for one in said] == [False, True]
    for estimate in ("mean", "median"):
        narrow, wide = (
            dict(next(one for one in found.columns if one.name == "size").estimates)[estimate]
            for found in (by_rows, grouped)
        )
        assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_groups_are_never_torn_and_few_rows_have_no_curve(tmp_path: Path) -> None:
    frame = rows() | {"shop": [f"s{row % 40}" for row in range(N)]}
    assert told(tmp_path / "grouped", frame, group="shop").more_rows is not None
    few = {name: values[:200] for name, values in frame.items()}
    assert told(tmp_path / "few", few).more_rows is None


def test_the_curve_of_many_rows_draws_groups_as_large_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def watched(*given: Any, groups: np.ndarray, **settings: Any) -> np.ndarray | None:
        sizes.extend(np.unique(groups, return_counts=True)[1].tolist())
        return growing(*given, groups=groups, **settings)

    monkeypatch.setattr(sys.modules[Readings.__module__], "MOST_ROWS", 400)
    monkeypatch.setattr(sys.modules[more_rows.__module__], "MOST_ROWS", 900)
    monkeypatch.setattr(sys.modules[more_rows.__module__], "growing", watched)
    told(tmp_path, rows() | {"shop": [f"s{row % 50}" for row in range(N)]}, group="shop")
    assert len(sizes) == 30
    assert set(sizes) == {30}


def test_without_time_the_curve_is_left_out_and_that_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, rows(), limit_s=0.01)
    assert found.more_rows is None
    assert found.cut
    assert found.decisions[-1].choice == "not measured"


def test_power_is_told_for_a_stated_difference(classes: Description) -> None:
    facts = {one.name: float(one.value) for one in classes.target_facts if not isinstance(one.value, str)}
    smallest, n_test = facts["smallest_difference"], facts["n_test"]
    assert facts["n_to_show"] == pytest.approx(n_test * (smallest / 0.02) ** 2, abs=1)
    assert facts["smallest_correlation"] == smallest_correlation(classes.n_rows)
