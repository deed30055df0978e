"""A recipe: named blocks of features, each made by one step from columns of one group; fitted on training rows only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from artificer_runtime import steps
from artificer_runtime.schema import Encoded, Schema

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Features that one step makes of some columns.

    Attributes
    ----------
    step : str
        Versioned name, such as ``"numbers@1"``.
    """

    name: str
    step: str
    columns: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Blocks that may be made of a table."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class FittedRecipe:
    """A recipe and what its steps learned.

    Attributes
    ----------
    states : block name → JSON values and arrays
    """

    recipe: Recipe
    schema: Schema
    states: Mapping[str, State]

    def apply(self, encoded: Encoded, names: Collection[str]) -> dict[str, np.ndarray]:
        """Make the named blocks: float32 (n_rows, n_features) each."""
        wanted = [block for block in self.recipe.blocks if block.name in names]
        return {
            block.name: steps.load(block.step).apply(self.states[block.name], columns_of(self.schema, block, encoded))
            for block in wanted
        }

    def names(self, name: str) -> tuple[str, ...]:
        """Names of a block's features."""
        block = next(block for block in self.recipe.blocks if block.name == name)
        names: tuple[str, ...] = steps.load(block.step).names(self.states[name], block.columns)
        return names


def fit_recipe(
    recipe: Recipe,
    schema: Schema,
    encoded: Encoded,
    y: np.ndarray,
    *,
    n_classes: int,
    weight: np.ndarray | None = None,
    seed: int = 0,
    group: np.ndarray | None = None,
) -> tuple[FittedRecipe, dict[str, np.ndarray]]:
    """Fit every step on training rows.

    Parameters
    ----------
    y : array of float64, (n_rows,)
        Class index, or value when `n_classes` is 0.
    group : array of int64, (n_rows,), optional
        Rows of one group are cross-fitted together.

    Returns
    -------
    FittedRecipe
    dict of str to array of float32, (n_rows, n_features)
        Blocks to train on: cross-fitted where a step reads the target.
    """
    states, blocks = {}, {}
    for block in recipe.blocks:
        task = steps.Task(n_classes, weight, seed, group)
        values = columns_of(schema, block, encoded)
        states[block.name], blocks[block.name] = steps.fit_apply(
            steps.load(block.step), values, y, task, block.settings
        )
    return FittedRecipe(recipe, schema, states), blocks


def columns_of(schema: Schema, block: Block, encoded: Encoded) -> np.ndarray:
    """What a block's step reads: its columns of encoded rows, (n_rows, n_columns)."""
    group = steps.load(block.step).READS
    if group == "mixed":
        n_numbers = len(block.columns) - int(block.settings["n_codes"])
        numbers = encoded.numbers[:, schema.positions("numbers", block.columns[:n_numbers])]
        return np.concatenate([numbers, encoded.codes[:, schema.positions("codes", block.columns[n_numbers:])]], axis=1)
    matrix: np.ndarray = getattr(encoded, group)
    positions = schema.positions(group, block.columns)
    return matrix if positions == list(range(matrix.shape[1])) else matrix[:, positions]
