"""What each section of a report shows, from the records that it tells of: charts as Markup, beside the records.

The report puts all of them on one page, the web application on several: each has its template in this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from artificer.core.brief import Brief
from artificer.core.figures import SIGNS, figure, with_interval
from artificer.core.leaderboard import Standing, leaderboard
from artificer.core.records import Decision, Estimate, Finding
from artificer.core.report import description, svg
from artificer.core.report.templates import compiled
from artificer.core.stages import (
    Choice,
    ColumnStory,
    Description,
    Driver,
    Explained,
    Line,
    Model,
    Shape,
    Trained,
    Verdict,
)

MOST_DRIVERS, MOST_CLASSES = 8, 50
LOWER = (
    *("log_loss", "brier", "rmse", "mae", "mape", "rmsle", "median_absolute_error"),
    *("quantile_loss", "poisson_deviance", "tweedie_deviance"),
)
STAGES = ("ask", "audit", "choose", "describe", "design", "encode", "fit", "refine", "judge", "ship")
Parts = dict[str, Any]


def requirements(verdict: Verdict) -> Parts:
    """Each requirement with its outcome and its interval against its bound."""
    return {
        "signs": SIGNS,
        "counts": counted(verdict),
        "line_charts": [_line_chart(line) for line in verdict.lines],
    }


def counted(verdict: Verdict) -> dict[str, int]:
    """How many requirements are met, not shown and unmet."""
    return {outcome: sum(line.outcome == outcome for line in verdict.lines) for outcome in SIGNS}


def sentence(brief: Brief, verdict: Verdict, counts: Mapping[str, int]) -> str:
    """The verdict in one sentence of the client's words."""
    what = brief.purpose.rstrip(".") or f"Predict {brief.target.column}"
    n = sum(counts.values())
    if not n:
        return f"{what}: a model is ready; the brief states no requirement that it could meet or miss."
    if counts["met"] == n:
        return f"{what}: the model meets {'its requirement' if n == 1 else f'all {n} requirements'}."
    open_yet = [line for line in verdict.lines if line.outcome != "met"]
    first = min(open_yet, key=lambda line: (not line.requirement.must, line.outcome != "unmet"))
    how = "does not meet" if first.outcome == "unmet" else "is not shown to meet"
    return f"{what}: the model meets {counts['met']} of {n} requirements; it {how} “{first.requirement.text}”."


def _line_chart(line: Line) -> Markup:
    estimate, wanted = line.estimate, line.requirement
    if estimate is None or estimate.value != estimate.value:
        return Markup("")
    bound = wanted.at_least if wanted.at_least is not None else wanted.at_most
    ends = svg.domain([estimate.low, estimate.high, estimate.value, bound])
    return Markup(svg.interval(estimate.value, estimate.low, estimate.high, ends, bound))


def value(brief: Brief, verdict: Verdict) -> Parts:
    """Value against list length; nothing where the brief names no capacity and value."""
    capacity, worth = brief.decision.capacity, brief.decision.value
    if not verdict.curve or worth is None:
        return {"curve": Markup(""), "over": ""}
    points = [(float(length), one.value, one.low, one.high) for length, one in verdict.curve]
    every = capacity.every if capacity else ""
    period = f"in {every}" if every else "on the list"
    drawn = svg.lines_with_bands(
        [("", points)],
        title="value against list length, with its interval",
        x_label=f"rows acted on {period}",
        y_label=f"value, {worth.currency or 'units'}, {period}",
        mark=float(capacity.top) if capacity and capacity.top <= points[-1][0] else None,
        mark_label=f"capacity {capacity.top:,}" if capacity else "",
    )
    over = f", the mean over the whole periods of {every} among the test rows" if every else ""
    return {"curve": Markup(drawn), "over": over}


def classes(verdict: Verdict) -> Parts:
    """How each class is told from the others."""
    shown = verdict.classes[:MOST_CLASSES]
    return {
        "classes": [(one, _share(one.recall)) for one in shown],
        "n_more_classes": len(verdict.classes) - len(shown),
    }


def _share(found: Estimate) -> Markup:
    return Markup(svg.interval(found.value, found.low, found.high, (0.0, 1.0)) if found.n else "")


def slices(verdict: Verdict) -> Parts:
    """Groups of rows with their scores, and those that are served worst."""
    return {"slices": _estimates(verdict.slices, verdict.score.value), "worst": worst(verdict)}


def worst(verdict: Verdict, most: int = 3) -> list[tuple[str, Estimate]]:
    """The groups that the model serves worst."""
    sign = 1.0 if _larger_is_better(verdict.metric) else -1.0
    return sorted(verdict.slices, key=lambda pair: sign * pair[1].value)[:most]


def _larger_is_better(metric: str) -> bool:
    return metric.partition(":")[0] not in LOWER


def drivers(brief: Brief, verdict: Verdict, what: str) -> Parts:
    """What the prediction hangs on, how it changes with the strongest numbers, and two rows explained.

    Parameters
    ----------
    what : str
        What is predicted: "probability", or the target.
    """
    shown = [one for one in verdict.drivers if one.effect.value > 0][:MOST_DRIVERS]
    ends = svg.domain([end for one in shown for end in (one.effect.low, one.effect.high, 0.0)])
    told: list[tuple[Driver, str, Markup]] = [
        (
            one,
            brief.data.columns.get(one.column, ""),
            Markup(svg.interval(one.effect.value, one.effect.low, one.effect.high, ends, 0.0)),
        )
        for one in shown
    ]
    return {
        "drivers": told,
        "shapes": _shapes(verdict, what),
        "explained": _explained(verdict),
        "turned": verdict.turned,
    }


def _explained(verdict: Verdict) -> list[tuple[Explained, list[tuple[str, Estimate, Markup]]]]:
    """Rows column by column, all on one scale, so that what moves one more than another is seen."""
    told = [(one, one.contributions[:MOST_DRIVERS]) for one in verdict.explained]
    every = [pair for _, added in told for pair in added]
    return [(one, _estimates(added, 0.0, every)) for one, added in told]


def _shapes(verdict: Verdict, what: str) -> list[tuple[str, Markup]]:
    """Accumulated local effects of the strongest numbers; classes that a number moves share its chart."""
    by_column = groupby(verdict.shapes, key=lambda one: one.column)
    return [(column, _shape(column, list(own), what)) for column, own in by_column]


def _shape(column: str, own: Sequence[Shape], what: str) -> Markup:
    curves = [(one.of, [(x, at.value, at.low, at.high) for x, at in one.points]) for one in own]
    of = " and of ".join(name for name, _ in curves if name)
    title = f"how the {what} {f'of {of} ' if of else ''}changes with {column}"
    drawn = svg.lines_with_bands(curves, title=title, x_label=column, y_label=f"{what}, more or less than the mean")
    return Markup(drawn)


def findings(found: Sequence[Finding]) -> Parts:
    """Findings, worst first."""
    return {"findings": ordered_findings(found)}


def ordered_findings(findings: Sequence[Finding]) -> list[tuple[Finding, Markup]]:
    """Findings with charts of their effects: worst first, then by the size of the effect."""
    rank = {"blocker": 0, "warning": 1, "note": 2}
    ordered = sorted(findings, key=lambda one: (rank[one.severity], -abs(one.effect.value) if one.effect else 0.0))
    ends = svg.domain([end for one in findings if one.effect for end in (one.effect.low, one.effect.high, 0.0)])
    return [(one, _effect(one.effect, ends)) for one in ordered]


def _effect(effect: Estimate | None, ends: tuple[float, float]) -> Markup:
    return Markup(svg.interval(effect.value, effect.low, effect.high, ends, 0.0)) if effect else Markup("")


def candidates(trained: Trained, metric: str, model: Model) -> Parts:
    """What was tried, and what could have shipped."""
    return {"standings": standings(trained, metric, model), "front": front(metric, model.front)}


def standings(trained: Trained, metric: str, model: Model) -> list[tuple[Standing, Markup]]:
    """Candidates with charts of their scores, the best first."""
    found = leaderboard(trained, model.parts, larger_is_better=_larger_is_better(metric))
    scores = [one.score for one in found if one.score]
    ends = svg.domain([end for score in scores for end in (score.low, score.high)])
    return [(one, _score(one.score, ends)) for one in found]


def front(metric: str, choices: Sequence[Choice]) -> Markup:
    """Accuracy against time of what could have shipped; nothing where there was no choice."""
    if len(choices) < 2:
        return Markup("")
    points = [(one.one_ms, one.score.value, one.score.low, one.score.high) for one in choices]
    labels = [
        f"{', '.join(name for name, _ in one.heaviest)}: {with_interval(one.score)}, {figure(one.one_ms)} ms, "
        f"{figure(one.size_mb)} MB"
        for one in choices
    ]
    chosen = next((place for place, one in enumerate(choices) if one.chosen), -1)
    return Markup(
        svg.scatter(
            points,
            labels,
            chosen,
            title=f"{metric} against the time of one row",
            x_label="milliseconds of one row, predicted from its parts",
            y_label=f"{metric}, out of fold",
        )
    )


def data(brief: Brief, described: Description) -> Parts:
    """Each column, and what was seen in all of them."""
    told = description.parts(described, brief.target.column)
    return {
        "columns": _columns(brief, described),
        "description": Markup(compiled("description.html").render(**told)),
        "p_of": told["p_of"],
    }


def _columns(brief: Brief, described: Description) -> list[tuple[ColumnStory, str, Markup, Markup]]:
    ordered = sorted(described.columns, key=lambda one: -(one.association.value if one.association else -1.0))
    return [
        (
            one,
            brief.data.columns.get(one.name, ""),
            Markup(svg.bars(one.counts, one.labels, title=f"distribution of {one.name}")),
            _score(one.association, (0.0, 1.0)),
        )
        for one in ordered
    ]


def decisions(made: Sequence[Decision]) -> Parts:
    """Decisions by stage, in the order of the line."""
    return {"stages": [(stage, [one for one in made if one.stage == stage]) for stage in STAGES]}


def _score(score: Estimate | None, ends: tuple[float, float]) -> Markup:
    return Markup(svg.interval(score.value, score.low, score.high, ends)) if score else Markup("")


def _estimates(
    named: Sequence[tuple[str, Estimate]], bound: float, beside: Sequence[tuple[str, Estimate]] = ()
) -> list[tuple[str, Estimate, Markup]]:
    """Estimates on one scale, which holds those beside them too, each against the bound."""
    ends = svg.domain([bound, *(end for _, one in (*named, *beside) for end in (one.low, one.high))])
    at = bound if bound == bound else None
    return [(name, one, Markup(svg.interval(one.value, one.low, one.high, ends, at))) for name, one in named]
