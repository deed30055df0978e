"""The description → its part of the page."""

from __future__ import annotations

from markupsafe import Markup

from artificer.core.description import ByLevel, Course, Cycle, MoreRows
from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate
from artificer.core.report import plots
from artificer.core.report.svg import over_time
from artificer.core.stages import Description

SURE = 0.05
MOST_INFLATED, INFLATED = 8, 5.0


def parts(told: Description, target: str) -> dict[str, object]:
    """What the template of the description shows, in Markup and records."""
    return {
        "told": told,
        "target": target,
        "course": _target_course(told, target),
        "cycles": [(course, [(one, _cycle(course, one)) for one in _sure(course)]) for course in told.courses],
        "map": _map(told, target),
        "by_level": [(one, _by_level(one)) for one in told.by_level],
        "more_rows": _more_rows(told.more_rows) if told.more_rows else Markup(""),
        "gap_patterns": _gap_patterns(told),
        "inflated": [one for one in told.collinearity.inflation if one[1] >= INFLATED][:MOST_INFLATED],
        "p_of": {
            column.name: fact.value for column in told.columns for fact in column.facts if fact.name == "p_adjusted"
        },
    }


def chance(p: float) -> str:
    """A p-value as a person reads it.

    >>> chance(0.0412), chance(1e-9)
    ('0.041', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _sure(course: Course) -> list[Cycle]:
    return [one for one in course.cycles if one.p_adjusted < SURE]


def _target_course(told: Description, target: str) -> Markup:
    named = told.target_over_time
    if len(named) < 3:
        return Markup("")
    what = told.courses[0].what if told.courses else "share or mean"
    every = max(1, len(named) // 6)
    return Markup(
        over_time(
            [(float(place), one.value, one.low, one.high) for place, (_, one) in enumerate(named)],
            [],
            title=f"{target} over time, with intervals",
            y_label=f"{target}, {what}",
            x_ticks=[(float(place), name) for place, (name, _) in enumerate(named) if place % every == 0],
            marks=[],
            height=280,
        )
    )


def _cycle(course: Course, cycle: Cycle) -> Markup:
    rows = [(name, one, None, f"{name}: {with_interval(one)}") for name, one in cycle.levels]
    return Markup(plots.levels(rows, title=f"{course.column} by {cycle.name}, against its mean", middle=0.0))


def _map(told: Description, target: str) -> Markup:
    found = told.together
    if not found.names:
        return Markup("")
    return Markup(plots.heat(found.names, found.strengths, title="how strongly columns go together", marked=target))


def _by_level(one: ByLevel) -> Markup:
    rows: list[tuple[str, Estimate, float | None, str]] = [
        (level.name, level.shrunk, level.value, f"{level.name}: {with_interval(level.shrunk)}, {level.n_rows:,} rows")
        for level in one.levels
    ]
    return Markup(plots.levels(rows, title=f"{one.what} by {one.column}", middle=one.overall.value))


def _more_rows(more: MoreRows) -> Markup:
    return Markup(
        plots.learning(
            more.curve,
            more.measured,
            more.n_rows,
            title=f"{more.metric} of a small boosted model against training rows",
            y_label=f"{more.metric}, on rows that did not train",
        )
    )


def _gap_patterns(told: Description) -> Markup:
    shown = [one for one in told.patterns if one.columns]
    if not shown:
        return Markup("")
    names = list(dict.fromkeys(name for one in shown for name in one.columns))
    rows = [
        (frozenset(one.columns), one.share.value, f"{', '.join(one.columns)}: {figure(100 * one.share.value)}% of rows")
        for one in shown
    ]
    return Markup(plots.gap_patterns(names, rows, title="columns that are missing together"))
