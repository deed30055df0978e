"""Write members and the representation that they read as a package's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from artificer.line.fit.course import Course
from artificer_runtime.package import Contents, Weighted, write
from artificer_runtime.recipe import FittedRecipe, Recipe


def write_model(track: Course, target: str, recipe: FittedRecipe, members: Sequence[Weighted], folder: Path) -> str:
    """Write a model that the runtime loads, and give the model hash.

    Parameters
    ----------
    recipe : FittedRecipe
        Its blocks that no member reads are left out.
    folder : Path
        Must not exist.
    """
    asked = track.asked
    contents = Contents(
        task=asked.task,
        target=target,
        classes=asked.classes,
        class_kind=asked.class_kind,
        recipe=only(recipe, {block for member in members for block in member.blocks}),
        members=tuple(members),
        transform=track.plan.transform,
    )
    return write(folder, contents)


def only(fitted: FittedRecipe, names: set[str]) -> FittedRecipe:
    """The part of a fitted recipe that a model needs."""
    blocks = tuple(block for block in fitted.recipe.blocks if block.name in names)
    return FittedRecipe(Recipe(blocks), fitted.schema, {block.name: fitted.states[block.name] for block in blocks})
