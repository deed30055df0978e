"""Encoders, one a file: columns of one group → a block of float32 features.

A step is a module with `VERSION`, `READS` (the group of arrays it reads), `fit(values, y, task, settings) → state`,
`apply(state, values) → float32 (n_rows, n_features)`, `names(state, columns)` and `sources(state, n_columns)`. One that
reads the target has `fit_apply` as well, which gives the training rows cross-fitted features. One that reads "mixed" is
handed numbers and then codes as one matrix of float64, and told in its settings how many of the last columns are codes. A
state holds JSON values and arrays. Where a step has `single(state)`, that gives what makes one row's features without numpy,
to the same bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol

import numpy as np

from artificer_runtime.errors import PackageError
from artificer_runtime.parts import dealt

BUILTIN = (
    "codes",
    "counts",
    "date_gaps",
    "dates",
    "engineered",
    "hinges",
    "level_numbers",
    "number_means",
    "numbers",
    "one_hot",
    "scaled",
    "target_mean",
    "text_score",
    "text_shape",
    "word_factors",
    "words",
)

PARTS = 5
State = dict[str, Any]
Sources = list[tuple[int, ...]]  # of each feature, positions of the columns that it is made of
Single = Callable[[Sequence[Any]], Sequence[float]]  # one row's values → its features, as numbers of float64


@dataclass(frozen=True, slots=True)
class Task:
    """What a step may know of the task: classes (0 in regression), row weights, the seed, groups.

    Attributes
    ----------
    group : array of int64, (n_rows,), or None
        Rows of one group are told nothing by one another, as the rows that a model meets are of other groups.
    """

    n_classes: int
    weight: np.ndarray | None = None
    seed: int = 0
    group: np.ndarray | None = None

    def parts(self, n_rows: int) -> np.ndarray:
        """Which of five parts each training row is in, that the others tell about: int64 (n_rows,)."""
        return dealt(PARTS, n_rows, np.random.default_rng(self.seed), group=self.group)


class Step(Protocol):
    """What a step's module offers."""

    VERSION: int
    READS: Literal["numbers", "codes", "times", "texts", "mixed"]

    def fit(self, values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
        """Learn from training rows."""
        ...

    def apply(self, state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Make features."""
        ...

    def names(self, state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
        """Name the features."""
        ...

    def sources(self, state: Mapping[str, Any], n_columns: int) -> Sources:
        """Say which of the step's columns each feature is made of."""
        ...


@cache
def load(step: str) -> Any:
    """Find a step by its versioned name.

    Raises
    ------
    PackageError
        When there is none of this name and version.
    """
    name, _, version = step.partition("@")
    module = import_module(f"artificer_runtime.steps.{name}") if name in BUILTIN else None
    if module is None or str(module.VERSION) != version:
        raise PackageError(
            f"the step '{step}' is not known here; known: {', '.join(BUILTIN)}, each in version 1. The package was made by "
            "another version: upgrade artificer-runtime"
        )
    return module


def fit_apply(
    step: Any, values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]
) -> tuple[State, np.ndarray]:
    """Fit a step and make the block of its training rows."""
    if hasattr(step, "fit_apply"):
        made: tuple[State, np.ndarray] = step.fit_apply(values, y, task, settings)
        return made
    state = step.fit(values, y, task, settings)
    return state, step.apply(state, values)
