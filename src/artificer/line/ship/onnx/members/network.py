"""A dense network: its last stage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer_runtime.members.network import FARTHEST, SELU_ALPHA, SELU_SCALE, STEPS, Network


def network(graph: Graph, member: Network, features: str) -> str:
    """`artificer_runtime.members.network`."""
    stage = member.stages[-1]
    ready = _on_grid(graph, _bent(graph, member, graph.cast(features, "double")))
    if len(member.waves):
        ready = graph.beside([ready, _waves(graph, member, stage, ready)])
    hidden = _on_grid(graph, graph.add("Mul", ready, graph.constant(stage["gain"])))
    n_layers = sum(name.startswith("weight") for name in stage)
    for layer in range(n_layers):
        product = graph.add("MatMul", hidden, graph.constant(stage[f"weight{layer}"]))
        hidden = graph.add("Add", product, graph.constant(stage[f"bias{layer}"]))
        if layer + 1 < n_layers:
            hidden = _on_grid(graph, _activated(graph, hidden, member.activation))
    raw = graph.add("Add", graph.add("Mul", hidden, graph.constant(member.spread)), graph.constant(member.middle))
    return graph.bounded(raw, member.low, member.high)


def _on_grid(graph: Graph, values: str) -> str:
    steps = graph.constant(STEPS)
    return graph.add("Div", graph.add("Round", graph.add("Mul", values, steps)), steps)


def _bent(graph: Graph, member: Network, values: str) -> str:
    one = graph.constant(1.0)
    moved = graph.add("Mul", graph.add("Sub", values, graph.constant(member.center)), graph.constant(member.scale))
    far = graph.bounded(moved, -1e6, 1e6)
    third = graph.add("Div", far, graph.constant(FARTHEST))
    smooth = graph.add("Div", far, graph.add("Sqrt", graph.add("Add", one, graph.add("Mul", third, third))))
    scaled = graph.constant(member.scale > 0, np.bool_)
    ready = graph.where(scaled, smooth, graph.bounded(values, 0.0, 1.0))
    return graph.where(graph.add("IsNaN", ready), graph.constant(0.0), ready)


def _waves(graph: Graph, member: Network, stage: Mapping[str, np.ndarray], ready: str) -> str:
    shown = []
    for place, feature in enumerate(member.waves.tolist()):
        turned = graph.add("Mul", graph.columns(ready, [feature]), graph.constant(stage["frequency"][place]))
        # The cosine, as a sine of double precision, which more engines have.
        angle = graph.add("Add", turned, graph.constant(stage["phase"][place] + np.pi / 2))
        wave = graph.add("MatMul", _on_grid(graph, graph.add("Sin", angle)), graph.constant(stage["mix"][place]))
        shown.append(graph.add("Add", wave, graph.constant(stage["shift"][place])))
    return graph.beside(shown)


def _activated(graph: Graph, raw: str, activation: str) -> str:
    one = graph.constant(1.0)
    if activation == "selu":
        zero = graph.constant(0.0)
        below = graph.add("Sub", graph.add("Exp", graph.add("Min", raw, zero)), one)
        above = graph.add("Mul", graph.add("Max", raw, zero), graph.constant(SELU_SCALE))
        return graph.add("Add", above, graph.add("Mul", below, graph.constant(SELU_SCALE * SELU_ALPHA)))
    two = graph.constant(2.0)
    grown = graph.add("Exp", graph.add("Min", raw, graph.constant(20.0)))
    twice = graph.add("Mul", grown, graph.add("Add", grown, two))
    return graph.add("Mul", raw, graph.add("Div", twice, graph.add("Add", twice, two)))
