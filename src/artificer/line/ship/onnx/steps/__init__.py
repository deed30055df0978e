"""Steps of a recipe as operators, by their versioned names: what `artificer_runtime.steps` does with arrays.

A step is a function `(graph, state, read) → block`: the name of a float matrix, or None where it makes no feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from artificer.core.errors import ArtificerError
from artificer.line.ship.onnx.columns import Raw
from artificer.line.ship.onnx.graph import Graph
from artificer.line.ship.onnx.texts import readable
from artificer_runtime.recipe import FittedRecipe
from artificer_runtime.steps import load

BUILTIN = {
    "codes@1": "categories:codes",
    "counts@1": "categories:counts",
    "date_gaps@1": "moments:date_gaps",
    "dates@1": "moments:dates",
    "engineered@1": "engineered:engineered",
    "hinges@1": "numbers:hinges",
    "level_numbers@1": "categories:level_numbers",
    "number_means@1": "number_means:number_means",
    "numbers@1": "numbers:numbers",
    "one_hot@1": "categories:one_hot",
    "scaled@1": "numbers:scaled",
    "target_mean@1": "categories:target_mean",
    "text_score@1": "words:text_score",
    "text_shape@1": "words:text_shape",
    "word_factors@1": "words:word_factors",
    "words@1": "words:words",
}
TEXTS = ("text_score@1", "text_shape@1", "word_factors@1", "words@1")


@dataclass(frozen=True, slots=True)
class Read:
    """What a step reads: its columns side by side, and how many they are; numbers stand before codes."""

    numbers: str = ""
    codes: str = ""
    times: str = ""
    texts: str = ""
    n_numbers: int = 0
    n_codes: int = 0
    n_times: int = 0
    n_texts: int = 0


def refused(recipe: FittedRecipe, names: Sequence[str]) -> None:
    """Refuse what has no operators, before anything is built.

    Raises
    ------
    ArtificerError
        Naming the step and its columns.
    """
    for block in recipe.recipe.blocks:
        if block.name not in names:
            continue
        state = recipe.states[block.name]
        for place, column in enumerate(block.columns):
            if block.step in TEXTS and not readable(state.get(f"words{place}", ())):
                raise ArtificerError(
                    f"the step '{block.step}' of '{column}' cannot be written as ONNX: it knows words with the Greek sigma, "
                    "whose small letter hangs on the letters beside it, or letters one by one. Leave the column out "
                    "([features] exclude) and run again, or ship the package itself: it needs numpy alone"
                )
        if block.step not in BUILTIN:
            columns = ", ".join(f"'{one}'" for one in block.columns)
            raise ArtificerError(
                f"the step '{block.step}' of {columns} cannot be written as ONNX yet; ship the package itself: it needs "
                "numpy alone"
            )


def made(graph: Graph, recipe: FittedRecipe, raw: Raw, names: Sequence[str]) -> dict[str, str]:
    """Make the named blocks; one without features is absent."""
    blocks: dict[str, str] = {}
    for block in recipe.recipe.blocks:
        if block.name in names:
            module, _, function = BUILTIN[block.step].partition(":")
            step = getattr(import_module(f"artificer.line.ship.onnx.steps.{module}"), function)
            features = step(graph, recipe.states[block.name], _read(graph, recipe, raw, block))
            if features is not None:
                blocks[block.name] = features
    return blocks


def _read(graph: Graph, recipe: FittedRecipe, raw: Raw, block: Any) -> Read:
    group = load(block.step).READS
    n_codes = int(block.settings["n_codes"]) if group == "mixed" else 0
    n_numbers = len(block.columns) - n_codes
    parts: Mapping[Any, Sequence[str]] = (
        {"numbers": block.columns[:n_numbers], "codes": block.columns[n_numbers:]}
        if group == "mixed"
        else {group: block.columns}
    )
    found: dict[str, Any] = {}
    for name, columns in parts.items():
        if columns:
            found[name] = graph.columns(raw.groups[name], recipe.schema.positions(name, columns))
            found[f"n_{name}"] = len(columns)
    return Read(**found)
