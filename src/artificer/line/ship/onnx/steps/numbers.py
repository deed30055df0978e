"""Numbers as they are, on one scale, and bent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer_runtime.steps.scaled import FAR


def numbers(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.numbers`."""
    return graph.cast(read.numbers, "float")


def scaled(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.scaled`."""
    parts = []
    single = graph.cast(graph.cast(read.numbers, "float"), "double")
    gaps = graph.add("IsNaN", single)
    if len(state["varies"]):
        parts.append(graph.columns(_standardised(graph, state, single, gaps), state["varies"]))
    if len(state["gaps"]):
        parts.append(graph.cast(graph.columns(gaps, state["gaps"]), "double"))
    return graph.cast(graph.beside(parts), "float") if parts else None


def hinges(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.hinges`."""
    if not len(state["column"]):
        return None
    single = graph.cast(graph.cast(read.numbers, "float"), "double")
    standard = _standardised(graph, state, single, graph.add("IsNaN", single))
    ready = graph.cast(graph.cast(standard, "float"), "double")
    bent = graph.columns(ready, np.asarray(state["varies"])[state["column"]])
    above = graph.add("Max", graph.add("Sub", bent, graph.constant(state["knot"])), graph.constant(0.0))
    return graph.cast(above, "float")


def _standardised(graph: Graph, state: Mapping[str, Any], single: str, gaps: str) -> str:
    filled = graph.where(gaps, graph.constant(state["median"]), single)
    moved = graph.add("Sub", filled, graph.constant(state["mean"]))
    return graph.bounded(graph.add("Div", moved, graph.constant(state["scale"])), -FAR, FAR)
