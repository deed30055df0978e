"""Records → the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from artificer.core.brief import Brief
from artificer.core.figures import SIGNS, figure, with_interval
from artificer.core.leaderboard import Standing, leaderboard
from artificer.core.records import Decision, Estimate, Finding
from artificer.core.report import description, svg
from artificer.core.stages import (
    Asked,
    Choice,
    ColumnStory,
    Description,
    Driver,
    Line,
    Model,
    Plan,
    Shipped,
    Trained,
    Verdict,
)

MOST_DRIVERS = 8
LOWER = (
    *("log_loss", "brier", "rmse", "mae", "mape", "rmsle", "median_absolute_error"),
    *("quantile_loss", "poisson_deviance", "tweedie_deviance"),
)
STAGES = ("ask", "audit", "choose", "describe", "design", "encode", "fit", "refine", "judge", "ship")


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


def render(page: ReportPage) -> str:
    """Give the page as HTML: one file without scripts, fonts or pictures from elsewhere."""
    return compiled("template.html").render(page=page, style=Markup(read_part("style.css")), **_parts(page))


@cache
def compiled(name: str) -> Template:
    """A template of this folder."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "figure": figure,
        "interval": with_interval,
        "chance": description.chance,
        "count": "{:,}".format,
    }
    return environment.from_string(read_part(name))


def read_part(name: str) -> str:
    """A file of this folder, as text."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _parts(page: ReportPage) -> dict[str, object]:
    verdict = page.verdict
    described = description.parts(page.described, page.brief.target.column)
    counts = {outcome: sum(line.outcome == outcome for line in verdict.lines) for outcome in SIGNS}
    return {
        "signs": SIGNS,
        "counts": counts,
        "sentence": sentence(page, counts),
        "line_charts": [_line_chart(line) for line in verdict.lines],
        "curve": _curve(page),
        "findings": ordered_findings(page.findings),
        "stages": [(stage, [one for one in page.decisions if one.stage == stage]) for stage in STAGES],
        "standings": _standings(page),
        "front": _front(page),
        "columns": _columns(page),
        "slices": _estimates(verdict.slices),
        "worst": worst(verdict),
        "drivers": _drivers(page),
        "description": Markup(compiled("description.html").render(**described)),
        "p_of": described["p_of"],
        "shapes": _shapes(page),
        "explained": [(one, _estimates(one.contributions[:MOST_DRIVERS])) for one in verdict.explained],
    }


def sentence(page: ReportPage, counts: Mapping[str, int]) -> str:
    """The verdict in one sentence of the client's words."""
    what = page.brief.purpose.rstrip(".") or f"Predict {page.brief.target.column}"
    n = sum(counts.values())
    if not n:
        return f"{what}: a model is ready; the brief states no requirement that it could meet or miss."
    if counts["met"] == n:
        return f"{what}: the model meets all {n} requirements."
    musts = [line for line in page.verdict.lines if line.requirement.must and line.outcome != "met"]
    first = musts[0] if musts else next(line for line in page.verdict.lines if line.outcome != "met")
    how = "does not meet" if first.outcome == "unmet" else "is not shown to meet"
    return f"{what}: the model meets {counts['met']} of {n} requirements; it {how} “{first.requirement.text}”."


def worst(verdict: Verdict, most: int = 3) -> list[tuple[str, Estimate]]:
    """The groups that the model serves worst."""
    higher = verdict.against_baseline is None or verdict.metric.partition(":")[0] not in LOWER
    return sorted(verdict.slices, key=lambda pair: pair[1].value if higher else -pair[1].value)[:most]


def _drivers(page: ReportPage) -> list[tuple[Driver, str, Markup]]:
    shown = [one for one in page.verdict.drivers if one.effect.value > 0][:MOST_DRIVERS]
    ends = svg.domain([end for one in shown for end in (one.effect.low, one.effect.high, 0.0)])
    meaning = page.brief.data.columns
    return [
        (
            one,
            meaning.get(one.column, ""),
            Markup(svg.interval(one.effect.value, one.effect.low, one.effect.high, ends, 0.0)),
        )
        for one in shown
    ]


def _shapes(page: ReportPage) -> list[tuple[str, Markup]]:
    """Accumulated local effects of the strongest numbers."""
    what = "probability" if page.asked.classes else page.brief.target.column
    return [
        (
            one.column,
            Markup(
                svg.line_with_band(
                    [(x, at.value, at.low, at.high) for x, at in one.points],
                    title=f"how the prediction changes with {one.column}",
                    x_label=one.column,
                    y_label=f"{what}, more or less than the mean",
                )
            ),
        )
        for one in page.verdict.shapes
    ]


def _line_chart(line: Line) -> Markup:
    estimate, wanted = line.estimate, line.requirement
    if estimate is None or estimate.value != estimate.value:
        return Markup("")
    bound = wanted.at_least if wanted.at_least is not None else wanted.at_most
    ends = svg.domain([estimate.low, estimate.high, estimate.value, bound])
    return Markup(svg.interval(estimate.value, estimate.low, estimate.high, ends, bound))


def _curve(page: ReportPage) -> Markup:
    capacity, value = page.brief.decision.capacity, page.brief.decision.value
    if not page.verdict.curve or value is None:
        return Markup("")
    points = [(float(length), one.value, one.low, one.high) for length, one in page.verdict.curve]
    period = f"in {capacity.every}" if capacity and capacity.every else "on the list"
    return Markup(
        svg.line_with_band(
            points,
            title="value against list length, with its interval",
            x_label=f"rows acted on {period}",
            y_label=f"value, {value.currency or 'units'}, {period}",
            mark=float(capacity.top) if capacity and capacity.top <= points[-1][0] else None,
            mark_label=f"capacity {capacity.top:,}" if capacity else "",
        )
    )


def ordered_findings(findings: tuple[Finding, ...]) -> list[tuple[Finding, Markup]]:
    """Findings with charts of their effects: worst first, then by the size of the effect."""
    rank = {"blocker": 0, "warning": 1, "note": 2}
    ordered = sorted(findings, key=lambda one: (rank[one.severity], -abs(one.effect.value) if one.effect else 0.0))
    ends = svg.domain([end for one in findings if one.effect for end in (one.effect.low, one.effect.high, 0.0)])
    return [(one, _effect(one.effect, ends)) for one in ordered]


def _effect(effect: Estimate | None, ends: tuple[float, float]) -> Markup:
    return Markup(svg.interval(effect.value, effect.low, effect.high, ends, 0.0)) if effect else Markup("")


def _standings(page: ReportPage) -> list[tuple[Standing, Markup]]:
    better = page.plan.metric not in LOWER
    found = leaderboard(page.trained, page.model.parts, larger_is_better=better)
    scores = [one.score for one in found if one.score]
    ends = svg.domain([end for score in scores for end in (score.low, score.high)])
    return [(one, _score(one.score, ends)) for one in found]


def _front(page: ReportPage) -> Markup:
    """Accuracy against time of what could have shipped; nothing where there was no choice."""
    front = page.model.front
    if len(front) < 2:
        return Markup("")
    points = [(one.one_ms, one.score.value, one.score.low, one.score.high) for one in front]
    labels = [
        f"{_names(one)}: {with_interval(one.score)}, {figure(one.one_ms)} ms, {figure(one.size_mb)} MB" for one in front
    ]
    chosen = next((place for place, one in enumerate(front) if one.chosen), -1)
    return Markup(
        svg.scatter(
            points,
            labels,
            chosen,
            title=f"{page.plan.metric} against the time of one row",
            x_label="milliseconds of one row, predicted from its parts",
            y_label=f"{page.plan.metric}, out of fold",
        )
    )


def _score(score: Estimate | None, ends: tuple[float, float]) -> Markup:
    return Markup(svg.interval(score.value, score.low, score.high, ends)) if score else Markup("")


def _estimates(named: tuple[tuple[str, Estimate], ...]) -> list[tuple[str, Estimate, Markup]]:
    ends = svg.domain([end for _, one in named for end in (one.low, one.high)])
    return [(name, one, _score(one, ends)) for name, one in named]


def _columns(page: ReportPage) -> list[tuple[ColumnStory, str, Markup, Markup]]:
    ordered = sorted(page.described.columns, key=lambda one: -(one.association.value if one.association else -1.0))
    meaning = page.brief.data.columns
    return [
        (
            one,
            meaning.get(one.name, ""),
            Markup(svg.bars(one.counts, one.labels, title=f"distribution of {one.name}")),
            _score(one.association, (0.0, 1.0)),
        )
        for one in ordered
    ]


def _names(one: Choice) -> str:
    return ", ".join(name for name, _ in one.heaviest)
