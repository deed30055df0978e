"""The model card (Mitchell et al. 2019, FAT*), section by section."""

from __future__ import annotations

from collections.abc import Iterable

from artificer.core.figures import with_interval
from artificer.core.report.card_lines import (
    CONDUCT,
    FAIRNESS,
    Section,
    asked_for,
    carded,
    decision,
    demanded,
    found,
    lines,
    members,
    mended,
    personal,
    read,
    rows,
    scores,
    stated,
    system,
    tested,
)
from artificer.core.report.page import ReportPage


def model_card(page: ReportPage) -> Iterable[Section]:
    """Give its nine sections."""
    brief, verdict = page.brief, page.verdict
    yield (
        "Model details",
        (
            *system(page),
            *members(page),
            *read(page),
            *demanded(page),
            stated("Owner", brief.owner, "owner", "who owns the model"),
            carded(page, "contact"),
            carded(page, "licence"),
            carded(page, "citation"),
        ),
    )
    yield (
        "Intended use",
        (
            stated("Purpose", brief.purpose, "purpose", "what the model is for"),
            *decision(page),
            carded(page, "users"),
            carded(page, "not_for"),
            *(f"Not for {one}" for one in verdict.limits),
        ),
    )
    yield (
        "Factors",
        (*_groups(page), *(f"{name}: {verdict.metric} {with_interval(one)}" for name, one in verdict.slices)),
    )
    yield "Metrics", (*_measured(page), *lines(page))
    yield "Evaluation data", tested(page)
    yield "Training data", (*rows(page), "See the data sheet")
    yield "Quantitative analyses", (*scores(page), *found(page, FAIRNESS))
    yield (
        "Ethical considerations",
        (*personal(page), *found(page, CONDUCT), carded(page, "risks"), carded(page, "unintended")),
    )
    yield "Caveats and recommendations", (*page.asked.questions, *mended(page))


def _groups(page: ReportPage) -> Iterable[str]:
    protected = page.brief.features.protected
    if protected:
        yield f"Groups that were compared: by {', '.join(protected)}"
    else:
        yield asked_for("which groups matter", "[features] protected")


def _measured(page: ReportPage) -> Iterable[str]:
    score = page.verdict.score
    yield f"{page.verdict.metric} is what candidates were compared by"
    yield f"Intervals are at {100 * score.level:g}%, of the score by {score.method}; each says how it was found"
