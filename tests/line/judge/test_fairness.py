"""Fairness: a planted gap is shown, groups alike are not accused, and a bound on a gap ends met, not shown or unmet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Accept, Brief, Capacity, Features, Target, Task
from artificer.core.errors import BriefError
from artificer.core.records import Finding
from artificer.line.ask.requirements import requirements
from artificer.line.ask.written import check
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.fairness import fairness
from artificer.line.judge.lines import test_lines as judged
from artificer.line.judge.seen import Seen

Make = Callable[..., Seen]
N = 2_000


def examined(seed: int, *, bad: bool, task: Task = "binary") -> Examined:
    """Two towns; where `bad`, half of the south's successes are told to be failures, or its errors are doubled."""
    rng = np.random.default_rng(seed)
    south = rng.random(N) < 0.4
    frame = pl.DataFrame({"town": np.where(south, "south", "north").tolist(), "age": rng.integers(18, 80, N)})
    if task == "regression":
        y = rng.normal(size=N) * np.where(south & bad, 2, 1)
        return Examined(task, "mae", Rows(frame, y), np.zeros((N, 1)), protected=("town", "age"))
    y = (rng.random(N) < 0.4).astype(float)
    p = np.clip(0.2 + 0.6 * y + rng.normal(0, 0.2, N), 0.01, 0.99)
    p = np.where(bad & south & (rng.random(N) < 0.5), 0.1, p)
    return Examined(
        task, "log_loss", Rows(frame, y), np.stack([1 - p, p], axis=1), ("no", "yes"), protected=("town", "age")
    )


def found(seen: Examined) -> dict[str, Finding]:
    return {one.where: one for one in fairness(seen)}


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_planted_gap_is_warned_of_and_told_who(task: Task) -> None:
    seen = found(examined(0, bad=True, task=task))
    assert (seen["town"].severity, seen["age"].severity) == ("warning", "note")
    assert "north" in seen["town"].says
    assert "south" in seen["town"].says


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_groups_that_fare_alike_are_noted_with_what_was_measured(task: Task) -> None:
    for seed in range(5):
        assert {one.severity for one in found(examined(seed, bad=False, task=task)).values()} == {"note"}


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_groups_that_cannot_be_compared_are_not_said_to_have_no_gap(task: Task) -> None:
    seen = examined(0, bad=True, task=task)
    by_family = replace(seen, rows=replace(seen.rows, group=np.arange(N) % 23), protected=("town",))
    says = found(by_family)["town"].says
    assert says.startswith(
        "groups by 'town' cannot be compared: there are fewer than two groups of 30 independent rows"
    )


def test_a_group_whose_rows_are_ranked_by_chance_is_warned_of_though_nobody_is_chosen() -> None:
    seen = examined(0, bad=False)
    p, south = 0.4 * seen.prediction[:, 1], (seen.rows.frame["town"] == "south").to_numpy()
    assert found(replace(seen, prediction=np.stack([1 - p, p], axis=1)))["town"].severity == "note"
    p[south] = np.random.default_rng(0).permutation(p[south])
    (one,) = [one for one in fairness(replace(seen, prediction=np.stack([1 - p, p], axis=1))) if one.where == "town"]
    assert one.severity == "warning"
    assert "ROC curve within the group" in one.says


def test_every_gap_is_told_with_its_interval() -> None:
    facts = {fact.name: fact.value for fact in found(examined(0, bad=True))["town"].facts}
    assert set(facts) == {
        *(
            "selection_gap",
            "recall_gap",
            "false_positive_gap",
            "precision_gap",
            "odds_gap",
            "calibration_gap",
            "roc_auc_gap",
        )
    }
    assert " to " in str(facts["recall_gap"])


def line(make: Make, name: str, bound: float, *, bad: bool = True, **more: object) -> tuple[str, str]:
    seen = examined(0, bad=bad)
    made = make(
        seen.rows.y,
        seen.prediction[:, 1],
        town=seen.rows.frame["town"].to_list(),
        features=Features(protected=("town",)),
        accept={name: Accept(at_most=bound)},
        **more,
    )
    (one,) = judged(made)
    return one.outcome, one.note


def test_a_bound_on_a_gap_is_met_not_shown_or_unmet(make: Make) -> None:
    assert line(make, "recall_gap", 0.7)[0] == "met"
    assert line(make, "recall_gap", 0.45)[0] == "not shown"
    assert line(make, "recall_gap", 0.1)[0] == "unmet"
    assert line(make, "recall_gap", 0.15, bad=False)[0] == "met"


def test_it_says_who_differs_and_who_was_too_few(make: Make) -> None:
    assert line(make, "odds_gap", 0.1)[1] == "by town: north over south"
    seen = examined(0, bad=True)
    towns = ["west" if place < 5 else town for place, town in enumerate(seen.rows.frame["town"])]
    accept = {"recall_gap": Accept(at_most=0.1, by=("town",))}
    (one,) = judged(make(seen.rows.y, seen.prediction[:, 1], town=towns, accept=accept))
    assert one.note.endswith("too few rows to compare: town = west")


def test_who_is_chosen_follows_the_decision(make: Make) -> None:
    everyone = line(make, "selection_gap", 0.1, threshold=0.0)
    assert everyone[0] == "met"
    listed = line(make, "selection_gap", 0.01, capacity=Capacity(top=300, every=""))
    assert listed[0] == "unmet"


def test_a_gap_in_any_metric(make: Make) -> None:
    assert line(make, "log_loss_gap", 5.0)[0] == "met"
    assert line(make, "log_loss_gap", 0.01)[0] == "unmet"


@pytest.mark.parametrize(("bound", "outcome"), [(0.1, "met"), (0.0, "not shown")])
def test_calibration_that_is_right(make: Make, bound: float, outcome: str) -> None:
    rng = np.random.default_rng(0)
    p = rng.random(N)
    (one,) = judged(make(rng.random(N) < p, p, accept={"calibration": Accept(at_most=bound)}))
    assert one.outcome == outcome
    assert one.estimate is not None
    assert one.estimate.value < 0.05


def test_calibration_that_is_wrong(make: Make) -> None:
    rng = np.random.default_rng(0)
    p = rng.random(N)
    (one,) = judged(make(rng.random(N) < p**3, p, accept={"calibration": Accept(at_most=0.1)}))
    assert one.outcome == "unmet"


def test_a_gap_needs_columns_two_classes_and_a_bound() -> None:
    def refused(line: Accept, name: str = "recall_gap", task: Task = "binary") -> str:
        with pytest.raises(BriefError) as error:
            requirements(Brief(target=Target(column="y"), accept={name: line}), task)
        return str(error.value)

    assert 'by = ["column"]' in refused(Accept(at_most=0.1))
    assert "two classes" in refused(Accept(at_most=0.1, by=("x",)), task="regression")
    assert "two classes" in refused(Accept(at_most=0.1, by=("x",)), task="multiclass")
    assert "bound" in refused(Accept(by=("x",)))
    assert "does not fit" in refused(Accept(at_most=0.1, by=("x",)), "mae_gap")
    assert "by how much" in refused(Accept(by=("x",), rule="x > 1"), "beats")


def test_it_is_written_as_a_client_writes_it() -> None:
    brief = check({"target": {"column": "y"}, "accept": {"recall_gap": {"by": ["town"], "at_most": 0.1}}})
    assert brief.accept["recall_gap"].by == ("town",)
    (wanted,) = requirements(brief, "binary")
    assert "town" in wanted.text


def test_rows_of_the_line_are_judged_by_what_they_are(make: Make) -> None:
    seen = examined(0, bad=True)
    assert replace(seen, protected=("absent",)).has("protected")
    assert found(replace(seen, protected=("absent",))) == {}


def test_the_ninth_group_counts_and_what_is_left_out_is_named() -> None:
    rng = np.random.default_rng(0)
    town = np.repeat([f"town {k}" for k in range(11)], [900] * 8 + [600, 600, 5])
    p = np.where(np.isin(town, ["town 8", "town 9"]), 0.1, np.where(rng.random(len(town)) < 0.5, 0.9, 0.2))
    rows = Rows(pl.DataFrame({"town": town}), (rng.random(len(town)) < 0.4).astype(float))
    seen = Examined("binary", "log_loss", rows, np.stack([1 - p, p], axis=1), ("no", "yes"), protected=("town",))
    (one,) = fairness(seen)
    selection = next(fact for fact in one.facts if fact.name == "selection_gap")
    assert float(str(selection.value).split()[0]) > 0.45
    assert one.says.endswith("too few rows to compare: town = town 10")


def test_rows_whose_protected_number_is_missing_are_a_group() -> None:
    seen = examined(0, bad=True)
    age = pl.Series("age", np.where(seen.rows.frame["town"] == "south", np.nan, 40.0 + np.arange(N) % 30))
    (_, one) = fairness(replace(seen, rows=replace(seen.rows, frame=seen.rows.frame.with_columns(age))))
    assert one.severity == "warning"
    assert "(missing)" in one.says


def test_the_labels_that_ship_are_judged() -> None:
    rng = np.random.default_rng(0)
    south = rng.random(N) < 0.4
    p = np.where(south, 0.45, 0.2) + 0.02 * rng.random(N)
    rows = Rows(pl.DataFrame({"town": np.where(south, "south", "north")}), (rng.random(N) < 0.3).astype(float))
    seen = Examined("binary", "f1", rows, np.stack([1 - p, p], axis=1), ("no", "yes"), protected=("town",))
    plain, turned = (next(iter(fairness(replace(seen, multipliers=one)))) for one in ((), (0.5, 2.0)))
    assert str(next(fact.value for fact in plain.facts if fact.name == "selection_gap")).startswith("0 ")
    assert turned.severity == "warning"
