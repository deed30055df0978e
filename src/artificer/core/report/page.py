"""Records → the page: a report shows every section."""

from __future__ import annotations

from dataclasses import dataclass, fields

from markupsafe import Markup

from artificer.core.brief import Brief
from artificer.core.records import Decision, Finding
from artificer.core.report import sections
from artificer.core.report.templates import compiled, read_part
from artificer.core.stages import Asked, Description, Model, Plan, Shipped, Trained, Verdict

SUMMARY = "run.json"


@dataclass(frozen=True, slots=True)
class ReportPage:
    """All that a report shows.

    Attributes
    ----------
    findings, decisions : in the order of the line
    provenance : tuple of (what, value)
    """

    brief: Brief
    asked: Asked
    described: Description
    plan: Plan
    trained: Trained
    model: Model
    verdict: Verdict
    shipped: Shipped
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    provenance: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished run leaves of itself, in run.json: all that its report shows, and the tasks it rests on."""

    run_id: str
    code: int
    seconds: float
    page: ReportPage
    tasks: tuple[str, ...]


def render(page: ReportPage) -> str:
    """Give the page as HTML: one file without scripts, fonts or pictures from elsewhere."""
    records = {one.name: getattr(page, one.name) for one in fields(page)}
    return compiled("template.html").render(records | {"style": Markup(read_part("style.css"))} | parts(page))


def parts(page: ReportPage) -> sections.Parts:
    """What all sections show."""
    brief, verdict = page.brief, page.verdict
    what = "probability" if page.asked.classes else brief.target.column
    return {
        "sentence": sections.sentence(brief, verdict, sections.counted(verdict)),
        **sections.requirements(verdict),
        **sections.value(brief, verdict),
        **sections.classes(verdict),
        **sections.slices(verdict),
        **sections.drivers(brief, verdict, what),
        **sections.findings(page.findings),
        **sections.candidates(page.trained, page.plan.metric, page.model),
        **sections.data(brief, page.described),
        **sections.decisions(page.decisions),
    }
