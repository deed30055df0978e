"""A brief that acts on all rows of a high enough score is judged on those rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from artificer.core.brief import Accept, Value
from artificer.line.judge.curve import value_curve
from artificer.line.judge.lines import test_lines as judged
from artificer.line.judge.seen import Seen

Make = Callable[..., Seen]
CALLS = Value(currency="EUR", acted=-6.0, success=80.0)
PRECISE = {"list_precision": Accept(at_least=0.3)}


def test_precision_is_that_of_the_rows_that_reach_it_those_just_at_it_included(make: Make) -> None:
    seen = make([0, 1, 0, 1, 1], [0.1, 0.2, 0.5, 0.5, 0.9], threshold=0.5, accept=PRECISE)
    (line,) = judged(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx(2 / 3)
    assert "acting on 3 of 5 rows" in line.note


@pytest.mark.parametrize(("bound", "outcome"), [(0.5, "met"), (0.86, "not shown"), (0.95, "unmet")])
def test_the_line_has_its_three_states(graded: Make, bound: float, outcome: str) -> None:
    (line,) = judged(graded(threshold=0.5, accept={"list_precision": Accept(at_least=bound)}))
    assert line.outcome == outcome, line


def test_where_no_row_reaches_it_nothing_is_shown(graded: Make) -> None:
    (line,) = judged(graded(threshold=1.0, accept=PRECISE))
    assert line.outcome == "not shown"
    assert line.note == "none of 1,000 rows reaches the threshold"


def test_value_adds_up_over_the_rows_that_reach_it(make: Make) -> None:
    y, success, days = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], [0, 3, 10, 14]
    seen = make(y, success, days=days, threshold=0.4, value=CALLS, accept={"value_per_week": Accept(at_least=1)})
    (line,) = judged(seen)
    assert line.estimate is not None
    assert line.estimate.value == pytest.approx((3 * -6 + 2 * 80) / 2)  # two weeks from the first row to the last


def test_the_curve_marks_how_many_reach_it(graded: Make) -> None:
    seen = graded(threshold=0.5, value=CALLS)
    n_reach = int((seen.success >= 0.5).sum())
    assert n_reach in dict(value_curve(seen))


def test_a_threshold_on_a_number_lists_nothing(make: Make) -> None:
    seen = make(np.arange(40.0), np.arange(40.0), task="regression", threshold=3.0, accept={"rmse": Accept(at_most=1)})
    (line,) = judged(seen)
    assert line.outcome == "met"
    assert value_curve(seen) == ()
