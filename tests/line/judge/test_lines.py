"""Each line of the brief ends met, not shown or unmet, and says what it rests on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artificer.core.brief import Accept, Capacity, Value
from artificer.core.stages import Line
from artificer.line.judge import exit_code
from artificer.line.judge.flips import champion_of
from artificer.line.judge.lines import test_lines as judged
from artificer.line.judge.seen import Champion, Seen
from artificer.measure.metrics import METRICS, score

Make = Callable[..., Seen]
WEEKLY = Capacity(top=20, every="7d")
CALLS = Value(currency="EUR", acted=-6, success=80)


def only(seen: Seen) -> Line:
    (line,) = judged(seen)
    return line


def three(bounds: tuple[float, float, float]) -> list[tuple[float, str]]:
    return list(zip(bounds, ("met", "not shown", "unmet"), strict=True))


@pytest.mark.parametrize(("bound", "outcome"), three((0.85, 0.92, 0.99)))
def test_a_score_that_must_be_high(graded: Make, bound: float, outcome: str) -> None:
    line = only(graded(accept={"roc_auc": Accept(at_least=bound)}))
    assert (line.outcome, line.estimate is not None and line.estimate.method) == (outcome, "DeLong")


@pytest.mark.parametrize(("bound", "outcome"), three((0.8, 0.5, 0.1)))
def test_a_loss_that_must_be_low(make: Make, bound: float, outcome: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=40)
    line = only(make(y, y + 0.5 * rng.normal(size=40), task="regression", accept={"rmse": Accept(at_most=bound)}))
    assert line.outcome == outcome


@pytest.mark.parametrize(("bound", "outcome"), three((0.6, 0.83, 0.99)))
def test_the_share_of_a_list_that_succeeds(graded: Make, bound: float, outcome: str) -> None:
    seen = graded(capacity=Capacity(top=50, every="7d"), accept={"list_precision": Accept(at_least=bound)})
    line = only(seen)
    assert (line.outcome, line.note) == (outcome, "over 7 whole periods of 7d")


@pytest.mark.parametrize(("bound", "outcome"), three((1000, 1390, 1700)))
def test_value_in_a_week(graded: Make, bound: float, outcome: str) -> None:
    line = only(graded(capacity=WEEKLY, value=CALLS, accept={"value_per_week": Accept(at_least=bound)}))
    assert (line.outcome, line.requirement.unit) == (outcome, "EUR")


@pytest.mark.parametrize(("bound", "outcome"), three((0.2, 0.61, 0.9)))
def test_the_gain_over_a_rule_in_the_list(graded: Make, bound: float, outcome: str) -> None:
    seen = graded(capacity=WEEKLY, accept={"beats": Accept(rule="x > 1", by=bound)})
    line = only(seen)
    assert (line.outcome, line.note) == (
        outcome,
        "in the share of the chosen that succeeds, over 7 whole periods of 7d",
    )


@pytest.mark.parametrize(("bound", "outcome"), three((0.3, 0.42, 0.6)))
def test_the_gain_over_a_rule_in_the_metric_where_nothing_is_listed(graded: Make, bound: float, outcome: str) -> None:
    line = only(graded(accept={"beats": Accept(rule="x > 1", by=bound)}))
    assert (line.outcome, line.note) == (outcome, "in roc_auc")


@pytest.mark.parametrize(("bound", "outcome"), three((100, 1, 0)))
def test_how_long_one_prediction_takes(graded: Make, bound: float, outcome: str) -> None:
    seen = graded(accept={"latency_ms": Accept(p99_at_most=bound)})
    seen.__dict__["took_ms"] = np.linspace(0.5, 1.007, 1500)  # so that no test hangs on this machine's speed
    line = only(seen)
    assert (line.outcome, line.n_to_show, line.requirement.unit) == (outcome, 0, "ms")


def test_few_timings_show_no_latency(graded: Make) -> None:
    seen = graded(accept={"latency_ms": Accept(p99_at_most=100)})
    seen.__dict__["took_ms"] = np.linspace(0.5, 1.0, 20)
    assert only(seen).outcome == "not shown"


def test_real_timings_are_positive_milliseconds(graded: Make) -> None:
    took = graded().took_ms
    assert len(took) > 10
    assert (took > 0).all()


@pytest.mark.parametrize(("bound", "outcome"), [(1.0, "met"), (0.0, "unmet")])
def test_the_size_is_that_of_all_files(graded: Make, bound: float, outcome: str) -> None:
    seen = graded(accept={"size_mb": Accept(at_most=bound)})
    line = only(seen)
    assert line.outcome == outcome
    assert line.estimate is not None
    assert line.estimate.low == line.estimate.high == sum(f.stat().st_size for f in seen.folder.rglob("*.*")) / 1e6


@pytest.mark.parametrize(("task", "name"), [(task, name) for name, found in METRICS.items() for task in found.tasks])
def test_what_no_model_can_is_unmet_and_says_so(make: Make, task: str, name: str) -> None:
    found = METRICS[name]
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3 if task == "multiclass" else 2, 300).astype(float)
    success = np.clip(0.5 + 0.3 * (y - 0.5) + rng.uniform(-0.3, 0.3, 300), 0.01, 0.99)
    given = np.stack([0.5 * (1 - success), 0.5 * (1 - success), success], axis=1) if task == "multiclass" else success
    bound = found.best + found.sign * 0.5
    accept = Accept(at_least=bound) if found.larger_is_better else Accept(at_most=bound)
    line = only(make(y, given, task=task, accept={name: accept}))
    assert line.outcome == "unmet"
    assert line.note == f"no model can: the best {name} there is is {found.best:g}"


def test_a_score_that_no_row_defines_is_not_shown_and_says_so(make: Make) -> None:
    line = only(make(np.zeros(30), np.full(30, 0.2), accept={"roc_auc": Accept(at_least=0.7)}))
    assert (line.outcome, line.n_to_show, line.note) == ("not shown", 0, "not defined on these rows")


def with_champion(seen: Seen, share: float, **changed: Any) -> Seen:
    """A version in service that says otherwise of a share of the rows."""
    before = seen.prediction.copy()
    turned = np.arange(len(before)) < share * len(before)
    before[turned] = before[turned][:, ::-1]
    return replace(seen, champion=Champion("v1", before, seen.predictor), **changed)


@pytest.mark.parametrize(("bound", "outcome"), three((0.15, 0.105, 0.05)))
def test_the_share_of_decisions_that_differ_from_the_version_in_service(
    graded: Make, bound: float, outcome: str
) -> None:
    line = only(with_champion(graded(accept={"flips": Accept(at_most=bound)}), 0.1))
    assert (line.outcome, line.estimate.value) == (outcome, pytest.approx(0.1))
    assert line.estimate.low < 0.1 < line.estimate.high
    assert (line.n_to_show > 1000) == (outcome == "not shown")
    assert "v1" in line.note


def test_before_the_first_version_no_decision_changes(graded: Make) -> None:
    line = only(graded(accept={"flips": Accept(at_most=0.05)}))
    assert (line.outcome, line.estimate.value, line.n_to_show) == ("met", 0.0, 0)
    assert "no version is in service" in line.note


def test_a_version_in_service_that_cannot_be_compared_shows_nothing_and_says_why(graded: Make) -> None:
    seen = replace(
        graded(accept={"flips": Accept(at_most=0.05)}), champion=Champion("v1", why="it knows other classes")
    )
    line = only(seen)
    assert (line.outcome, line.n_to_show, line.note) == ("not shown", 0, "it knows other classes")


def test_the_version_in_service_predicts_the_same_rows(graded: Make) -> None:
    seen = graded(accept={"flips": Accept(at_most=0.05)})
    assert champion_of(seen.run, seen.asked, seen.rows) is None
    seen.run.ledger.serve(seen.run.brief.name, "v1", seen=0, action="promote", because="the first")
    absent = champion_of(seen.run, seen.asked, seen.rows)
    assert absent is not None
    assert absent.prediction is None
    assert "cannot predict these rows" in absent.why
    shutil.copytree(seen.folder, seen.run.path("packages/v1"))
    found = champion_of(seen.run, seen.asked, seen.rows)
    assert found is not None
    own = seen.predictor.raw(seen.predictor.schema.encode(seen.rows.frame))
    assert found.prediction is not None
    assert np.array_equal(found.prediction, own)
    assert only(replace(seen, prediction=own, champion=found)).outcome == "met"


def test_places_on_a_list_are_the_decisions_where_there_is_one(graded: Make) -> None:
    seen = graded(accept={"flips": Accept(at_most=0.05)}, capacity=WEEKLY)
    same = replace(seen, champion=Champion("v1", 0.5 + (seen.prediction - 0.5) / 10, seen.predictor))
    assert only(same).estimate.value == 0  # other probabilities, the same order
    reversed_order = replace(seen, champion=Champion("v1", seen.prediction[:, ::-1], seen.predictor))
    assert only(reversed_order).estimate.value > 0.1


def test_not_shown_says_how_many_rows_would_show_it(graded: Make) -> None:
    few = only(graded(200, accept={"roc_auc": Accept(at_least=0.9)}))
    assert few.outcome == "not shown"
    assert only(graded(2 * few.n_to_show, accept={"roc_auc": Accept(at_least=0.9)})).outcome == "met"


def test_where_no_number_of_rows_would_none_is_named(graded: Make) -> None:
    line = only(graded(200, accept={"roc_auc": Accept(at_least=0.93)}))
    assert (line.outcome, line.n_to_show) == ("not shown", 0)


def test_the_last_period_counts_when_it_is_whole(make: Make) -> None:
    def periods(days: Any, every: str = "7d") -> list[int]:
        seen = make(
            np.arange(len(days)) % 2, np.linspace(0, 1, len(days)), days=days, capacity=Capacity(top=2, every=every)
        )
        assert seen.periods is not None
        return seen.periods.tolist()

    assert periods(range(14)) == [0] * 7 + [1] * 7
    assert periods(range(13)) == [0] * 7 + [-1] * 6
    assert periods([3, 10, 17]) == [0, 1, 2]  # a snapshot a week
    hours = np.arange(30) / 24
    assert periods(hours, "1d") == [0] * 24 + [-1] * 6
    assert periods([0.0, 1.0, np.nan, 2.0], "1d") == [0, 1, -1, 2]
    assert periods([5.0, 5.0], "1d") == [-1, -1]


def test_periods_that_do_not_fill_the_list_are_named(graded: Make) -> None:
    accept = {"list_precision": Accept(at_least=0.1)}
    assert only(graded(capacity=Capacity(top=140, every="7d"), accept=accept)).note.endswith(
        "; only 4 of them with more than 140 rows"
    )
    assert only(graded(capacity=Capacity(top=900, every="7d"), accept=accept)).note.endswith(
        "; none of them with more than 900 rows"
    )


def test_a_time_shorter_than_a_period_shows_nothing(make: Make) -> None:
    y = np.arange(60) % 2
    accept = {
        "list_precision": Accept(at_least=0.1),
        "value_per_week": Accept(at_least=1),
        "beats": Accept(rule="x", by=0),
    }
    seen = make(y, y * 0.8, days=np.arange(60) / 10, capacity=WEEKLY, value=CALLS, accept=accept)
    for line in judged(seen):
        assert (line.outcome, line.n_to_show) == ("not shown", 0)
        assert line.note == "no whole period of 7d among the rows"


def test_a_list_that_holds_every_row_shows_nothing(graded: Make) -> None:
    accept = {
        "list_precision": Accept(at_least=0.1),
        "value_per_week": Accept(at_least=1),
        "beats": Accept(rule="x", by=0),
    }
    for line in judged(graded(capacity=Capacity(top=1000), value=CALLS, accept=accept)):
        assert (line.outcome, line.note) == ("not shown", "a list of 1,000 holds all 1,000 rows, so nothing is chosen")
    shorter = graded(capacity=Capacity(top=100), value=CALLS, accept=accept)
    assert [line.outcome for line in judged(shorter)] == ["met"] * 3


def test_where_every_period_is_acted_on_whole_no_rule_is_beaten(graded: Make) -> None:
    line = only(graded(capacity=Capacity(top=900, every="7d"), accept={"beats": Accept(rule="x", by=0)}))
    assert line.outcome == "not shown"


def test_value_by_the_day_is_a_seventh_of_value_by_the_week(graded: Make) -> None:
    names = ("value_per_day", "value_per_week", "value_per_month")
    found = judged(graded(capacity=WEEKLY, value=CALLS, accept={name: Accept(at_least=0) for name in names}))
    day, week, month = (line.estimate.value for line in found if line.estimate)
    assert (week, month) == (pytest.approx(7 * day), pytest.approx(30 * day))


def test_value_adds_up_what_was_acted_on_and_what_succeeded(make: Make) -> None:
    y = np.array([1, 0, 1, 0, 0, 1, 0, 0])
    success = np.array([0.9, 0.8, 0.7, 0.6, 0.2, 0.9, 0.8, 0.1])
    value = Value(acted="-2 * cost", success="gain")
    seen = make(
        y,
        success,
        days=[0, 0, 0, 0, 1, 1, 1, 1],
        capacity=Capacity(top=2, every="1d"),
        value=value,
        accept={"value_per_day": Accept(at_least=0)},
        cost=[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0],
        gain=[10.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0, 20.0],
    )
    line = only(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(((-2 - 4 + 10) + (-4 - 6 + 20)) / 2)


def test_periods_without_rows_are_worth_nothing(make: Make) -> None:
    y = np.tile([1, 0], 10)
    accept = {"value_per_day": Accept(at_least=0)}
    hourly = make(y, y * 0.9, days=np.arange(20.0), capacity=Capacity(top=5, every="1h"), value=CALLS, accept=accept)
    found = only(hourly).estimate
    assert found is not None
    assert found.value == pytest.approx((10 * 80 - 20 * 6) / 20, rel=0.06)


def test_with_a_value_alone_one_acts_where_it_pays(make: Make) -> None:
    y = np.array([1, 0, 1, 0] * 10)
    success = np.array([0.9, 0.3, 0.2, 0.05] * 10)
    seen = make(
        y,
        success,
        days=np.repeat([0, 7], 20),
        value=Value(acted=-10, success=40),
        accept={"value_per_week": Accept(at_least=0)},
    )
    line = only(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(10 * (-10 + 40) - 10 * 10)
    assert line.note == "acting on 20 of 40 rows: those whose expected worth is above 0"


def test_a_rule_that_ties_is_broken_by_lot(make: Make) -> None:
    y = np.tile([1, 0, 0, 0], 50)
    seen = make(y, y * 0.9, capacity=Capacity(top=20), accept={"beats": Accept(rule="x > 10", by=0.02)})
    line = only(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(0.75)


def test_a_rule_is_no_probability_so_losses_are_not_its_measure(graded: Make) -> None:
    seen = graded(accept={"beats": Accept(rule="x > 1", by=0.1)})
    object.__setattr__(seen, "metric", "log_loss")
    assert only(seen).note == "in roc_auc"


@pytest.mark.parametrize(("by", "outcome"), three((0.1, 0.62, 0.9)))
def test_a_rule_may_predict_a_number(make: Make, by: float, outcome: str) -> None:
    rng = np.random.default_rng(2)
    x = np.linspace(-3, 3, 60)
    y = x + rng.normal(0, 0.5, 60)
    seen = make(y, x, task="regression", accept={"beats": Accept(rule="x + 1 - 2 * (x > 0)", by=by)})
    assert only(seen).outcome == outcome


def test_the_exit_code_tells_the_worst_line(graded: Make) -> None:
    from artificer.core.records import Estimate, Finding
    from artificer.core.stages import Verdict

    def code(*bounds: float, blocked: bool = False, findings: tuple[Finding, ...] = ()) -> int:
        lines = tuple(only(graded(accept={"roc_auc": Accept(at_least=bound)})) for bound in bounds)
        verdict = Verdict("sealed rows", 1000, "roc_auc", Estimate(0.9, 0.9, 0.9, "", 1), lines, findings=findings)
        return exit_code(verdict, blocked=blocked)

    assert (code(), code(0.5), code(0.5, 0.92), code(0.5, 0.92, 0.99)) == (0, 0, 4, 3)
    assert code(0.5, blocked=True) == 3
    assert code(findings=(Finding("effect", "blocker", "x", "", ""),)) == 3


@given(
    labels=st.lists(st.booleans(), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
    top=st.integers(1, 50),
    every=st.sampled_from(["", "1d", "7d"]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_rows_never_break_a_line(make: Make, labels: list[bool], seed: int, top: int, every: str) -> None:
    rng = np.random.default_rng(seed)
    n_rows = len(labels)
    days = np.where(rng.random(n_rows) < 0.1, np.nan, np.floor(rng.uniform(0, 20, n_rows)))
    accept = {
        **{name: Accept(at_least=0.5) for name in ("roc_auc", "average_precision", "f1", "list_precision")},
        **{name: Accept(at_most=0.5) for name in ("log_loss", "brier")},
        "value_per_week": Accept(at_least=10),
        "beats": Accept(rule="x > 0", by=0.02),
    }
    given = rng.random(n_rows).round(1)
    seen = make(np.array(labels), given, days=days, capacity=Capacity(top=top, every=every), value=CALLS, accept=accept)
    for line in judged(seen):
        assert line.estimate is not None
        assert line.outcome in ("met", "not shown", "unmet")
        if np.isnan(line.estimate.value):
            assert line.outcome == "not shown"
            assert line.note
        else:
            assert line.estimate.low <= line.estimate.value <= line.estimate.high


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_rows_is_harmless(make: Make, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, success, days = rng.integers(0, 2, 80), rng.random(80), np.sort(rng.integers(0, 30, 80))
    accept = {
        "roc_auc": Accept(at_least=0.5),
        "list_precision": Accept(at_least=0.5),
        "value_per_week": Accept(at_least=10),
    }

    def values(order: np.ndarray) -> list[float]:
        seen = make(y[order], success[order], days=days[order], capacity=WEEKLY, value=CALLS, accept=accept)
        return [line.estimate.value for line in judged(seen) if line.estimate]

    np.testing.assert_allclose(values(np.arange(80)), values(rng.permutation(80)), rtol=1e-9)


def test_the_estimate_is_the_score(graded: Make) -> None:
    seen = graded(accept={"roc_auc": Accept(at_least=0.5)})
    line = only(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(score("roc_auc", seen.y, seen.prediction))
