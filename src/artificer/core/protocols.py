"""What an extension must be. Built-ins enter through the same doors, named by string in each stage's `BUILTIN`.

Every protocol has `API = 1`: a plugin written for another number is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from artificer.core.brief import Task
from artificer.core.clock import Clock
from artificer.core.records import Finding
from artificer_runtime.members import Member

API = 1

Settings = Mapping[str, Any]

CHECKED_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Fold:
    """What a learner is handed: rows to train on and, but for a refit, rows to watch.

    Attributes
    ----------
    X, X_valid : array of float32, (n_rows, n_features)
        Blocks side by side; NaN is missing. `X_valid` is None in a refit. Where a candidate reads words, as linear models do,
        all rows come as a `csr_array` of SciPy.
    y, y_valid : array of float64, (n_rows,)
        Class index 0 … n_classes - 1, or the target's value.
    weight, weight_valid : array of float64, (n_rows,), or None
        Row weights, not negative.
    group : array of int64, (n_rows,), or None
        Where a learner leaves rows out by itself, it leaves out whole groups.
    names : tuple of str
        Names of the features.
    categorical : tuple of int
        Positions of features that are codes of categories (float32 holding whole numbers; 0 missing, -1 unseen).
    monotone : tuple of int
        Per feature +1, -1 or 0; empty when nothing is asked.
    n_classes : int
        0 in regression.
    threads : int
        That the fit may use; what it learns must not hang on their number.
    loss : str
        What to lower, as in `Plan.loss`.
    served : array of float32, (n_served, n_features), or None
        In a refit, rows as a package meets them: edges of the schema and training rows, encoded as when predicting.
    """

    X: np.ndarray
    y: np.ndarray
    task: Task
    n_classes: int
    names: tuple[str, ...]
    X_valid: np.ndarray | None = None
    y_valid: np.ndarray | None = None
    weight: np.ndarray | None = None
    weight_valid: np.ndarray | None = None
    group: np.ndarray | None = None
    categorical: tuple[int, ...] = ()
    monotone: tuple[int, ...] = ()
    seed: int = 0
    threads: int = 1
    loss: str = ""
    served: np.ndarray | None = None

    @property
    def checked(self) -> np.ndarray:
        """Rows that the training library predicts too, for the parity certificate: the first of `X`, then `served`."""
        first = self.X[:CHECKED_ROWS]
        if self.served is None:
            return first
        return _stacked(first, self.served)


def _stacked(first: Any, then: Any) -> np.ndarray:
    """Rows above rows; of two `csr_array` by their parts, since this layer does without SciPy."""
    if isinstance(first, np.ndarray):
        return np.concatenate([first, then])
    data, indices = (np.concatenate([getattr(one, part) for one in (first, then)]) for part in ("data", "indices"))
    ends = np.concatenate([first.indptr, then.indptr[1:] + first.indptr[-1]])
    stacked: np.ndarray = type(first)((data, indices, ends), shape=(first.shape[0] + then.shape[0], first.shape[1]))
    return stacked


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a learner gives back.

    Attributes
    ----------
    member : Member
        The portable form; its predictions are those that ship.
    curve : array of float64, (n_iterations,)
        Validation loss after each iteration (of squared errors its root), or the loss times or plus a constant; empty where
        there are none.
    n_iterations : int
        Iterations that `member` holds.
    cut : bool
        Whether the clock stopped it; a cut fit is never reused as complete.
    native : array of float64, (n_checked, n_out)
        The training library's own predictions of `Fold.checked`, for the parity certificate.
    """

    member: Member
    curve: np.ndarray
    n_iterations: int
    cut: bool
    native: np.ndarray
    facts: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Learner(Protocol):
    """Trains one algorithm and gives its portable form back."""

    API: ClassVar[int]
    name: str
    version: int

    def fit(self, fold: Fold, settings: Settings, clock: Clock) -> Fitted:
        """Train until done or until the clock has run out, whichever is first."""
        ...


class Check(Protocol):
    """Looks for one kind of problem. `needs` says what of `seen` it reads."""

    API: ClassVar[int]
    code: str
    needs: frozenset[str]

    def __call__(self, seen: Any) -> Iterable[Finding]:
        """Report what was found; nothing when all is well."""
        ...
