"""From `design`: the system before it is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from artificer.core.records import Decision


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learner, its settings, and the blocks of features that it reads."""

    name: str
    learner: str
    settings: dict[str, Any] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """From `design`: the system before it is built.

    Attributes
    ----------
    metric : str
        What candidates are compared by.
    transform : str
        "log1p" when learners train on the target's logarithm, else "".
    loss : str
        What learners lower: "" is log loss for classes and squared error for numbers; else "absolute", "quantile:0.9",
        "poisson" or "tweedie:1.5".
    class_weight : tuple of float
        What rows of each class weigh in training, by class index; empty where all weigh alike. Scores never see it.
    candidates : tuple of Candidate
        In the order in which they are tried; `encode` fills in their blocks.
    folds_tried : int
        How many of the folds are trained on.
    n_variants : int
        How many candidates, at the end, are only tried while they help.
    n_seeds : int
        With how many seeds what has chance in it is refitted, where the clock allows.
    mending : tuple of str
        Names of candidates that may be made for where the others err.
    search_rows : int
        Rows of each fold that candidates are trained on; 0 is all. The final fit reads all, where there is time.
    unread : tuple of str
        Columns of texts that nothing is made of, for want of time.
    """

    metric: str
    candidates: tuple[Candidate, ...]
    folds_tried: int
    transform: str = ""
    loss: str = ""
    class_weight: tuple[float, ...] = ()
    max_members: int = 6
    n_variants: int = 0
    n_seeds: int = 1
    search_rows: int = 0
    unread: tuple[str, ...] = ()
    mending: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
