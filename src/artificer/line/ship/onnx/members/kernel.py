"""A kernel machine: distances to the rows it keeps."""

from __future__ import annotations

import math

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer_runtime.members.kernel import FARTHEST, MOST_BITS, Kernel


def kernel(graph: Graph, member: Kernel, features: str) -> str:
    """`artificer_runtime.members.kernel`."""
    placed = _placed(graph, member, graph.cast(graph.columns(features, member.features), "double"))
    own = graph.add("ReduceSum", graph.add("Mul", placed, placed), graph.constant([1], np.int64), keepdims=1)
    crossed = graph.add("MatMul", placed, graph.constant(member.against[:-1]))
    square = graph.add("Add", crossed, graph.add("Add", graph.constant(member.against[-1]), own))
    distance = (
        graph.add("Sqrt", square) if member.power == 1 else graph.add("Pow", square, graph.constant(member.power / 2))
    )
    near = graph.add("Exp", graph.add("Neg", distance))
    raw = graph.add(
        "Add", graph.add("MatMul", near, graph.constant(member.coefficients.T)), graph.constant(member.intercept)
    )
    return graph.bounded(raw, member.low, member.high)


def _placed(graph: Graph, member: Kernel, values: str) -> str:
    """As `artificer_runtime.members.kernel.placed`, whose subtraction is in double precision too."""
    bits = min(MOST_BITS, int(53 - math.log2(4 * max(len(member.features), 1) * FARTHEST**2)) // 2)
    moved = graph.add("Mul", graph.add("Sub", values, graph.constant(member.center)), graph.constant(member.scale))
    known = graph.where(graph.add("IsNaN", moved), graph.constant(0.0), moved)
    steps = graph.add("Mul", graph.bounded(known, -FARTHEST, FARTHEST), graph.constant(2.0**bits))
    return graph.add("Div", graph.add("Round", steps), graph.constant(2.0**bits))
