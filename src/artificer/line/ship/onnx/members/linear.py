"""A linear model: one product."""

from __future__ import annotations

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer_runtime.members.linear import Linear


def linear(graph: Graph, member: Linear, features: str) -> str:
    """`artificer_runtime.members.linear`."""
    filled = graph.where(graph.add("IsNaN", features), graph.constant(member.fill, np.float32), features)
    product = graph.add("MatMul", graph.cast(filled, "double"), graph.constant(member.coefficients.T))
    return graph.add("Add", product, graph.constant(member.intercept))
