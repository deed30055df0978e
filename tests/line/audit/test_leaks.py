"""Each kind of leak is found where it is planted, by the check that is about it, and nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Target
from artificer.core.records import Finding
from artificer.line.audit import audit

N = 1500
LEAKS = ("after_event", "index_leak", "time_leak", "group_leak", "group_overlap", "target_arithmetic", "not_knowable")
Frame = dict[str, Any]


def clean(seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    age, income = rng.normal(40, 10, N).round(2), rng.normal(0, 1, N)
    chance = 1 / (1 + np.exp(-(age - 40) / 10 - income))
    bought = np.where(rng.random(N) < chance, "yes", "no")
    return {"age": age, "income": income, "colour": rng.choice(["red", "green", "blue"], N), "bought": bought}


def leaks(folder: Path, frame: Frame, target: Target | None = None, **data: Any) -> dict[tuple[str, str], Finding]:
    brief = Brief(target=target or Target(column="bought"), data=Data(**data))
    result = audit(brief, frame=pl.DataFrame(frame), workspace=folder, limit_s=600)
    return {(one.code, one.where): one for one in result.findings if one.code in (*LEAKS, "dependent_rows")}


def days(numbers: np.ndarray) -> list[datetime]:
    return [datetime(2024, 1, 1) + timedelta(days=float(one)) for one in numbers]


def in_order_of_outcome(frame: Frame) -> Frame:
    order = np.argsort(np.asarray(frame["bought"]), kind="stable")
    return {name: np.asarray(values)[order] for name, values in frame.items()}


def persons(frame: Frame) -> np.ndarray:
    """A number for every five rows of a like outcome, dealt at random."""
    order = np.argsort(np.asarray(frame["bought"]), kind="stable")
    person = np.empty(N, np.int64)
    person[order] = np.random.default_rng(5).permutation(N)[np.arange(N) // 5]
    return person


def test_clean_rows_have_none(tmp_path: Path) -> None:
    assert leaks(tmp_path, clean()) == {}


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_cell_that_is_filled_only_after_the_event(tmp_path: Path, share: float) -> None:
    frame = clean()
    filled = (frame["bought"] == "yes") & (np.random.default_rng(1).random(N) < share)
    frame["rating"] = np.where(filled, np.random.default_rng(2).normal(0, 1, N), np.nan)
    found = leaks(tmp_path, frame)
    assert found[("after_event", "rating")].severity == "warning"
    assert "is filled almost only where 'bought' is 'yes'" in found[("after_event", "rating")].says


def test_a_value_that_only_successes_hold_is_named_without_being_shown(tmp_path: Path) -> None:
    frame = clean()
    late = (frame["bought"] == "yes") & (np.random.default_rng(1).random(N) < 0.4)
    frame["state"] = np.where(late, "thanked", np.random.default_rng(2).choice(["open", "waiting"], N))
    finding = leaks(tmp_path, frame, Target(column="bought", positive="yes"))[("after_event", "state")]
    assert finding.severity == "note"
    assert "thanked" not in finding.says


def test_a_count_of_sorted_rows_and_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = in_order_of_outcome(clean())
    order = np.argsort(np.argsort(np.arange(N) + rng.normal(0, N / 3, N)))  # half sorted: 'leakage' is silent
    frame["nr"] = order * 3 + 17
    found = leaks(tmp_path, frame)
    assert ("index_leak", "nr") in found
    assert ("index_leak", "rows") in found


def test_a_target_that_changes_with_a_moment_that_the_brief_leaves_out(tmp_path: Path) -> None:
    frame = clean()
    day = np.sort(np.random.default_rng(1).uniform(0, 300, N))[np.random.default_rng(9).permutation(N)]
    frame["day"] = days(day)
    frame["bought"] = np.where(np.random.default_rng(2).random(N) < np.where(day > 150, 0.7, 0.2), "yes", "no")
    found = leaks(tmp_path, frame)
    assert list(found) == [("time_leak", "day")]
    assert 'time = "day"' in found[("time_leak", "day")].fix
    assert ("time_leak", "day") not in leaks(tmp_path / "told", frame, time="day")


def test_a_person_whose_rows_are_alike_in_the_target(tmp_path: Path) -> None:
    frame = clean() | {"person": persons(clean())}
    found = leaks(tmp_path, frame)
    assert found[("group_leak", "person")].severity == "warning"
    assert found[("group_overlap", "person")].severity == "warning"
    assert ("group_leak", "person") not in leaks(tmp_path / "told", frame, group="person")


def test_a_person_who_repeats_without_being_alike_is_a_dependence(tmp_path: Path) -> None:
    frame = clean() | {"person_id": np.random.default_rng(1).integers(0, N // 4, N)}
    found = leaks(tmp_path, frame)
    assert {code for code, _ in found} == {"dependent_rows", "group_overlap"}
    assert all(one.severity == "note" for one in found.values())


def test_a_number_that_repeats_and_varies_smoothly_is_no_person(tmp_path: Path) -> None:
    frame = clean()
    frame["steps"] = (frame["age"] * 10).round()
    frame["bought"] = np.where(frame["steps"] + np.random.default_rng(3).normal(0, 80, N) > 400, "yes", "no")
    assert not any(code.startswith("group") for code, _ in leaks(tmp_path, frame))


def test_rows_like_their_neighbours_depend_on_each_other(tmp_path: Path) -> None:
    frame = clean()
    rng = np.random.default_rng(1)
    walk = np.convolve(rng.normal(0, 1, N + 9), np.ones(10), "valid")
    frame["bought"] = np.where(walk > 0, "yes", "no")
    found = leaks(tmp_path, frame)
    assert found[("dependent_rows", "rows")].severity == "warning"
    frame["day"] = days(np.arange(N))
    assert ("dependent_rows", "rows") not in leaks(tmp_path / "told", frame, time="day")


@pytest.mark.parametrize("form", ["difference", "ratio", "order"])
def test_two_columns_that_give_the_target(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(4)
    frame = clean()
    a, b = rng.normal(100, 10, N), rng.normal(100, 10, N)
    frame |= {"a": a, "b": b}
    if form == "order":
        frame["bought"] = np.where(a > b, "yes", "no")
    else:
        frame["bought"] = a - b if form == "difference" else a / b
    (finding,) = [one for (code, _), one in leaks(tmp_path, frame).items() if code == "target_arithmetic"]
    assert (finding.where, finding.severity) == ("a, b", "blocker")


def test_two_columns_that_part_a_rare_class_are_found_behind_many_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    frame = clean() | {f"n{place}": rng.normal(size=N) for place in range(50)}
    rare = rng.random(N) < 0.02
    start = rng.normal(0, 100, N)
    frame |= {"start": start, "end": start + np.where(rare, 1, -1) * rng.uniform(1, 20, N)}
    frame["bought"] = np.where(rare, "yes", "no")
    assert [one for one in leaks(tmp_path, frame) if one[0] == "target_arithmetic"] == [
        ("target_arithmetic", "start, end")
    ]


def test_moments_whose_difference_is_the_target(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    frame = clean()
    start, length = rng.uniform(0, 900, N), rng.uniform(0, 30, N)
    frame |= {"start": days(start), "end": days(start + length), "bought": length * 86_400}
    assert ("target_arithmetic", "start, end") in leaks(tmp_path, frame)


def test_dates_after_the_moment_and_names_that_speak_of_the_end(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    frame = clean()
    day = rng.uniform(0, 300, N)
    frame |= {"day": days(day), "paid": days(day + rng.uniform(-2, 20, N)), "born": days(day - 9000)}
    frame |= {
        "refundAmount": rng.normal(0, 1, N),
        "bought_where": rng.choice(["a", "b"], N),
        "exiting": rng.normal(0, 1, N),
    }
    found = leaks(tmp_path, frame, time="day")
    told = {where: one.severity for (code, where), one in found.items() if code == "not_knowable"}
    assert told == {"paid": "warning", "refundAmount": "note", "bought_where": "note"}


def test_a_column_of_few_rows_is_no_leak_by_chance(tmp_path: Path) -> None:
    few = {"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", None], "y": ["p", "q", "p", "q"]}
    result = audit(Brief(target=Target(column="y")), frame=pl.DataFrame(few), workspace=tmp_path)
    assert "leakage" not in {finding.code for finding in result.findings}
