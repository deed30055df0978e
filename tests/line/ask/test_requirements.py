"""Each line of [accept] becomes a test; one that nothing could test is refused by name."""

from __future__ import annotations

import pytest

from artificer.core.brief import Accept, Brief, Capacity, Data, DecisionPart, Target, Task, Value
from artificer.core.errors import BriefError
from artificer.line.ask.requirements import requirements

FULL = DecisionPart(capacity=Capacity(top=500, every="7d"), value=Value(currency="EUR", acted=-6.0, success=80.0))


def wanted(name: str, line: Accept, task: Task = "binary", decision: DecisionPart = FULL, time: str = "day") -> str:
    brief = Brief(target=Target(column="y"), data=Data(time=time), decision=decision, accept={name: line})
    (one,) = requirements(brief, task)
    assert one.id == name
    return f"{one.text} | {one.at_least} {one.at_most} {one.unit}".strip()


def test_lines_in_words_and_bounds() -> None:
    assert wanted("roc_auc", Accept(at_least=0.7)) == "roc_auc at least 0.7 | 0.7 None"
    assert wanted("rmse", Accept(at_most=3), "regression") == "rmse at most 3 | None 3"
    assert wanted("list_precision", Accept(at_least=0.1)).startswith("of the 500 chosen, a share of at least 0.1")
    threshold = DecisionPart(threshold=0.3)
    says = wanted("list_precision", Accept(at_least=0.1), decision=threshold)
    assert says.startswith("of those that score 0.3 or more, a share of at least 0.1")
    assert wanted("value_per_week", Accept(at_least=1000)) == "worth at least 1000 EUR a week | 1000 None EUR"
    assert wanted("beats", Accept(by=0.02, rule="age > 30")).endswith("| 0.02 None")
    assert wanted("latency_ms", Accept(p99_at_most=20, where="package")).endswith("| None 20 ms")
    assert wanted("size_mb", Accept(at_most=20)).endswith("| None 20 MB")


@pytest.mark.parametrize(
    ("name", "line", "task", "says"),
    [
        ("roc_auk", Accept(at_least=0.7), "binary", "'roc_auc'"),
        ("roc_auc", Accept(at_least=0.7), "regression", "rmse"),
        ("roc_auc", Accept(), "binary", "lacks its bound 'at_least'"),
        ("roc_auc", Accept(at_least=0.7, at_most=1), "binary", "'at_most'"),
        ("roc_auc", Accept(at_least=0.7, rule="a > 1"), "binary", "'rule'"),
        ("log_loss", Accept(at_least=0.7), "binary", "'at_least'"),
        ("latency_ms", Accept(p99_at_most=20, where="http"), "binary", "serving"),
        ("beats", Accept(by=0.1), "binary", "'rule'"),
        ("calibration", Accept(at_most=0.1), "regression", "needs classes"),
        ("list_precision", Accept(at_least=0.1), "regression", "two classes"),
        ("value_per_day", Accept(at_least=1), "regression", "two classes"),
    ],
)
def test_a_line_that_nothing_could_test_is_refused(name: str, line: Accept, task: Task, says: str) -> None:
    with pytest.raises(BriefError) as refused:
        wanted(name, line, task)
    assert says in str(refused.value)
    assert name in str(refused.value)


def test_lines_need_the_parts_of_the_brief_that_they_rest_on() -> None:
    nothing = DecisionPart()
    for name, time, says in (
        ("list_precision", "day", "capacity"),
        ("value_per_week", "day", "value"),
    ):
        with pytest.raises(BriefError, match=says):
            wanted(name, Accept(at_least=0.1), decision=nothing, time=time)
    with pytest.raises(BriefError, match="time"):
        wanted("value_per_week", Accept(at_least=0.1), time="")


@pytest.mark.parametrize(
    ("decision", "task", "says"),
    [
        (DecisionPart(capacity=Capacity(top=5), threshold=0.5), "binary", "both capacity and threshold"),
        (DecisionPart(threshold=1.5), "binary", r"threshold is 1\.5.*between 0 and 1"),
        (DecisionPart(threshold=-0.1), "binary", "between 0 and 1"),
        (DecisionPart(threshold=0.5), "multiclass", "threshold needs two classes"),
        (DecisionPart(capacity=Capacity(top=5)), "multiclass", "capacity needs two classes"),
        (DecisionPart(value=Value(acted=-6, success=80)), "multiclass", "value needs two classes"),
        (DecisionPart(capacity=Capacity(top=0)), "binary", "top is 0"),
    ],
)
def test_a_decision_that_says_two_things_or_nothing_possible_is_refused(
    decision: DecisionPart, task: Task, says: str
) -> None:
    with pytest.raises(BriefError, match=says):
        requirements(Brief(target=Target(column="y"), decision=decision), task)


def test_a_rule_has_no_score_to_beat_where_there_are_three_classes() -> None:
    with pytest.raises(BriefError, match=r"beats.*multiclass"):
        wanted("beats", Accept(by=0.02, rule="age > 30"), "multiclass", DecisionPart())


def test_a_threshold_on_a_number_may_be_any_number() -> None:
    assert requirements(Brief(target=Target(column="y"), decision=DecisionPart(threshold=250.0)), "regression") == ()
