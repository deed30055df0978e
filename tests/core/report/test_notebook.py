"""What a notebook shows of findings, verdicts and models."""

from __future__ import annotations

from artificer.core.records import Estimate, Fact, Finding
from artificer.core.stages import Line, Model, Part, Requirement, Verdict

SCORE = Estimate(0.81, 0.78, 0.84, "DeLong", 900)


def test_a_finding_shows_its_effect_and_its_fix_and_escapes_names() -> None:
    html = Finding("leakage", "warning", "<b>age", "says", "drop it", (Fact("share", 0.5),), -SCORE)._repr_html_()
    assert "&lt;b&gt;age" in html
    assert "effect −0.810" in html
    assert "drop it" in html
    assert "0.5" in html


def test_a_verdict_shows_each_line_with_its_sign() -> None:
    requirement = Requirement("roc_auc", "roc_auc at least 0.7", at_least=0.7)
    lines = tuple(Line(requirement, outcome, SCORE) for outcome in ("met", "not shown", "unmet"))
    html = Verdict("sealed rows", 900, "roc_auc", SCORE, lines)._repr_html_()
    for sign in ("✓ met", "? not shown", "✗ unmet"):
        assert sign in html


def test_a_model_shows_its_parts() -> None:
    model = Model("f", (Part("lightgbm", "g", 0.7, 120, 0.0),), "r", SCORE, "abcdef0123456789", "o.npz")
    html = model._repr_html_()
    assert "lightgbm" in html
    assert "weight 0.70" in html
    assert "120 iterations" in html
