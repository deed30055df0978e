"""Parts of moments, and days between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer_runtime.steps.dates import DAY_S

FIRST_S, LAST_S = -6e10, 2.5e11  # as the step bounds them
MARCH_OF_YEAR_0 = 719_468  # days before 1970
JANUARY_OF_YEAR_1 = 719_162


def date_gaps(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.date_gaps`."""
    if not len(state["pairs"]):
        return None
    first, second = np.array(state["pairs"], np.int64).T
    gap = graph.add("Sub", graph.columns(read.times, second), graph.columns(read.times, first))
    return graph.cast(graph.add("Div", gap, graph.constant(DAY_S)), "float")


def dates(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.dates`."""
    parts = []
    for place, hours in enumerate(state["hours"]):
        start = float(state["start"][place]) if state["trend"] else None
        seconds = graph.columns(read.times, [place])
        parts.append(_parts(graph, seconds, start, hours=hours, weeks=state.get("weeks", False)))
    if not parts:
        return None
    made = graph.beside(parts)
    return graph.bounded(made, state["low"], state["high"], np.float32) if "low" in state else made


def _parts(graph: Graph, seconds: str, start: float | None, *, hours: bool, weeks: bool) -> str:
    whole_number = _Whole(graph)
    gap = graph.add("IsNaN", seconds)
    whole = graph.where(gap, graph.constant(0.0), graph.bounded(seconds, FIRST_S, LAST_S))
    days = graph.cast(graph.add("Floor", graph.add("Div", whole, graph.constant(DAY_S))), "int64")
    year, month, day = _civil(whole_number, days)
    before = whole_number.sum(year, -1)
    leaps = whole_number.sum(
        whole_number.minus(whole_number.over(before, 4), whole_number.over(before, 100)), whole_number.over(before, 400)
    )
    of_year = whole_number.minus(
        whole_number.sum(days, JANUARY_OF_YEAR_1), whole_number.sum(whole_number.times(before, 365), leaps)
    )
    weekday = graph.add("Mod", whole_number.sum(days, 3), graph.constant(7, np.int64))  # 1970-01-01 was a Thursday
    made = []
    if start is not None:
        since = graph.add("Div", graph.add("Sub", whole, graph.constant(start)), graph.constant(DAY_S))
        made += [graph.cast(year, "double"), since]
    made += [graph.cast(one, "double") for one in (whole_number.sum(month, 1), whole_number.sum(day, 1), weekday)]
    made += [graph.cast(whole_number.sum(of_year, 1), "double"), _cycle(graph, month, 12), _cycle(graph, weekday, 7)]
    if weeks:
        weekend = graph.add("GreaterOrEqual", weekday, graph.constant(5, np.int64))
        counted = [whole_number.sum(whole_number.over(of_year, 7), 1), whole_number.sum(whole_number.over(month, 3), 1)]
        made += [graph.cast(one, "double") for one in (*counted, weekend)]
    if hours:
        left = graph.add("Sub", whole, graph.add("Mul", graph.cast(days, "double"), graph.constant(DAY_S)))
        minute = graph.cast(graph.add("Floor", graph.add("Div", left, graph.constant(60.0))), "int64")
        made += [graph.cast(one, "double") for one in (whole_number.over(minute, 60), minute)]
        made.append(_cycle(graph, minute, 1440))
    single = graph.cast(graph.beside(made), "float")
    return graph.where(gap, graph.constant(np.nan, np.float32), single)


class _Whole:
    """Arithmetic of int64 matrices and numbers."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def sum(self, first: str, second: str | int) -> str:
        return self._add("Add", first, second)

    def minus(self, first: str, second: str | int) -> str:
        return self._add("Sub", first, second)

    def times(self, first: str, second: str | int) -> str:
        return self._add("Mul", first, second)

    def over(self, first: str, second: str | int) -> str:
        """Quotient of numbers that are not negative, rounded down."""
        return self._add("Div", first, second)

    def _add(self, operator: str, first: str, second: str | int) -> str:
        other = second if isinstance(second, str) else self.graph.constant(second, np.int64)
        return self.graph.add(operator, first, other)


def _civil(whole: _Whole, days: str) -> tuple[str, str, str]:
    """Year, and month and day from 0, of days since 1970.

    The years are made to begin in March, so that a leap day is the last of one (Hinnant 2014, "chrono-compatible low-level
    date algorithms").
    """
    from_march = whole.sum(days, MARCH_OF_YEAR_0)
    era = whole.over(from_march, 146_097)  # 400 years
    of_era = whole.minus(from_march, whole.times(era, 146_097))
    leaps = whole.minus(whole.over(of_era, 36_524), whole.sum(whole.over(of_era, 1_460), whole.over(of_era, 146_096)))
    year = whole.over(whole.sum(of_era, leaps), 365)
    before = whole.minus(whole.sum(whole.times(year, 365), whole.over(year, 4)), whole.over(year, 100))
    of_year = whole.minus(of_era, before)
    march = whole.over(whole.sum(whole.times(of_year, 5), 2), 153)
    day = whole.minus(of_year, whole.over(whole.sum(whole.times(march, 153), 2), 5))
    graph = whole.graph
    early = graph.add("GreaterOrEqual", march, graph.constant(10, np.int64))  # January and February
    month = graph.where(early, whole.minus(march, 10), whole.sum(march, 2))
    return whole.sum(whole.sum(year, whole.times(era, 400)), graph.cast(early, "int64")), month, day


def _cycle(graph: Graph, place: str, n_places: int) -> str:
    """Sine and cosine from a table: the same bits as numpy's."""
    turn = 2 * np.pi * (np.arange(n_places) / n_places)
    return graph.looked_up(np.stack([np.append(np.sin(turn), 0.0), np.append(np.cos(turn), 1.0)], axis=1), place)
