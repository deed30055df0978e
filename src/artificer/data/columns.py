"""Work on columns, side by side where there are so many rows that threads pay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from artificer.core.tasks import ahead, n_cores, side_by_side

In = TypeVar("In")
Out = TypeVar("Out")

MANY_ROWS = 50_000


def each(work: Callable[[In], Out], items: Sequence[In], n_rows: int) -> list[Out]:
    """The results of work on every column, or on anything of so many rows, in the order of the items.

    What is worked on must stand by itself: polars and numpy release the interpreter's lock, and two may run at once.
    """
    return side_by_side(work, items, n_cores() if n_rows >= MANY_ROWS else 1)


def prepared(items: Iterator[Out], n_rows: int) -> Iterator[Out]:
    """The same items, each made while the one before it is worked on where rows are many."""
    return ahead(items) if n_rows >= MANY_ROWS else items
