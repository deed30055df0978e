"""Words of a text, weighted; what they tell of the target; and a few factors of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from artificer.line.ship.onnx import texts
from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.steps import Read
from artificer_runtime.recipe import FittedRecipe
from artificer_runtime.steps.text_shape import COUNTED, SHARED


def words(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.words`."""
    parts = [_weighted(graph, state, place, read) for place in range(read.n_texts) if state[f"words{place}"]]
    return graph.beside(parts) if parts else None


def text_score(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.text_score`."""
    overall = graph.constant(np.atleast_1d(np.asarray(state["overall"], np.float64))[None, :])
    parts = []
    for place in range(read.n_texts):
        if state[f"words{place}"]:
            weights = graph.cast(_weighted(graph, state, place, read), "double")
            told = graph.add("MatMul", weights, graph.constant(state[f"coefficients{place}"]))
        else:  # what is told of every text
            length = graph.cast(texts.length(graph, graph.columns(read.texts, [place])), "double")
            told = graph.add("Mul", length, graph.constant(0.0))
        parts.append(graph.cast(graph.add("Add", told, overall), "float"))
    return graph.beside(parts)


def word_factors(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.word_factors`."""
    parts = []
    for place in range(read.n_texts):
        directions = np.asarray(state[f"directions{place}"], np.float64)
        if directions.size:
            weights = graph.cast(_weighted(graph, state, place, read), "double")
            parts.append(graph.cast(graph.add("MatMul", weights, graph.constant(directions)), "float"))
        parts.append(graph.cast(texts.length(graph, graph.columns(read.texts, [place])), "float"))
    return graph.beside(parts)


def text_shape(graph: Graph, state: Mapping[str, Any], read: Read) -> str | None:
    """`artificer_runtime.steps.text_shape`."""
    parts = []
    for place in range(read.n_texts):
        counts = texts.shape(graph, graph.columns(read.texts, [place]))
        n = {name: graph.cast(count, "double") for name, count in counts.items()}
        one = graph.constant(1.0)
        parts.append(graph.add("Log", graph.add("Add", graph.beside([n[name] for name in COUNTED]), one)))
        parts.append(
            graph.add("Div", graph.beside([n[name] for name in SHARED]), graph.add("Max", n["characters"], one))
        )
    return graph.cast(graph.beside(parts), "float")


def known(recipe: FittedRecipe) -> dict[str, list[str]]:
    """What the steps know of each column of texts: words and runs of letters."""
    found: dict[str, list[str]] = {}
    for block in recipe.recipe.blocks:
        for place, column in enumerate(block.columns):
            found.setdefault(column, []).extend(recipe.states[block.name].get(f"words{place}", ()))
    return {column: words for column, words in found.items() if words}


def _weighted(graph: Graph, state: Mapping[str, Any], place: int, read: Read) -> str:
    """Float [n, n_words], rows of length one or zero."""
    known, text = state[f"words{place}"], graph.columns(read.texts, [place])
    counts = graph.cast(texts.counted(graph, text, known, state.get("letters", ())), "double")
    one = graph.constant(1.0)
    often = graph.add("Add", graph.add("Log", graph.add("Max", counts, one)), one)
    weights = graph.add("Mul", often, graph.constant(state[f"rarity{place}"]))
    held = graph.add("Mul", weights, graph.add("Min", counts, one))  # 0 where it stands nowhere: quicker than to choose
    squares = graph.add("ReduceSum", graph.add("Mul", held, held), graph.constant([1], np.int64), keepdims=1)
    length = graph.where(graph.add("Greater", squares, graph.constant(0.0)), graph.add("Sqrt", squares), one)
    return graph.cast(graph.add("Div", held, length), "float")
