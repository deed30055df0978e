"""What a notebook shows of findings, verdicts and models."""

from __future__ import annotations

from artificer.core.brief import Brief, Target
from artificer.core.records import Estimate, Fact, Finding
from artificer.core.report import sections
from artificer.core.report.sections import ordered_findings
from artificer.core.report.templates import compiled
from artificer.core.stages import Change, Counterfactual, Driver, Line, Model, Part, Requirement, Turned, Verdict

SCORE = Estimate(0.81, 0.78, 0.84, "DeLong", 900)


def test_a_finding_shows_its_effect_and_its_fix_and_escapes_names() -> None:
    html = Finding("leakage", "warning", "<b>age", "says", "drop it", (Fact("share", 0.5),), -SCORE)._repr_html_()
    assert "&lt;b&gt;age" in html
    assert "mended, the score is worse by 0.810 (0.780 to 0.840)" in html
    assert "drop it" in html
    assert "0.5" in html


def test_reports_say_what_mending_does_and_nothing_where_nothing_is_to_be_mended() -> None:
    costs, fine = (Finding("gaps", "note", "age", "says", fix, effect=SCORE) for fix in ("fill it", "nothing to do"))
    page = compiled("findings.html").render(findings=ordered_findings((costs, fine)))
    assert page.count('class="effect"') == page.count("mended, the score is better by 0.810 (0.780 to 0.840)") == 1


def test_a_verdict_shows_each_line_with_its_sign() -> None:
    requirement = Requirement("roc_auc", "roc_auc at least 0.7", at_least=0.7)
    lines = tuple(Line(requirement, outcome, SCORE) for outcome in ("met", "not shown", "unmet"))
    html = Verdict("sealed rows", 900, "roc_auc", SCORE, lines)._repr_html_()
    for sign in ("✓ met", "? not shown", "✗ unmet"):
        assert sign in html


def test_what_would_turn_a_row_is_told_with_the_class_that_it_would_be() -> None:
    ways = (Change("x", 12.25, 0.5, "raised to"), Change("job", "<clerk>", 1.0))
    several = Turned("surest", Counterfactual(ways, 1.5, 0.48, "low", "high"))
    none = Turned("lowest", None, "no change of x that was tried turns it")
    verdict = Verdict("sealed rows", 900, "roc_auc", SCORE, drivers=(Driver("x", SCORE),), turned=(several, none))
    page = compiled("drivers.html").render(
        verdict=verdict, **sections.drivers(Brief(target=Target(column="won")), verdict, "probability")
    )
    told = "The surest prediction would be high, and not low, with x raised to 12.25 and job = &lt;clerk&gt;: 0.480"
    assert told in page
    assert "The lowest prediction: no change of x that was tried turns it" in page
    assert "has the model name another class" in page


def test_a_model_shows_its_parts() -> None:
    model = Model("f", (Part("lightgbm", "g", 0.7, 120, 0.0),), "r", SCORE, "abcdef0123456789", "o.npz")
    html = model._repr_html_()
    assert "lightgbm" in html
    assert "weight 0.70" in html
    assert "120 iterations" in html
