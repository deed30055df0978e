"""Weak slices: what is planted is found and told, rows that are hard by nature are noted, luck is neither."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from artificer.core.records import Finding
from artificer.line.judge.conditions import conditions, groups, told
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.weak_slices import weak_slices

N = 4_000


def rows(seed: int, n: int = N) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "job": rng.choice(["clerk", "cook", "judge", None], n).tolist(),
            "pay": np.where(rng.random(n) < 0.1, np.nan, rng.exponential(1000, n)),
        }
    )


def planted(frame: pl.DataFrame) -> np.ndarray:
    return np.asarray(((frame["job"] == "cook").fill_null(False) & (frame["age"] > 65)).to_numpy())


def model(seed: int, metric: str = "log_loss", *, bad: bool) -> Examined:
    """Probabilities that are right, but where `bad` on cooks above 65, whose labels are turned."""
    rng = np.random.default_rng(1000 + seed)
    frame = rows(seed)
    p = rng.beta(1, 1, N)
    y = (rng.random(N) < p).astype(np.float64)
    y = np.where(planted(frame) & bad, 1 - y, y)
    return Examined("binary", metric, Rows(frame, y), np.stack([1 - p, p], axis=1), ("no", "yes"))


def numbers(seed: int, *, bad: bool) -> Examined:
    rng = np.random.default_rng(1000 + seed)
    frame = rows(seed)
    error = rng.normal(size=N) * np.where(planted(frame) & bad, 3, 1)
    return Examined("regression", "rmse", Rows(frame, 10 + error), np.full((N, 1), 10.0))


def warnings(seen: Examined) -> list[Finding]:
    return [one for one in weak_slices(seen) if one.severity == "warning"]


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "accuracy", "f1", "brier"])
def test_labels_turned_in_a_slice_are_found_by_any_metric(metric: str) -> None:
    first = warnings(model(0, metric, bad=True))[0]
    assert "job = cook" in first.where
    assert "age above" in first.where
    assert "do not foretell" in first.says
    assert {fact.name for fact in first.facts} == {"rows", "gap", "p", "beyond_foretold"}


def test_larger_errors_of_numbers_are_found() -> None:
    first = warnings(numbers(0, bad=True))[0]
    assert "job = cook" in first.where
    assert "age above" in first.where
    assert "the mean absolute error is" in first.says
    assert first.says.endswith("; rows with predictions alike do not foretell that")


def test_a_slice_is_found_beside_rows_of_huge_errors() -> None:
    """One row in 200 errs by a hundred: by squared errors nothing else is seen."""
    seen = numbers(0, bad=True)
    y = seen.rows.y.copy()
    y[::200] += 100
    found = warnings(replace(seen, rows=replace(seen.rows, y=y)))
    assert "job = cook" in found[0].where


def test_errors_that_grow_with_the_prediction_are_noted() -> None:
    rng = np.random.default_rng(1004)
    frame = rows(4)
    told = np.where(frame["age"].to_numpy() > 65, 1000.0, 10.0)
    y = told * np.exp(rng.normal(0, 0.2, N))
    found = list(weak_slices(Examined("regression", "rmse", Rows(frame, y), told[:, None])))
    assert {one.severity for one in found} == {"note"}
    assert found[0].where.startswith("age above")
    assert found[0].says.endswith(", as rows with predictions alike lose it too")


@pytest.mark.parametrize("make", [model, numbers])
def test_few_false_alarms(make: object) -> None:
    alarms = sum(bool(warnings(make(seed, bad=False))) for seed in range(20))  # type: ignore[operator]
    assert alarms <= 3


def test_a_clean_model_gets_a_note_with_what_would_have_been_seen() -> None:
    (found,) = weak_slices(model(1, bad=False))
    assert (found.severity, found.facts[0].name) == ("note", "seen_from")
    assert 0 < float(found.facts[0].value) < 1


def test_rows_that_are_hard_and_known_to_be_are_noted() -> None:
    rng = np.random.default_rng(1003)
    frame = rows(3)
    p = np.where(frame["age"].to_numpy() > 65, 0.5, np.where(rng.random(N) < 0.5, 0.03, 0.97))
    y = (rng.random(N) < p).astype(np.float64)
    found = list(weak_slices(Examined("binary", "log_loss", Rows(frame, y), np.stack([1 - p, p], axis=1), ("a", "b"))))
    assert {one.severity for one in found} == {"note"}
    assert any(one.where.startswith("age above") for one in found)
    assert "as it foretells itself" in found[0].says


def test_rows_of_one_group_count_once() -> None:
    seen = model(0, bad=True)
    few = np.random.default_rng(0).integers(0, 12, N)
    groups = replace(seen.rows, group=np.where(planted(seen.rows.frame), few % 3, few))
    assert not warnings(replace(seen, rows=groups))  # three persons hold all rows of the slice


def test_few_rows_are_said_to_be_few() -> None:
    seen = model(0, bad=True)
    few = replace(seen, rows=seen.rows.taken(np.arange(60)), prediction=seen.prediction[:60])
    (found,) = weak_slices(few)
    assert "too few" in found.says


def test_conditions_are_told_in_words() -> None:
    frame = rows(0)
    known = conditions(frame, fewest=30)
    assert {one.column for one in known} == {"age", "job", "pay"}
    assert "(missing)" in {one.label for one in known if one.column == "job"}
    assert "(missing)" in {one.label for one in known if one.column == "pay"}
    above = next(one for one in known if one.column == "age" and one.low > 0 and one.high == np.inf)
    below = next(one for one in known if one.column == "age" and one.low < 0 and above.low < one.high < 99)
    cook = next(one for one in known if one.level == "cook")
    assert told((above, below, cook)) == f"age {above.low:g} to {below.high:g} and job = cook"


def test_labels_alone_are_not_said_to_foretell() -> None:
    seen = model(0, "accuracy", bad=True)
    labels = np.eye(2)[seen.prediction.argmax(axis=1)]
    first = warnings(replace(seen, prediction=labels))[0]
    assert "job = cook" in first.where
    assert "foretell" not in first.says


def test_the_losses_that_are_told_are_weighted_as_their_gap_is() -> None:
    seen = model(0, "accuracy", bad=True)
    weight = np.where(np.arange(N) % 2 == 0, 5.0, 0.5)
    first = warnings(replace(seen, rows=replace(seen.rows, weight=weight)))[0]
    inside, outside = (float(word.rstrip(",")) for word in re.findall(r"0\.\d+", first.says)[:2])
    assert inside - outside == pytest.approx(float(str(first.facts[1].value).split()[0]), abs=0.002)


def test_a_column_may_have_any_name_and_ends_of_ranges_are_told_apart() -> None:
    frame = pl.DataFrame(
        {
            "rows": ["a", "b"] * 50,
            "born": [19_800_101 + place for place in range(100)],
            "day": [date(1980, 1, 1) + timedelta(days=place) for place in range(100)],
        }
    )
    assert {one.level for one in conditions(frame, fewest=5) if one.column == "rows"} == {"a", "b"}
    assert [one.label for one in groups(frame, "born")] == [
        "up to 19800125.75",
        "19800125.75 to 19800150.5",
        "19800150.5 to 19800175.25",
        "above 19800175.25",
    ]
    assert [one.label for one in groups(frame, "day")][1] == "1980-01-25 to 1980-02-19"
