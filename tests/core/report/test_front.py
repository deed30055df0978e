"""The report's parts about what was tried and what could have shipped."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from artificer.core.records import Estimate
from artificer.core.report.sections import front, standings
from artificer.core.report.svg import marked, scatter, ticks
from artificer.core.stages import Candidate, Choice, Part, Trained, Trial

SCORE = Estimate(0.81, 0.78, 0.84, "DeLong", 900)
FRONT = (
    Choice({"a": 0.6, "<b>": 0.4}, SCORE, 12.0, 0.8, 2.0, True),
    Choice({"a": 1.0}, replace(SCORE, value=0.8), 9.0, 0.5, 1.0),
)


def page(metric: str = "roc_auc") -> Any:
    trials = (
        Trial(Candidate("worse", "l", {}), (), replace(SCORE, value=0.7)),
        Trial(Candidate("a", "l", {}), (), SCORE),
        Trial(Candidate("failed", "l", {}), (), dropped="failed: MemoryError"),
    )
    return Trained(trials, "p", 3, False, metric=metric), metric, SimpleNamespace(parts=(Part("a", "f", 1.0, 10, 0.0),))


def test_the_leaderboard_is_in_order_of_the_score_whichever_way_is_better() -> None:
    assert [one.candidate for one, _ in standings(*page())] == ["a", "worse", "failed"]
    for loss in ("log_loss", "quantile_loss:0.9"):
        assert [one.candidate for one, _ in standings(*page(metric=loss))] == ["worse", "a", "failed"]
    assert [one.weight for one, _ in standings(*page())] == [1.0, 0.0, 0.0]


def test_the_front_is_drawn_with_a_mark_on_what_ships() -> None:
    drawn = str(front("roc_auc", FRONT))
    assert drawn.count("<circle") == 2
    assert ">ships</text>" in drawn
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn
    assert "roc_auc against the time of one row" in drawn


def test_without_a_choice_there_is_no_chart() -> None:
    assert str(front("roc_auc", FRONT[:1])) == ""
    assert str(front("roc_auc", ())) == ""


def test_points_lie_within_the_chart_and_open_intervals_end_at_its_edge() -> None:
    infinite = [(1.0, 0.5, float("-inf"), float("inf")), (2.0, 0.7, 0.6, 0.8)]
    drawn = scatter(infinite, ["a", "b"], -1, title="t", x_label="x", y_label="y")
    assert "ships" not in drawn
    assert not re.findall("inf|nan", drawn)
    assert all(0 <= float(one) <= 300 for one in re.findall(r'cy="([\d.]+)"', drawn))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_no_two_ticks_read_alike(low: float, span: float) -> None:
    told = [marked(tick) for tick in ticks(low, low + span)]
    assert len(set(told)) == len(told)
    assert marked(40.55) == "40.55"
    assert marked(-1000.0) == "−1,000"
