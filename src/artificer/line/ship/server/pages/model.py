"""The model's page: what it hangs on, its tests, slices, the leaderboard, accuracy against time, value against list length."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from artificer.core.report import sections
from artificer.core.stages import Verdict
from artificer.line.ship.server.pages.frame import Seen, shown

SIGNS = {"passed": "✓", "warned": "?", "failed": "✗", "not run": "–"}
CSS = {"passed": "met", "warned": "not-shown", "failed": "unmet", "not run": "small"}


def answer(seen: Seen) -> Response:
    """The page."""
    told, report = seen.material, seen.material.report
    parts: sections.Parts = {
        "verdict": told.verdict,
        "tests": [],
        "curve": "",
        "classes": [],
        "slices": [],
        "drivers": [],
    }
    if told.verdict is not None:
        parts |= {
            **sections.value(told.brief, told.verdict),
            **sections.classes(told.verdict),
            **sections.slices(told.verdict),
            **sections.drivers(told.brief, told.verdict, told.what),
            "tests": _tests(told.verdict),
        }
    if report is not None:
        parts |= sections.candidates(report.trained, report.plan.metric, report.model)
        parts |= {"trained": report.trained, "plan": report.plan, "model": report.model}
    return shown(seen, "model.html", brief=told.brief, report=report, test_signs=SIGNS, test_css=CSS, **parts)


def _tests(verdict: Verdict) -> list[tuple[object, list[tuple[object, object]]]]:
    """Tests with their findings: those that found something first."""
    order = {"failed": 0, "warned": 1, "passed": 2, "not run": 3}
    ordered = sorted(verdict.tests, key=lambda one: order[one.outcome])
    return [(replace(one, findings=()), list(sections.ordered_findings(one.findings))) for one in ordered]
