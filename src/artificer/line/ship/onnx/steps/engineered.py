"""Features of two columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer.line.ship.onnx.steps.categories import counts, target_mean
from artificer_runtime.interactions import ARITHMETIC, FLOAT32_MAX

OPERATORS = {"-": "Sub", "+": "Add", "*": "Mul", "/": "Div"}


def engineered(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.engineered`."""
    parts = []
    for place, (how, first, second) in enumerate(state["simple"]):
        number = _column(graph, read, first)
        if how in ARITHMETIC:
            made = _arithmetic(graph, how, number, _column(graph, read, second))
        else:
            made = _within(graph, how, number, _code(graph, read, second), np.asarray(state[f"levels{place}"]))
        parts.append(graph.cast(made, "float"))
    if state["crossed"]:
        crosses = [
            _cross(graph, _code(graph, read, first), _code(graph, read, second), np.asarray(state[f"keys{place}"]))
            for place, (first, second) in enumerate(state["crossed"])
        ]
        crossed = Read(codes=graph.beside(crosses), n_codes=len(crosses))
        told = [target_mean(graph, _part(state, "mean "), crossed), counts(graph, _part(state, "count "), crossed)]
        parts += [one for one in told if one is not None]
    return graph.beside(parts) if parts else None


def _column(graph: Graph, read: Read, place: int) -> str:
    if place < read.n_numbers:
        return graph.columns(read.numbers, [place])
    return graph.cast(_code(graph, read, place), "double")


def _code(graph: Graph, read: Read, place: int) -> str:
    return graph.columns(read.codes, [place - read.n_numbers])


def _arithmetic(graph: Graph, how: str, first: str, second: str) -> str:
    made = graph.add(OPERATORS[how], first, second)
    if how == "/":
        made = graph.where(graph.add("Equal", second, graph.constant(0.0)), graph.constant(np.nan), made)
    return graph.bounded(made, -FLOAT32_MAX, FLOAT32_MAX)


def _within(graph: Graph, how: str, number: str, code: str, table: np.ndarray) -> str:
    level = graph.looked_up(table, code)
    mean, deviation = graph.columns(level, [0]), graph.columns(level, [1])
    if how == "- mean in":
        return _arithmetic(graph, "-", number, mean)
    if how == "/ mean in":
        return _arithmetic(graph, "/", number, mean)
    return _arithmetic(graph, "/", graph.add("Sub", number, mean), deviation)


def _cross(graph: Graph, first: str, second: str, keys: np.ndarray) -> str:
    zero = graph.constant(0, np.int64)
    unseen = graph.add("Or", graph.add("Less", first, zero), graph.add("Less", second, zero))
    key = graph.add("Add", graph.add("Mul", first, graph.constant(2**31, np.int64)), second)
    known = keys.astype(np.int64).tolist() or [-1]  # no key is negative
    code = graph.encoded(key, known, range(1, len(known) + 1), 0)
    return graph.where(unseen, graph.constant(-1, np.int64), code)


def _part(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
