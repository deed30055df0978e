"""The description says how columns are distributed and related, and what the test rows can show."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from artificer.core.brief import Brief, Data, Target
from artificer.core.stages import ColumnStory, Description
from artificer.line.ask import begin
from artificer.line.describe import describe
from artificer.line.describe.columns import _bins
from artificer.line.describe.power import hanley_mcneil

N = 900


def rows(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, N)
    return {
        "age": age,
        "months": age * 12 + rng.integers(0, 12, N),
        "town": rng.choice(["north", "south", "west"], N),
        "note": [f"called at {row} and asked for number {row * 7}" for row in range(N)],
        "day": [f"2024-{1 + row // 75:02d}-{1 + (row % 75) // 3:02d}" for row in range(N)],
        "member": rng.choice([True, False], N),
        "y": np.where(rng.random(N) < age / 120, "yes", "no"),
    }


def described(folder: Path, frame: dict[str, Any], **data: Any) -> Description:
    brief = Brief(target=Target(column="y"), data=Data(**data))
    return describe(begin(brief, frame=pl.DataFrame(frame), workspace=folder, limit_s=600))


def column(told: Description, name: str) -> ColumnStory:
    return next(one for one in told.columns if one.name == name)


def fact(story: ColumnStory, name: str) -> float | str:
    return next(one.value for one in story.facts if one.name == name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Description:
    return described(tmp_path_factory.mktemp("described"), rows())


def test_every_feature_and_the_target_have_a_story(told: Description) -> None:
    assert [one.name for one in told.columns] == ["age", "months", "town", "note", "day", "member", "y"]
    assert [one.kind for one in told.columns] == ["number", "number", "category", "text", "time", "boolean", "category"]


def test_every_row_is_in_one_bin(told: Description) -> None:
    for story in told.columns:
        assert sum(story.counts) == told.n_rows
        assert len(story.counts) == len(story.labels) <= 24


def test_related_columns_are_told_from_unrelated_ones(told: Description) -> None:
    age, town = column(told, "age"), column(told, "town")
    assert age.association is not None
    assert town.association is not None
    assert age.association.low > town.association.high
    assert float(fact(age, "p_adjusted")) < 0.001 < float(fact(town, "p_adjusted"))
    assert column(told, "y").association is None
    assert column(told, "note").association is None


def test_the_strongest_pair_is_age_in_years_and_months(told: Description) -> None:
    pair = told.pairs[0]
    assert {pair.first, pair.second} == {"age", "months"}
    assert pair.strength.low > 0.99
    assert pair.p_adjusted < 1e-9


def test_quartiles_are_those_of_the_training_rows(tmp_path: Path) -> None:
    frame = {"a": np.arange(400.0) % 97, "y": ["x", "z"] * 200}
    story = column(described(tmp_path, frame), "a")
    median = dict(story.estimates)["median"]
    assert median.low <= median.value == np.median(frame["a"]) <= median.high
    assert fact(story, "highest") == 96.0


def test_the_target_is_followed_through_time(tmp_path: Path) -> None:
    periods = described(tmp_path, rows(), time="day").target_over_time
    assert [name for name, _ in periods][:2] == ["2024-01", "2024-02"]
    assert len(periods) <= 36
    assert all(0 <= share.low <= share.value <= share.high <= 1 for _, share in periods)


def test_without_a_time_there_is_no_course(told: Description) -> None:
    assert told.target_over_time == ()


def test_a_target_that_nothing_tells_is_a_warning(tmp_path: Path) -> None:
    frame = rows() | {"y": ["yes", "no"] * (N // 2)}
    (found,) = described(tmp_path, frame).findings
    assert (found.code, found.severity) == ("no_signal", "warning")


@pytest.mark.parametrize("y", [np.arange(N) % 3, np.random.default_rng(0).normal(0, 1, N)], ids=["classes", "numbers"])
def test_all_tasks_are_described(tmp_path: Path, y: np.ndarray) -> None:
    result = described(tmp_path, rows() | {"y": y})
    facts = {one.name: one.value for one in result.target_facts}
    assert float(facts["smallest_difference"]) > 0
    assert facts["n_rows"] == result.n_rows


def test_gaps_infinities_and_single_values_are_described(tmp_path: Path) -> None:
    frame = rows()
    frame |= {"gone": [None] * N, "one": [1.0, None] * (N // 2), "wild": [np.inf, 1e308, *np.linspace(0, 1, N - 2)]}
    frame["sparse"] = [1.5 * row if row % 300 == 0 else None for row in range(N)]
    result = described(tmp_path, frame)
    assert column(result, "one").share_missing == pytest.approx(0.5, abs=0.02)
    assert float(fact(column(result, "wild"), "highest")) <= 1.0


def test_a_resumed_run_reads_the_same_description(tmp_path: Path) -> None:
    assert described(tmp_path, rows()) == described(tmp_path, rows())


def test_levels_that_may_name_a_person_are_shown_together(tmp_path: Path) -> None:
    names = [f"Ms {row // 4}" for row in range(N)]
    names[:60] = ["Smith"] * 60
    story = column(described(tmp_path, rows() | {"name": names}), "name")
    assert story.labels == ("Smith", "others")


@given(st.lists(st.floats(-1e30, 1e30) | st.integers(-50, 50).map(float), min_size=1, max_size=80))
def test_bins_hold_every_value(values: list[float]) -> None:
    counts, labels = _bins("number", np.sort(values))
    assert sum(counts) in (0, len(values))
    assert len(counts) == len(labels) <= 24


def test_hanley_and_mcneil_agree_with_simulated_scores() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [60, 140])
    shift = 2**0.5 * 0.6744897501960817  # scores of unit variance this far apart have an AUC of 0.75
    scores = (roc_auc_score(labels, rng.normal(shift * labels, 1)) for _ in itertools.repeat(None, 400))
    assert np.std(list(scores)) == pytest.approx(hanley_mcneil(0.75, 60, 140), rel=0.12)


@pytest.mark.parametrize("first", [-800_000, 2_932_800])
@pytest.mark.parametrize("time", ["", "seen"])
def test_moments_of_any_year_are_told(tmp_path: Path, first: int, time: str) -> None:
    days = first + np.arange(N) // 3
    story = column(described(tmp_path, rows() | {"seen": days.astype("datetime64[D]")}, time=time), "seen")
    assert fact(story, "first") == str(days[0].astype("datetime64[D]"))
    assert len(story.labels) == 24


@pytest.mark.parametrize("pace", [1, 10**15 + 1])
def test_a_time_that_counts_has_no_days(tmp_path: Path, pace: int) -> None:
    told = described(tmp_path, rows() | {"step": pace * np.arange(N)}, time="step")
    assert (told.target_over_time, told.courses) == ((), ())


def facts(told: Description) -> dict[str, tuple[float | str, str]]:
    return {one.name: (one.value, one.unit) for one in told.target_facts}


def test_an_interval_that_reaches_from_end_to_end_is_said_to_be_none(tmp_path: Path) -> None:
    few = describe(
        Brief(target=Target(column="y", kind="number"), data=Data(group="g")),
        frame=pl.DataFrame({"a": [1.0, 2.0, 3.0], "g": ["x"] * 3, "y": [0.5, 1.5, 4.0]}),
        workspace=tmp_path,
    )
    assert facts(few)["mean"] == (2.0, "too few rows for an interval")
    assert "so few rows show none that there can be" in facts(few)["smallest_difference"][1]
    assert fact(column(few, "a"), "median") == "2, too few rows for an interval"
    assert all(np.isfinite(one.low) or np.isfinite(one.high) for _, one in column(few, "a").estimates)


@pytest.mark.parametrize("scale", [1.0, 1e300])
def test_a_target_with_weights_is_told_with_them_and_without(tmp_path: Path, scale: float) -> None:
    frame = rows() | {"w": np.where(np.arange(N) % 3, 1.0, 4.0) * scale}
    weighed, plain = described(tmp_path / "a", frame, weight="w"), described(tmp_path / "b", frame)
    share = facts(weighed)["share of 'yes', weighted"][0]
    yes = np.array(frame["y"]) == "yes"
    assert share == pytest.approx(np.average(yes, weights=frame["w"] / scale), abs=0.03)  # a fifth is sealed
    assert facts(weighed)["share of 'yes'"] == facts(plain)["share of 'yes'"]
    assert [one.question for one in weighed.decisions] == ["Do row weights count in what is described?"]
