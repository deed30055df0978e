"""Codes of categories as they are, as marks, and as what training tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer_runtime.steps.level_numbers import FAR


def codes(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.codes`."""
    return graph.cast(read.codes, "float")


def one_hot(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.one_hot`."""
    kept = [(place, code) for place, found in enumerate(state["kept"]) for code in found]
    if not kept:
        return None
    places, wanted = np.array(kept, np.int64).T
    marks = graph.add("Equal", graph.columns(read.codes, places), graph.constant(wanted, np.int64))
    return graph.cast(marks, "float")


def counts(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.counts`."""
    tables = [
        np.append(np.log1p(np.asarray(state[f"counts{place}"], np.float64)), 0.0)[:, None]
        for place in range(int(state["n_columns"]))
    ]
    return _told(graph, tables, read)


def target_mean(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.target_mean`."""
    overall = np.atleast_1d(np.asarray(state["overall"], np.float64))[None, :]
    tables = [
        np.concatenate([np.asarray(state[f"table{place}"], np.float64), overall])
        for place in range(int(state["n_columns"]))
    ]
    return _told(graph, tables, read)


def level_numbers(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.level_numbers`."""
    tables = []
    for place, (mean, scale) in enumerate(zip(state["mean"], state["scale"], strict=True)):
        known = np.append(np.asarray(state[f"table{place}"], np.float64), np.nan)
        tables.append(np.clip((known - mean) / scale, -FAR, FAR)[:, None])
    return _told(graph, tables, read)


def _told(graph: Graph, tables: list[np.ndarray], read: Read) -> str | None:
    """What a table of each column says at its codes; the last row of a table is for codes that it lacks."""
    parts = [
        graph.looked_up(table.astype(np.float32), graph.columns(read.codes, [place]), np.float32)
        for place, table in enumerate(tables)
    ]
    return graph.beside(parts) if parts else None
