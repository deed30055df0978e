"""The verdict's first sentence says what the brief's own decision does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from artificer.core.brief import Accept, Capacity, Value
from artificer.line.judge.seen import Seen
from artificer.line.judge.today import in_words

Make = Callable[..., Seen]
CALLS = Value(currency="EUR", acted=-6.0, success=12.0)  # pays from a chance of one half on
SCORES = [0.1, 0.2, 0.6, 0.7, 0.9, 0.4]
WON = [0, 1, 0, 1, 1, 0]


def test_where_rows_must_pay_only_those_that_do_are_acted_on(make: Make) -> None:
    told = in_words(make(WON, SCORES, value=CALLS))
    assert told.startswith("3 of 6 rows pay to act on, and about 2 of them succeed (")
    assert told.endswith("; chosen at random, 2.")


def test_todays_rule_fills_a_list_of_the_same_length(make: Make) -> None:
    seen = make(WON, SCORES, value=CALLS, accept={"beats": Accept(rule="x < 0", by=0.0)})
    assert in_words(seen).endswith("; by today's rule, 1.")  # of rows 0, 1, 2 the second succeeds


def test_where_no_row_pays_nothing_is_said_of_chance(make: Make) -> None:
    told = in_words(make(WON, np.full(6, 0.01), value=CALLS))
    assert told == "None of 6 rows pays to act on: its expected worth is above 0 for none."


def test_a_list_and_a_threshold_are_told_as_they_were(make: Make) -> None:
    assert in_words(make(WON, SCORES, capacity=Capacity(top=2), value=CALLS)).startswith(
        "Of 2 acted on, about 2 succeed ("
    )
    assert in_words(make(WON, SCORES, threshold=0.65, value=CALLS)).startswith("Of 2 acted on, about 2 succeed (")


def test_few_errors_among_classes_are_not_rounded_away(make: Make) -> None:
    y = np.arange(900) % 3
    sure = np.eye(3)[np.where(np.arange(900) < 2, (y + 1) % 3, y)]
    told = in_words(make(y, sure, task="multiclass"))
    assert told.startswith("It names the right class for 998 rows in 1,000 (99")
    assert told.endswith("; always naming the commonest one: 333.")
    assert in_words(make(y, np.eye(3)[(y + (np.arange(900) < 90)) % 3], task="multiclass")).startswith(
        "It names the right class for 90 rows in 100 (88 to 9"
    )
