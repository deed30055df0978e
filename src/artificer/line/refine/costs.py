"""What a blend would cost to use, from its parts: reading a row, making the blocks, and each member's time and size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from artificer.core.clock import median_ms
from artificer.line.refine.refit import Refits
from artificer_runtime.recipe import FittedRecipe
from artificer_runtime.schema import Schema


@dataclass(frozen=True)
class Costs:
    """Costs of the candidates of one race, each measured once."""

    refits: Refits

    def one_ms(self, names: Iterable[str]) -> float:
        """Milliseconds that a blend of these would take for one row, from a dict to its prediction."""
        candidates = [self.refits.trials[name].candidate for name in names]
        blocks = {block for candidate in candidates for block in candidate.blocks}
        members = sum(self.refits.trials[candidate.name].one_ms for candidate in candidates)
        return self._reading_ms + sum(self._block_ms(block) for block in blocks) + members

    def row_us(self, names: Iterable[str]) -> float:
        """Microseconds a row in batches, members alone."""
        return sum(self.refits.trials[name].row_us for name in names)

    def size_mb(self, names: Iterable[str]) -> float:
        """Size of the members' arrays in megabytes."""
        return sum(self.refits.trials[name].size_mb for name in names)

    @cached_property
    def _known(self) -> dict[str, float]:
        return {}

    def _once(self, what: str, measure: Callable[[], float]) -> float:
        if what not in self._known:
            self._known[what] = measure()
        return self._known[what]

    @cached_property
    def _recipe(self) -> tuple[FittedRecipe, Schema, dict[str, object]]:
        recipe, frame = self.refits.recipe, self.refits.course.rows.frame
        names = [column.name for column in recipe.schema.columns]
        return recipe, recipe.schema, frame.select(names).row(0, named=True)

    @cached_property
    def _reading_ms(self) -> float:
        _, schema, row = self._recipe
        return median_ms(lambda: schema.encode(row))

    def _block_ms(self, block: str) -> float:
        recipe, schema, row = self._recipe
        encoded = schema.encode(row)
        return self._once(f"block {block}", lambda: median_ms(lambda: recipe.apply(encoded, [block])))
