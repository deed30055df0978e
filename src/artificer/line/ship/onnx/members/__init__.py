"""Members of a blend as operators, by the versioned names of their forms.

A member is a function `(graph, member, features) → raw scores`: double [n, n_out], before the link.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from artificer.core.errors import ArtificerError
from artificer.line.ship.onnx.graph import Graph
from artificer_runtime.members.links import HIGHEST

BUILTIN = {
    "kernel@1": "kernel:kernel",
    "linear@1": "linear:linear",
    "network@1": "network:network",
    "oblivious@1": "trees:oblivious",
    "trees@2": "trees:trees",
}


def predicted(graph: Graph, member: Any, features: str) -> str:
    """What a member predicts: double [n, n_classes], or [n, 1] of numbers.

    Raises
    ------
    ArtificerError
        When the form has no operators here.
    """
    if member.form not in BUILTIN:
        raise ArtificerError(
            f"the model form '{member.form}' cannot be written as ONNX yet; ship the package itself: it needs numpy alone"
        )
    module, _, function = BUILTIN[member.form].partition(":")
    write = getattr(import_module(f"artificer.line.ship.onnx.members.{module}"), function)
    return _linked(graph, write(graph, member, features), member.link)


def _linked(graph: Graph, raw: str, link: str) -> str:
    if link == "identity":
        return raw
    if link == "exp":
        return graph.add("Exp", graph.add("Min", raw, graph.constant(HIGHEST)))
    if link == "softmax":
        return graph.add("Softmax", raw, axis=1)
    one = graph.constant(1.0)
    positive = graph.add("Div", one, graph.add("Add", one, graph.add("Exp", graph.add("Neg", raw))))
    return graph.beside([graph.add("Sub", one, positive), positive])
