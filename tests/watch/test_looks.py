"""Looks at the same pair of versions, and challengers on the same rows, are counted."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from artificer.core.life import Looked, Tracked, Updated
from artificer.core.records import Decision, Estimate
from artificer.watch.decide import _met, looked_before, met_before


def look(version: str, challenger: str = "", until: float = 0.0) -> Any:
    found = SimpleNamespace(version=version, challenger=challenger, updated=object() if challenger else None)
    return SimpleNamespace(until=until, found=found)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[looked_before.__module__], "told_by", lambda one: one.found)


def scene(*looks: Any, moment: np.ndarray | None = None) -> Any:
    return SimpleNamespace(served=SimpleNamespace(version="second"), looks=looks, moment=moment)


def test_looks_are_counted_from_the_promotion_on() -> None:
    assert looked_before(scene()) == 1
    assert looked_before(scene(look("second"), look("first"))) == 1
    assert looked_before(scene(look("second"), look("first"), look("second"), look("second"))) == 3


def test_challengers_are_counted_whose_rows_reach_into_the_window() -> None:
    looks = (
        look("first", "a", 30.0),  # it met another champion
        look("second", "b", 9.0),  # on rows of before
        look("second", "", 30.0),  # nothing met
        look("second", "c", 10.0),
        look("second", "d", 30.0),
        look("second", "d", 30.0),
    )
    moment = np.array([5.0, np.nan, 20.0, 10.0])
    window = np.array([False, True, True, True])
    assert met_before(scene(*looks, moment=moment), "e", window) == 3
    assert met_before(scene(*looks, moment=moment), "d", window) == 2
    assert met_before(scene(*looks, moment=moment), "e", np.array([False, True, False, False])) == 1


def test_rows_without_a_time_are_counted_by_their_order() -> None:
    looks = (look("second", "b", 3.0), look("second", "c", 4.0))
    assert met_before(scene(*looks), "e", np.array([False, False, False, True, True])) == 2


@pytest.mark.parametrize(
    ("harm", "choice", "outcome"),
    [
        ("harmful", "keep", "alert"),
        ("harmful", "promote", "promote"),
        ("harmful", "ask", "ask"),
        ("undecidable", "keep", "keep"),
        ("benign", "keep", "keep"),
    ],
)
def test_harm_that_the_challenger_does_not_mend_needs_a_person(harm: Any, choice: Any, outcome: str) -> None:
    score = Estimate(0.2, 0.1, 0.3, "DeLong", 100)
    tracked = Tracked(
        "second", "", "roc_auc", 100, 100, score, score, harm, measured=Estimate(-0.6, -0.7, -0.5, "", 100)
    )
    told = Decision("update", "Shall it be served?", choice, "it is not shown to be better", ())
    met = Updated("second", "third", "roc_auc", 100, score, score, score, 0.1, choice, decisions=(told,))
    looked = _met(Looked("second", "nothing", "", 100, tracked), met, told)
    assert looked.outcome == outcome
    assert "it is not shown to be better" in looked.because
    assert ("harms the score" in looked.because) == (outcome == "alert")
