"""Members and the representation that they read, as what a package holds."""

from __future__ import annotations

from collections.abc import Sequence

from artificer.line.fit.course import Course
from artificer_runtime.package import Contents, Weighted
from artificer_runtime.recipe import FittedRecipe, Recipe


def contents(track: Course, target: str, recipe: FittedRecipe, members: Sequence[Weighted]) -> Contents:
    """What a package says about a blend of these members.

    Parameters
    ----------
    recipe : FittedRecipe
        Its blocks that no member reads are left out.
    """
    asked = track.asked
    return Contents(
        task=asked.task,
        target=target,
        classes=asked.classes,
        class_kind=asked.class_kind,
        recipe=only(recipe, {block for member in members for block in member.blocks}),
        members=tuple(members),
        transform=track.plan.transform,
    )


def only(fitted: FittedRecipe, names: set[str]) -> FittedRecipe:
    """The part of a fitted recipe that a model needs."""
    blocks = tuple(block for block in fitted.recipe.blocks if block.name in names)
    return FittedRecipe(Recipe(blocks), fitted.schema, {block.name: fitted.states[block.name] for block in blocks})
