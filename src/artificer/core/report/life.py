"""A model's life → one page: its score over time with and without retraining, what moved, and what was decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from artificer.core.brief import Brief
from artificer.core.figures import with_interval
from artificer.core.ledger import Change
from artificer.core.life import Period, Shift, Tracked, Updated
from artificer.core.records import Decision, Estimate, Finding
from artificer.core.report import svg
from artificer.core.report.sections import Parts, ordered_findings
from artificer.core.report.templates import compiled, read_part

MOST_SHIFTS = 20
HARMS = {"harmful": "unmet", "benign": "met", "undecidable": "not-shown"}


@dataclass(frozen=True, slots=True)
class LifePage:
    """All that the page shows.

    Attributes
    ----------
    periods : tuple of Period
        In the order of time.
    events : tuple of (moment, text)
        Each look and what followed, the oldest first; moments as ISO text.
    tracked : Tracked or None
        Of the last look.
    updated, promoted : Updated or None
        The last meeting of two versions, and the last that led to a promotion.
    reference : Estimate
        Of the first version, when it was judged.
    """

    brief: Brief
    metric: str
    periods: tuple[Period, ...]
    events: tuple[tuple[str, str], ...]
    tracked: Tracked | None
    updated: Updated | None
    promoted: Updated | None
    history: tuple[Change, ...]
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    reference: Estimate
    provenance: tuple[tuple[str, str], ...]


def life_page(page: LifePage) -> str:
    """Give the page as HTML: one file without scripts, fonts or pictures from elsewhere."""
    return compiled("life.html").render({"style": Markup(read_part("style.css"))} | parts(page))


def parts(page: LifePage) -> Parts:
    """What its sections show."""
    return {
        "page": page,
        "sentence": sentence(page),
        "lead": lead(page),
        "scores": _scores(page),
        "shares": _shares(page),
        "shifts": _shifts(page),
        "findings": ordered_findings(page.findings),
        "harms": HARMS,
        "is_share": bool(page.brief.target.positive) or all(0 <= one.success <= 1 for one in _labelled(page)),
    }


def sentence(page: LifePage) -> str:
    """What is served and why, in one sentence."""
    what = page.brief.purpose.rstrip(".") or f"Predict {page.brief.target.column}"
    last = page.history[-1] if page.history else None
    if last is not None and last.action == "roll back":
        return f"{what}: the previous model is served again, {last.because}."
    if page.promoted is not None and last is not None and last.action == "promote":
        won = page.promoted
        return (
            f"{what}: a retrained model is served; on {won.n_rows:,} rows that neither had seen it was better by "
            f"{with_interval(won.gain)} {won.metric}."
        )
    if page.updated is not None:
        return f"{what}: the first model is still served; no challenger was shown to be better."
    return f"{what}: the first model is served."


def lead(page: LifePage) -> str:
    """What the last look found."""
    found = page.tracked
    if found is None:
        return "Nothing has come in yet."
    change = found.measured if found.measured is not None else found.expected
    how = "measured on their labels" if found.measured is not None else "as far as the inputs tell; labels are lacking"
    says = {
        "harmful": "harm the score",
        "benign": "do the score no harm",
        "undecidable": "may or may not harm the score",
    }[found.harm]
    return (
        f"The {found.n_rows:,} rows that came in since the served model was made {says}: "
        f"{with_interval(change)} {found.metric}, {how}."
    )


def _labelled(page: LifePage) -> list[Period]:
    return [one for one in page.periods if one.n_labelled and not math.isnan(one.success)]


def _scores(page: LifePage) -> Markup:
    timed = [one for one in page.periods if one.score is not None and not math.isnan(one.start)]
    if len(timed) < 2:
        return Markup("")
    served = [(one.start, one.score.value, one.score.low, one.score.high) for one in timed if one.score]
    without = [(one.start, one.without.value) for one in timed if one.without is not None]
    starts = [one.start for one in timed]
    marks = [(after.start, after.version[:6]) for before, after in pairwise(timed) if before.version != after.version]
    return Markup(
        svg.over_time(
            served,
            without if marks else [],
            title=f"{page.metric} over time, of what was served" + (" and of the first model" if marks else ""),
            y_label=page.metric,
            x_ticks=_ticks(starts, [one.label for one in timed]),
            marks=marks,
            level=page.reference.value,
            level_label="when judged",
        )
    )


def _shares(page: LifePage) -> Markup:
    timed = [one for one in _labelled(page) if not math.isnan(one.start)]
    if len(timed) < 2:
        return Markup("")
    points = [(one.start, one.success, one.success, one.success) for one in timed]
    return Markup(
        svg.over_time(
            points,
            [],
            title=f"{page.brief.target.column} over time",
            y_label=f"share of {page.brief.target.positive or page.brief.target.column}",
            x_ticks=_ticks([one.start for one in timed], [one.label for one in timed]),
            marks=[],
            floor=0.0,
            height=220,
        )
    )


def _ticks(starts: Sequence[float], labels: Sequence[str]) -> list[tuple[float, str]]:
    step = max(1, math.ceil(len(starts) / 8))
    short = [label[:7] if label.endswith("-01") else label for label in labels]
    return list(zip(starts, short, strict=True))[::step]


def _shifts(page: LifePage) -> list[tuple[Shift, Markup]]:
    if page.tracked is None:
        return []
    shown = [one for one in page.tracked.shifts if one.distance >= 0.005 or one.harm == "harmful"][:MOST_SHIFTS]
    ends = svg.domain([end for one in shown for end in (one.effect.low, one.effect.high, 0.0)])
    return [(one, Markup(svg.interval(one.effect.value, one.effect.low, one.effect.high, ends, 0.0))) for one in shown]
