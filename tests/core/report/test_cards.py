"""Cards hold what the records tell, ask the provider for what they do not, and invent nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from artificer.core.brief import Authority, Brief, Capacity, Card, Data, DecisionPart, Features, Keep, Legal, Target
from artificer.core.records import Decision, Estimate, Finding
from artificer.core.report.card_lines import CARD
from artificer.core.report.cards import cards
from artificer.core.report.page import ReportPage, render
from artificer.core.report.sections import counted, sentence
from artificer.core.report.test_score import scored, total
from artificer.core.stages import (
    Asked,
    ColumnStory,
    Description,
    Driver,
    Explained,
    Line,
    Model,
    ModelTest,
    Part,
    Plan,
    Requirement,
    Rows,
    Shape,
    Shipped,
    Trained,
    Verdict,
)
from artificer.told import line_told
from artificer_runtime.schema import Column, Schema

SCORE = Estimate(0.81, 0.78, 0.84, "DeLong", 400)
ASK = "**not stated in the brief**"
SECTIONS = {
    "model-card.md": (
        *("Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data"),
        *("Quantitative analyses", "Ethical considerations", "Caveats and recommendations"),
    ),
    "data-sheet.md": (
        *("Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling"),
        *("Uses", "Distribution", "Maintenance"),
    ),
    "annex-iv.md": tuple(f"{n}. " for n in range(1, 10)),
}


@pytest.fixture
def page() -> ReportPage:
    """A run of which little is known."""
    line = Line(Requirement("roc_auc", "roc_auc at least 0.7", at_least=0.7), "met", SCORE)
    found = Finding("fairness", "warning", "town", "by 'town', recall differs by 0.3", "bring more rows")
    return ReportPage(
        brief=Brief(target=Target(column="won"), name="calls"),
        asked=Asked(
            "binary",
            Rows("", 1200, "f"),
            Schema((Column("x", "number"),)),
            ("x",),
            ("no", "yes"),
            1,
            fingerprint="feed" * 8,
        ),
        described=Description(1200, (ColumnStory("x", "number", 0.25, 40),)),
        plan=Plan("roc_auc", (), 5, {}),
        trained=Trained((), "", 5, False),
        model=Model("", (Part("lightgbm", "", 1.0, 90, 0.0),), "", SCORE, "beef" * 8, ""),
        verdict=Verdict(
            "sealed rows", 400, "roc_auc", SCORE, (line,), n_openings=1, limits=("rows long after 2008-12-31",)
        ),
        shipped=Shipped("", "7", "beef" * 8, 1.5, ()),
        findings=(found,),
        decisions=(Decision("design", "What are candidates compared by?", "roc_auc", "the brief bounds it"),),
        provenance=(("run", "20260101-abcd"), ("versions", "numpy 2")),
    )


@pytest.mark.parametrize("name", SECTIONS)
def test_each_has_the_sections_of_its_source(page: ReportPage, name: str) -> None:
    headings = [line.removeprefix("## ") for line in cards(page)[name].splitlines() if line.startswith("## ")]
    for wanted in SECTIONS[name]:
        assert any(heading.startswith(wanted) for heading in headings), wanted


def test_what_records_tell_is_there_with_its_interval(page: ReportPage) -> None:
    card = cards(page)["model-card.md"]
    assert "0.810 (0.780 to 0.840), DeLong, n = 400" in card
    assert "✓ met: roc_auc at least 0.7" in card
    assert "Not for rows long after 2008-12-31" in card
    assert "warning: by 'town', recall differs by 0.3" in card
    assert "roc_auc was chosen by this decision: the brief bounds it" in cards(page)["annex-iv.md"]
    assert "`x`: number; 25.0% missing, 40 different values" in cards(page)["data-sheet.md"]


def test_a_line_has_its_unit_and_what_would_show_it_and_a_finding_stands_once(page: ReportPage) -> None:
    slow = Requirement("latency_ms", "within 20 ms", at_most=20.0, unit="ms")
    open_yet = Line(slow, "not shown", Estimate(19.0, 17.0, 22.0, "order statistics", 400), 3_600)
    nan = float("nan")
    untold = Line(Requirement("mae_gap", "a gap"), "not shown", Estimate(nan, nan, nan, "", 0), note="too few rows")
    verdict = replace(
        page.verdict, lines=(open_yet, untold), against_baseline=Estimate(-0.2, -0.3, -0.1, "paired DeLong", 400)
    )
    card = cards(replace(page, verdict=verdict, findings=page.findings * 2))["model-card.md"]
    assert "? not shown: within 20 ms: 19 ms (17 to 22), order statistics, n = 400; about 3,600 test rows" in card
    assert "? not shown: a gap: too few rows" in card
    assert "Against a constant: worse by 0.200 (0.100 to 0.300), paired DeLong, n = 400" in card
    assert card.count("warning: by 'town', recall differs by 0.3") == 1


def test_the_verdict_in_one_sentence_names_what_is_worst(page: ReportPage) -> None:
    wanted = ("a", "not shown", False), ("b", "unmet", False), ("c", "not shown", True), ("d", "unmet", True)
    lines = [Line(Requirement(one, one, at_least=0.7, must=must), outcome, SCORE) for one, outcome, must in wanted]

    def said(some: list[Line]) -> str:
        verdict = replace(page.verdict, lines=tuple(some))
        return sentence(page.brief, verdict, counted(verdict))

    assert said(lines).endswith("meets 0 of 4 requirements; it does not meet “d”.")
    assert said(lines[:3]).endswith("it is not shown to meet “c”.")
    assert said(lines[:2]).endswith("it does not meet “b”.")


def test_what_they_do_not_tell_is_asked_for_and_what_the_brief_tells_is_not(page: ReportPage) -> None:
    assert f"{ASK} (`purpose`): what the model is for" in cards(page)["model-card.md"]
    assert f"{ASK} (`[decision]`): what is done with the prediction" in cards(page)["annex-iv.md"]
    told = replace(
        page,
        brief=replace(
            page.brief,
            purpose="Choose whom to ring",
            owner="head of retail",
            data=Data(source="calls.parquet", columns={"x": "euros"}),
            decision=DecisionPart(capacity=Capacity(top=500, every="7d")),
            features=Features(protected=("town",)),
        ),
    )
    found = cards(told)
    assert "what the model is for" not in found["model-card.md"]
    assert "Owner: head of retail" in found["model-card.md"]
    assert "the 500 rows with the highest prediction in every 7d" in found["annex-iv.md"]
    assert "Groups that were compared: by town" in found["model-card.md"]
    assert "Source as named in the brief: calls.parquet" in found["data-sheet.md"]
    for text in (text for name, text in found.items() if name != "ml-test-score.md"):
        assert ASK in text  # what no run can know stays with the client


def test_each_key_of_card_is_asked_for_by_name_until_it_is_filled(page: ReportPage) -> None:
    keys = [one.name for one in fields(Card)]
    assert keys == list(CARD)
    empty = "".join(cards(page).values())
    assert all(f"{ASK} (`[card] {key}`): {CARD[key]}" in empty for key in keys)
    filled = Card(**{key: f"what {key} says" for key in keys})
    full = "".join(cards(replace(page, brief=replace(page.brief, card=filled))).values())
    assert "[card]" not in full
    assert all(f"what {key} says" in full for key in keys)


def test_what_the_records_hold_for_each_format_is_there(page: ReportPage) -> None:
    schema = Schema((Column("x", "number", low=1.0, high=9.0),))
    passed = ModelTest("calibration", "passed", "", (Finding("calibration", "note", "rows", "slope 1.02", "nothing"),))
    brief = replace(
        page.brief,
        features=Features(effect={"x": "increasing"}, exclude=("y",)),
        legal=Legal(personal=("mail",)),
        authority=Authority(freeze=("2026-12-15/2027-01-06",), four_eyes=True),
        data=Data(url_env="SHOP_URL", key=("id",), group="person"),
    )
    verdict = replace(page.verdict, tests=(passed, ModelTest("overfit", "not run", "it needs the training rows")))
    asked = replace(page.asked, schema=schema, n_stray={"x": 3})
    told = cards(replace(page, brief=brief, verdict=verdict, asked=asked))
    for wanted in (
        "Run: 20260101-abcd, of 2026-01-01",
        "Made with: numpy 2",
        "1.00 × lightgbm, 90 iterations",
        "Columns that may be read: `x` (number, 1 to 9)",
        "Directions that were demanded: x increasing",
        "Personal data: mail",
        "Intervals are at 95%, of the score by DeLong",
    ):
        assert wanted in told["model-card.md"], wanted
    for wanted in (
        "A row is identified by id",
        "Rows of one person belong together",
        "`x` 3",
        "environment variable SHOP_URL",
    ):
        assert wanted in told["data-sheet.md"], wanted
    for wanted in (
        "Test calibration, passed: slope 1.02",
        "Test overfit, not run: it needs the training rows",
        "Nothing is promoted by itself in 2026-12-15/2027-01-06",
        "A row with a level that training never saw is answered and flagged",
        "(`[decision] review`): which rows a person decides",
    ):
        assert wanted in told["annex-iv.md"], wanted


def test_the_data_sheet_tells_of_the_data_alone_and_a_remedy_is_said_once(page: ReportPage) -> None:
    of_model = Finding("cost", "note", "machine", "one row takes 0.4 ms", "nothing to do")
    slices = [Finding("slice", "warning", f"town = {one}", "is worse", "bring more rows") for one in ("Rome", "Bern")]
    findings = (Finding("missing", "note", "x", "40% of 'x' is missing", "nothing to do"), of_model, *slices)
    verdict = replace(page.verdict, tests=(ModelTest("cost", "passed", "", (of_model,)),))
    brief = replace(page.brief, legal=Legal(keep=Keep(predictions="400d")))
    told = cards(replace(page, findings=findings, verdict=verdict, brief=brief))
    assert "- note: 40% of 'x' is missing" in told["data-sheet.md"]
    assert "0.4 ms" not in told["data-sheet.md"]
    assert "rows without a label" not in told["data-sheet.md"]
    assert "labels for 400d, values of rows that were answered not at all, packages for ever" in told["data-sheet.md"]
    assert "- town = Rome, town = Bern: bring more rows\n" in told["model-card.md"]
    assert "opened for 1 model\n" in told["model-card.md"]


def test_a_client_s_words_are_no_markup(page: ReportPage) -> None:
    brief = replace(page.brief, purpose="# win\n## <script> | more")
    card = cards(replace(page, brief=brief))["model-card.md"]
    assert "Purpose: # win ## &lt;script> \\| more" in card
    assert "\n## &lt;" not in card


def test_a_secret_address_is_not_told(page: ReportPage) -> None:
    brief = replace(page.brief, data=Data(source="s3://user@bucket/rows.parquet"))
    assert "bucket" not in "".join(cards(replace(page, brief=brief)).values())


def test_shapes_and_explained_rows_are_drawn(page: ReportPage) -> None:
    points = tuple((float(k), Estimate(k / 10, k / 10 - 0.1, k / 10 + 0.1, "ale", 9)) for k in range(4))
    explained = Explained("highest", 0.9, (("x", Estimate(0.3, 0.2, 0.4, "Shapley", 30)),))
    verdict = replace(
        page.verdict,
        drivers=(Driver("x", Estimate(0.1, 0.05, 0.15, "shuffled", 3)),),
        shapes=(Shape("z", points), Shape("x", points, "often"), Shape("x", points, "rarely")),
        explained=(explained, replace(explained, which="surest", of="often")),
    )
    html = render(replace(page, verdict=verdict))
    assert "how the probability changes with z" in html
    assert "how the probability of often and of rarely changes with x" in html
    assert [name in html for name in (">often</text>", ">rarely</text>")] == [True, True]
    assert "The highest prediction, 0.900, column by column" in html
    assert "The surest prediction, often with 0.900, column by column" in html
    assert "how the probability" not in render(page)


def test_the_ml_test_score_gives_points_for_evidence_alone(page: ReportPage) -> None:
    before = scored(page)
    assert len(before) == 28
    assert {test.part for test in before} == {"Data", "Model", "Infrastructure", "Monitoring"}
    cost = next(test for test in before if test.asks.startswith("speed"))
    assert (cost.points, cost.evidence) == (0.0, "`cost` was not run")
    measured = ModelTest(
        "cost", "passed", "", (Finding("cost", "note", "model", "one row takes 0.4 ms", "nothing to do"),)
    )
    after = scored(replace(page, verdict=replace(page.verdict, tests=(measured,))))
    gained = [new for old, new in zip(before, after, strict=True) if new != old]
    assert [(one.points, one.evidence) for one in gained] == [(1.0, "`cost` passed: one row takes 0.4 ms")]
    assert total(after) <= min(
        sum(one.points for one in after if one.part == part) for part in {one.part for one in after}
    )
    assert cards(page)["ml-test-score.md"].count("no record of a run shows it") >= 8


def test_a_linear_model_that_is_better_gives_no_point(page: ReportPage) -> None:
    def told(gain: Estimate) -> tuple[float, str]:
        tests = scored(replace(page, verdict=replace(page.verdict, against_linear=gain)))
        (found,) = (one for one in tests if one.asks == "a simpler model is not better")
        return found.points, found.evidence

    worse = Estimate(-0.02, -0.03, -0.01, "paired DeLong", 400)
    assert told(worse) == (0.0, "against a linear model worse by 0.020 (0.010 to 0.030)")
    assert told(-worse) == (1.0, "against a linear model better by 0.020 (0.010 to 0.030)")


def test_what_would_show_a_line_is_no_row_where_time_is_measured_and_what_is_not_defined_is_said_once(
    page: ReportPage,
) -> None:
    slow = Line(
        Requirement("latency_ms", "within 20 ms", at_most=20.0, unit="ms"),
        "not shown",
        Estimate(12.0, 8.0, 24.0, "order statistics", 880),
        note="one row, in process",
    )
    nan = float("nan")
    few = Line(
        Requirement("recall_gap", "a gap of 0.3 at most"), "not shown", Estimate(nan, nan, nan, "few", 0), 0, "few"
    )
    html = render(replace(page, verdict=replace(page.verdict, lines=(slow, few))))
    assert "n = 880; one row, in process; measure it again while nothing else runs on the machine" in html
    assert "no number of rows" not in html
    assert '<td class="small">few</td>' in html
    assert line_told(slow).endswith("; measure it again while nothing else runs on the machine [one row, in process]")
