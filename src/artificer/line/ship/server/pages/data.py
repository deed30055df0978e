"""The data's page: what was found in it, ranked by effect, what later data must look like, and how it is described."""

from __future__ import annotations

from starlette.responses import Response

from artificer.core.report import sections
from artificer.line.ship.server.pages.contract import demands
from artificer.line.ship.server.pages.frame import Seen, shown


def answer(seen: Seen) -> Response:
    """The page."""
    told, report = seen.material, seen.material.report
    parts: sections.Parts = {"findings": [], "asked": None}
    if report is not None:
        judged = report.verdict.findings
        parts |= sections.findings([one for one in report.findings if one not in judged])
        parts |= sections.data(report.brief, report.described)
        parts |= {"asked": report.asked, "described": report.described}
    wanted = demands(told.contract) if told.contract else []
    return shown(seen, "data_page.html", brief=told.brief, report=report, demands=wanted, **parts)
