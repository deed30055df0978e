"""Numbers that are names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer.line.ship.onnx.steps.categories import counts, target_mean


def number_means(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.number_means`."""
    if not state["kept"]:
        return None
    places = []
    for number, column in enumerate(state["kept"]):
        known = np.asarray(state[f"numbers{number}"], np.float64).tolist() or [np.inf]  # no number is infinite
        found = known if state[f"numbers{number}"].size else []
        places.append(
            graph.encoded(graph.columns(read.numbers, [column]), known, range(len(known)) if found else [-1], -1)
        )
    codes = Read(codes=graph.beside(places), n_codes=len(places))
    parts = [
        target_mean(graph, state, codes),
        counts(graph, {**state, "n_columns": len(places)}, codes),
    ]
    return graph.beside([one for one in parts if one is not None])
