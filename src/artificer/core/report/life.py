"""A model's life → one page: its score over time with and without retraining, what moved, and what was decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from artificer.core.brief import Brief
from artificer.core.figures import better_by, with_interval
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
    meetings : tuple of Updated
        All meetings of two versions, the oldest first.
    reference : Estimate
        Of the first version, when it was judged.
    success : str
        The class whose share periods tell; "" where they tell a number's mean.
    """

    brief: Brief
    metric: str
    periods: tuple[Period, ...]
    events: tuple[tuple[str, str], ...]
    tracked: Tracked | None
    meetings: tuple[Updated, ...]
    history: tuple[Change, ...]
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    reference: Estimate
    success: str
    provenance: tuple[tuple[str, str], ...]

    @property
    def updated(self) -> Updated | None:
        """The last meeting."""
        return self.meetings[-1] if self.meetings else None


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
        "dashed": bool(_without(page)),
        "promoted": bool(_marks(page)),
    }


def sentence(page: LifePage) -> str:
    """What is served and why, in one sentence."""
    what = page.brief.purpose.rstrip(".") or f"Predict {page.brief.target.column}"
    return f"{what}: {_served(page).rstrip('.')}."


def _served(page: LifePage) -> str:
    """Which version is served and by what: told from the version itself, since a person may have changed it after a look."""
    if len(page.history) < 2:
        return _first(page)
    last = page.history[-1]
    because = f": {last.because}" if last.because else ""
    if last.version == page.history[0].version:
        return f"the first model is served again{because}"
    if last.action == "roll back":
        return f"the previous model is served again{because}"
    won = _shown_better(page, last.version)
    if won is None:
        return f"version {last.version} is served{because}"
    return (
        f"a retrained model is served; on {won.n_rows:,} rows that neither had seen it was better by "
        f"{with_interval(won.gain)} {won.metric}"
    )


def _first(page: LifePage) -> str:
    if page.updated is None:
        return "the first model is served"
    if page.updated.choice == "ask":
        return "the first model is still served; a challenger that was shown to be better waits for a person's yes"
    return "the first model is still served; no challenger was shown to be better"


def _shown_better(page: LifePage, version: str) -> Updated | None:
    """The last meeting in which a version was shown to be better than what was served."""
    met = [one for one in page.meetings if one.challenger == version and one.choice in ("promote", "ask")]
    return met[-1] if met else None


def lead(page: LifePage) -> str:
    """What the last look found."""
    found = page.tracked
    if found is None:
        return "Nothing has come in yet."
    now = page.history[-1].version if page.history else found.version
    model = "the served model" if found.version == now else f"version {found.version}, which was served then,"
    change = found.measured if found.measured is not None else found.expected
    how = "measured on their labels" if found.measured is not None else "as far as the inputs tell; labels are lacking"
    says = {
        "harmful": "harm the score",
        "benign": "do the score no harm",
        "undecidable": "may or may not harm the score",
    }[found.harm]
    return (
        f"The {found.n_rows:,} rows that came in since {model} was made {says}: "
        f"{found.metric} {better_by(change)}, {how}."
    )


def _scores(page: LifePage) -> Markup:
    timed = _timed(page)
    if len(timed) < 2:
        return Markup("")
    without = _without(page)
    return Markup(
        svg.over_time(
            [(one.start, one.score.value, one.score.low, one.score.high) for one in timed if one.score],
            without,
            title=f"{page.metric} over time, of what was served" + (" and of the first model" if without else ""),
            y_label=page.metric,
            x_ticks=_ticks([one.start for one in timed], [one.label for one in timed]),
            marks=_marks(page),
            level=page.reference.value,
            level_label="when judged",
        )
    )


def _timed(page: LifePage) -> list[Period]:
    return [one for one in page.periods if one.score is not None and not math.isnan(one.start)]


def _marks(page: LifePage) -> list[tuple[float, str]]:
    """When another version's rows begin, and its name."""
    return [
        (after.start, after.version[:6]) for before, after in pairwise(_timed(page)) if before.version != after.version
    ]


def _without(page: LifePage) -> list[tuple[float, float]]:
    """The first model's score, had nothing been promoted; nothing where nothing was, or it is not known."""
    timed = _timed(page) if _marks(page) else []
    return [(one.start, one.without.value) for one in timed if one.without is not None]


def _shares(page: LifePage) -> Markup:
    timed = [one for one in page.periods if one.n_labelled and not math.isnan(one.success + one.start)]
    if len(timed) < 2:
        return Markup("")
    points = [(one.start, one.success, one.success, one.success) for one in timed]
    return Markup(
        svg.over_time(
            points,
            [],
            title=f"{page.brief.target.column} over time",
            y_label=f"share of {page.success}" if page.success else f"mean of {page.brief.target.column}",
            x_ticks=_ticks([one.start for one in timed], [one.label for one in timed]),
            marks=[],
            floor=0.0 if page.success else None,
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
