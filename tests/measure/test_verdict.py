"""Met, not shown, unmet, and how many rows would show it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artificer.core.records import Estimate
from artificer.measure.intervals import estimate
from artificer.measure.means import wilson
from artificer.measure.verdict import outcome, rows_to_show

FOUND = Estimate(0.80, 0.76, 0.84, "t", 400)


@pytest.mark.parametrize(
    ("bound", "expected"), [(0.7, "met"), (0.76, "met"), (0.8, "not shown"), (0.84, "not shown"), (0.9, "unmet")]
)
def test_a_floor_is_met_when_the_whole_interval_is_on_or_above_it(bound: float, expected: str) -> None:
    assert outcome(FOUND, at_least=bound) == expected


@pytest.mark.parametrize(
    ("bound", "expected"), [(0.9, "met"), (0.84, "met"), (0.8, "not shown"), (0.76, "not shown"), (0.7, "unmet")]
)
def test_a_ceiling_is_met_when_the_whole_interval_is_on_or_below_it(bound: float, expected: str) -> None:
    assert outcome(FOUND, at_most=bound) == expected


def test_what_cannot_be_measured_is_not_shown() -> None:
    nothing = Estimate(math.nan, math.nan, math.nan, "not defined on these rows", 3)
    assert outcome(nothing, at_least=0.5) == "not shown"
    assert rows_to_show(nothing, 3, at_least=0.5) is None


def test_half_the_gap_needs_four_times_the_rows() -> None:
    assert rows_to_show(FOUND, 400, at_least=0.78) == pytest.approx(1600, abs=1)
    assert rows_to_show(FOUND, 400, at_most=0.82) == pytest.approx(1600, abs=1)


@pytest.mark.parametrize("bound", [0.80, 0.81])
def test_no_number_of_rows_shows_what_the_estimate_denies(bound: float) -> None:
    assert rows_to_show(FOUND, 400, at_least=bound) is None


def test_an_open_interval_tells_no_number_of_rows() -> None:
    assert rows_to_show(Estimate(0.8, -np.inf, np.inf, "bootstrap", 1), 10, at_least=0.5) is None


def test_as_many_rows_as_told_do_show_it() -> None:
    y = np.r_[np.ones(78), np.zeros(22)]
    prediction = np.tile([0.2, 0.8], (100, 1))
    first = estimate("accuracy", y, prediction)
    assert outcome(first, at_least=0.75) == "not shown"
    n = rows_to_show(first, 100, at_least=0.75)
    assert n is not None
    assert outcome(wilson(0.78 * n, n), at_least=0.75) == "met"
    assert outcome(wilson(0.78 * n / 2, n / 2), at_least=0.75) == "not shown"
