"""What the page of a model's life says is served, after `watch` and after persons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from artificer.core.brief import Brief, Target
from artificer.core.ledger import Change
from artificer.core.life import Period, Updated
from artificer.core.records import Estimate
from artificer.core.report.life import LifePage, life_page, parts, sentence

SCORE = Estimate(0.7, 0.6, 0.8, "a test", 200)


@pytest.fixture
def page() -> LifePage:
    """Of a first version A, which nothing has met yet."""
    brief = Brief(target=Target(column="won"), name="calls", purpose="Whom to call.")
    return LifePage(brief, "roc_auc", (), (), None, (), (), (), (), SCORE, "yes", ())


def lived(page: LifePage, *done: tuple[str, str], met: tuple[tuple[str, str], ...] = ()) -> str:
    """The sentence after A was served first, versions met it, and others were served by an action."""
    history = [
        Change("calls", place, *one, f"because {place}", "") for place, one in enumerate([("A", "first"), *done])
    ]
    gain = Estimate(0.66, 0.5, 0.8, "a test", 200)
    meetings = [Updated("A", name, "roc_auc", 200, SCORE, SCORE, gain, 0.1, choice) for name, choice in met]  # type: ignore[arg-type]
    return sentence(replace(page, history=tuple(history), meetings=tuple(meetings)))


def test_the_first_version_stays_until_another_is_served(page: LifePage) -> None:
    assert lived(page) == "Whom to call: the first model is served."
    assert lived(page, met=(("B", "keep"),)).endswith("still served; no challenger was shown to be better.")
    assert lived(page, met=(("B", "ask"),)).endswith("shown to be better waits for a person's yes.")


@pytest.mark.parametrize("choice", ["promote", "ask"])
def test_a_challenger_that_was_better_is_told_with_its_own_meeting(page: LifePage, choice: str) -> None:
    said = lived(page, ("B", "promote"), met=(("B", choice), ("C", "keep")))
    assert "a retrained model is served; on 200 rows that neither had seen it was better by 0.660" in said


def test_what_a_person_wants_is_told_by_their_reason(page: LifePage) -> None:
    met = (("B", "promote"),)
    assert lived(page, ("B", "promote"), ("A", "promote"), met=met).endswith(
        "the first model is served again: because 2."
    )
    assert lived(page, ("B", "promote"), ("A", "roll back"), met=met).endswith(
        "the first model is served again: because 2."
    )
    assert lived(page, ("B", "promote"), ("C", "promote"), met=met).endswith("version C is served: because 2.")
    assert lived(page, ("C", "promote"), met=(("C", "keep"),)).endswith("version C is served: because 1.")
    back = (("B", "promote"), ("C", "promote"), ("B", "roll back"))
    assert lived(page, *back, met=met).endswith("the previous model is served again: because 3.")


@pytest.mark.parametrize(("success", "told", "head"), [("", "mean of won", "Mean"), ("yes", "share of yes", "Success")])
def test_numbers_are_told_by_their_mean_though_it_lies_from_0_to_1(
    page: LifePage, success: str, told: str, head: str
) -> None:
    days = [Period(f"2025-0{one}-01", one * 1e6, 50, 50, None, success=one / 10) for one in (1, 2, 3)]
    lived = replace(page, periods=tuple(days), success=success)
    assert told in parts(lived)["shares"]
    assert f'<th class="n">{head}</th>' in life_page(lived)


def test_a_reason_ends_with_one_full_stop(page: LifePage) -> None:
    assert lived(page, ("B", "promote")).endswith("because 1.")
    first = Change("calls", 0, "A", "first", "", "")
    last = Change("calls", 1, "B", "promote", "ann promoted it: enough.", "")
    assert sentence(replace(page, history=(first, last))).endswith("ann promoted it: enough.")


@pytest.mark.parametrize(("without", "second"), [(SCORE, "B"), (None, "B"), (SCORE, "A")])
def test_a_dashed_line_is_spoken_of_where_there_is_one(page: LifePage, without: Estimate | None, second: str) -> None:
    days = [
        Period(f"2025-0{one}-01", one * 1e6, 50, 50, SCORE, without, version=version)
        for one, version in ((1, "A"), (2, second))
    ]
    lived = replace(page, periods=tuple(days))
    drawn = 'class="other"' in parts(lived)["scores"]
    assert drawn is (without is not None and second == "B")
    assert ("dashed: the first model" in life_page(lived)) is drawn
    assert ("another version begins" in life_page(lived)) is (second == "B")
