"""What flows along the line, part one: what is measured, noticed and decided.

Frozen records, saved by `core.store`. A `Finding` says that something is so, a `Decision` why the line acted as it
did, an `Estimate` how far a figure can be trusted. Audit, judge and track all speak in findings, so that one renderer
shows them and one ledger keeps them. What the stages hand on is in `core.stages`; the client's wishes in `core.brief`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "blocker"]
Outcome = Literal["met", "not shown", "unmet"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured figure and how far it can be trusted.

    Attributes
    ----------
    value, low, high : float
        The figure and its interval, in the same unit.
    method : str
        How it was measured, for instance ``"DeLong"``.
    n : int
        How many independent units it rests on: rows, or periods, or folds; the method says which.
    level : float
        Share of such intervals that hold the truth, between 0 and 1.
    """

    value: float
    low: float
    high: float
    method: str
    n: int
    level: float = 0.95

    @property
    def is_gain(self) -> bool:
        """Whether the whole interval lies above zero.

        >>> Estimate(0.02, 0.01, 0.03, "paired bootstrap", n=400).is_gain
        True
        """
        return self.low > 0

    def __neg__(self) -> Estimate:
        return Estimate(-self.value, -self.high, -self.low, self.method, self.n, self.level)


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely one of two is better, as good, or worse, given what was measured.

    Attributes
    ----------
    better, same, worse : float
        Chances that the difference lies above, within and below the region of practical equivalence; they add up to 1.
    within : float
        Differences up to this do not matter, in the metric's units.
    method : str
        How it was measured.
    """

    better: float
    same: float
    worse: float
    within: float
    method: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One piece of evidence: ``Fact("share_missing", 0.25, "share of rows")``."""

    name: str
    value: float | str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the engineer noticed, with its evidence and its remedy.

    Attributes
    ----------
    code : str
        Stable name of the check that made it; also its anchor in the docs.
    where : str
        The column, slice or table it concerns.
    says, fix : str
        One sentence each, for a person.
    effect : Estimate or None
        Change of the score in the metric's units if it is mended (positive: better); None when not measured.
    """

    code: str
    severity: Severity
    where: str
    says: str
    fix: str
    facts: tuple[Fact, ...] = ()
    effect: Estimate | None = None

    def _repr_html_(self) -> str:
        from artificer.core.report.notebook import finding_html

        return finding_html(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice that the line made by itself.

    Attributes
    ----------
    stage : str
        Which of the twelve stages made it.
    question, choice, because : str
        What was asked, what was chosen, and why, for a person.
    alternatives : tuple of str
        What else was possible.
    """

    stage: str
    question: str
    choice: str
    because: str
    alternatives: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
