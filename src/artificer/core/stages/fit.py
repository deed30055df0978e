"""From `fit`: what was tried, and how far each try came."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from artificer.core.figures import in_chances
from artificer.core.records import Chances, Decision, Estimate
from artificer.core.stages.design import Candidate


@dataclass(frozen=True, slots=True)
class FoldFit:
    """One candidate trained on one fold; its files stand in the folder of its task.

    Attributes
    ----------
    loss, score : float
        On the fold's rows: what the learner lowers, and the plan's metric; NaN in a refit.
    """

    candidate: str
    fold: int
    folder: str
    n_iterations: int
    seconds: float
    cut: bool
    loss: float
    score: float = math.nan
    parity: float = 0.0
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate's way through the race.

    Attributes
    ----------
    score : Estimate or None
        Out of fold, in the plan's metric; None when it did not finish.
    n_iterations : int
        The one iteration that all folds' predictions are made at (0: the learner has none).
    row_us, size_mb : float
        Microseconds per row in batches, and size, of one fold's member.
    dropped : str
        Why it went no further; "" for those that finished.
    one_ms : float
        Milliseconds that the member takes for one row by itself.
    """

    candidate: Candidate
    fits: tuple[FoldFit, ...] = ()
    score: Estimate | None = None
    n_iterations: int = 0
    seconds: float = 0.0
    row_us: float = 0.0
    size_mb: float = 0.0
    dropped: str = ""
    one_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The best candidate and the next, over the folds.

    Attributes
    ----------
    chances : Chances
        How likely the first is better than the second.
    """

    first: str
    second: str
    chances: Chances

    @property
    def in_words(self) -> str:
        """The comparison in a sentence."""
        return f"{self.first} against {self.second}, the next: {in_chances(self.chances)}"


@dataclass(frozen=True, slots=True)
class Trained:
    """From `fit`: what was tried.

    Attributes
    ----------
    predictions : str
        Names an npz of each finished trial's out-of-fold predictions.
    encode_s : float
        Seconds that fitting the representation on all rows takes, by what the first fold took.
    metric : str
        The plan's, which trials are scored by.
    runner_up : RunnerUp or None
        None where fewer than two finished, or on a single fold.
    """

    trials: tuple[Trial, ...]
    predictions: str
    n_folds: int
    cut: bool
    encode_s: float = 0.0
    decisions: tuple[Decision, ...] = ()
    metric: str = ""
    runner_up: RunnerUp | None = None
