"""From `describe`: each column's story and how columns go together."""

from __future__ import annotations

from dataclasses import dataclass, field

from artificer.core.description import (
    AtRandom,
    ByLevel,
    Clusters,
    Collinearity,
    Course,
    Gap,
    Map,
    MoreRows,
    Pair,
    Pattern,
)
from artificer.core.records import Decision, Estimate, Fact, Finding


@dataclass(frozen=True, slots=True)
class ColumnStory:
    """One column, described.

    Attributes
    ----------
    counts : tuple of int
        Rows in each of at most 24 bins of equal width, or in the commonest levels.
    labels : tuple of str
        What the bins or levels are.
    association : Estimate or None
        Strength of the relation to the target, 0 to 1, and how it was measured.
    estimates : tuple of (str, Estimate)
        Mean, median, quartiles and shares, with intervals.
    """

    name: str
    kind: str
    share_missing: float
    n_distinct: float
    counts: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    association: Estimate | None = None
    estimates: tuple[tuple[str, Estimate], ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """From `describe`: distributions and associations, with intervals.

    Attributes
    ----------
    columns : tuple of ColumnStory
        Of the features and, last, the target.
    pairs : tuple of Pair
        Features that go together most.
    target_over_time : tuple of (str, Estimate)
        Each period's first day, and the share or mean there.
    cut : bool
        Whether the clock left something unmeasured.
    """

    n_rows: int
    columns: tuple[ColumnStory, ...]
    pairs: tuple[Pair, ...] = ()
    together: Map = field(default_factory=Map)
    patterns: tuple[Pattern, ...] = ()
    gaps: tuple[Gap, ...] = ()
    at_random: AtRandom | None = None
    collinearity: Collinearity = field(default_factory=Collinearity)
    courses: tuple[Course, ...] = ()
    clusters: tuple[Clusters, ...] = ()
    by_level: tuple[ByLevel, ...] = ()
    more_rows: MoreRows | None = None
    target_facts: tuple[Fact, ...] = ()
    target_over_time: tuple[tuple[str, Estimate], ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    cut: bool = False
