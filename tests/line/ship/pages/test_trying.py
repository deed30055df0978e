"""The page that predicts: numbers with their intervals, fields for moments, usual values."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from client import contents
from web import answering

from artificer.line.ship.server.fields import unfit
from artificer.line.ship.server.pages.fields import _moment, _sent
from artificer.line.ship.server.pages.trying import _within
from artificer.line.ship.server.served import _typical
from artificer_runtime.package import write
from artificer_runtime.schema import Column


class TestNumbers:
    @pytest.mark.parametrize(
        ("spread", "n", "says"),
        [
            (2.0, 99, "Nine in ten such rows lie between −1 and 3."),
            (0.01, 99, "Nine in ten such rows lie between 0.990 and 1.01."),
            (2.0, 9, "How far the true value may lie from it could not be told: training had too few rows."),
        ],
    )
    def test_a_prediction_comes_with_its_interval_in_words(
        self, tmp_path: Path, spread: float, n: int, says: str
    ) -> None:
        whole = contents("regression", 1.0, spread)
        assert whole.residuals is not None
        write(tmp_path / "package", replace(whole, residuals=replace(whole.residuals, n=n)))
        with answering(tmp_path / "package") as site:
            assert says in site.post("/pages/predict", data={"x": "1", "shop": "a"}).text

    def test_an_end_that_is_not_known_is_said_to_be_so(self) -> None:
        assert _within(0.0, None).startswith("At least nine in ten such rows lie above 0; training had too few")
        assert _within(None, 12.0).startswith("At least nine in ten such rows lie below 12; training had too few")

    def test_ends_that_lie_close_are_told_apart(self) -> None:
        assert _within(300.15, 300.45) == "Nine in ten such rows lie between 300.15 and 300.45."
        assert _within(12_000.0, 15_000.0) == "Nine in ten such rows lie between 12,000 and 15,000."


class TestMoments:
    @pytest.mark.parametrize(
        ("form", "zone", "usual"),
        [("", "", "2025-01-31T08:30:00"), ("", "UTC", "2025-01-31T08:30:00+00:00"), ("%d/%m/%Y", "", "31/01/2025")],
    )
    def test_a_field_holds_what_a_browser_takes_and_the_row_what_the_model_reads(
        self, form: str, zone: str, usual: str
    ) -> None:
        column = Column("at", "time", low=0.0, high=1.0, form=form, zone=zone)
        shown = _moment(usual, column)
        assert re.fullmatch(r"2025-01-31T(08:30|00:00):00", shown)
        assert unfit(_sent(shown, column), column) is None
        assert _moment("soon", column) == "soon"
        assert _sent("", column) is None


def test_a_usual_value_is_none_of_another_size() -> None:
    assert [
        _typical(Column("x", "number", low=0.0, high=high, dtype="Float64"), None) for high in (8e-5, 1.0, 4000.5)
    ] == [4e-5, 0.5, 2000.25]
