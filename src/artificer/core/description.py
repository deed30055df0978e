"""What `describe` hands on beside the columns' own stories: records of relations, gaps, time, groups and power."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.figures import likely
from artificer.core.records import Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features that go together.

    Attributes
    ----------
    strength : Estimate
        0 to 1.
    p_adjusted : float
        Corrected for all pairs that were looked at (Benjamini-Hochberg).
    """

    first: str
    second: str
    strength: Estimate
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Map:
    """Strengths between columns at a coarse look, those that go together beside each other.

    Attributes
    ----------
    strengths : tuple of tuple of float
        0 to 1, symmetric, in the order of the names.
    """

    names: tuple[str, ...] = ()
    strengths: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """Columns that are missing together, and nothing else with them.

    Attributes
    ----------
    columns : tuple of str
        Empty for rows that lack nothing.
    share : Estimate
        Of all rows.
    """

    columns: tuple[str, ...]
    share: Estimate


@dataclass(frozen=True, slots=True)
class Gap:
    """What it tells that a column's value is missing.

    Attributes
    ----------
    share : Estimate
        Of rows without a value.
    tells : Estimate
        Strength of the gap's relation to the target, 0 to 1; `p_adjusted` is corrected for all gaps.
    hangs_on : str
        The column by which gaps are told best; "" where none tells them more than chance could. Then values may be
        missing completely at random; else at best at random given that column.
    hanging : Estimate or None
        How strongly, 0 to 1; `p_hanging` is corrected for all columns and gaps that were looked at.
    """

    column: str
    share: Estimate
    tells: Estimate
    p_adjusted: float
    hangs_on: str = ""
    hanging: Estimate | None = None
    p_hanging: float = 1.0


@dataclass(frozen=True, slots=True)
class AtRandom:
    """Little's test that numbers are missing completely at random.

    Attributes
    ----------
    statistic, freedom : float, int
        Chi-squared, and its degrees of freedom.
    p : float
        Chance of so large a statistic where they are: a small one shows that gaps hang on known values, a large one
        shows nothing.
    n_patterns, n_rows : int
        Sets of columns that are missing together in ten rows or more, and rows that were read.
    """

    statistic: float
    freedom: int
    p: float
    n_patterns: int
    n_rows: int


@dataclass(frozen=True, slots=True)
class Redundant:
    """Columns of which one says nearly what the others say.

    Attributes
    ----------
    columns : tuple of str
    keep : str
        The one that tells most of the target.
    strength : float
        The least between any two of them, 0 to 1.
    """

    columns: tuple[str, ...]
    keep: str
    strength: float


@dataclass(frozen=True, slots=True)
class Collinearity:
    """How far numbers are sums of each other.

    Attributes
    ----------
    inflation : tuple of (str, float)
        By how much a linear model's variance of each column's weight grows because the others are there (variance
        inflation factor), the largest first; infinite for a sum of the others.
    condition : float
        Condition number of the standardised numbers: from 30 on, weights of a linear model are unsteady (Belsley,
        Kuh and Welsch 1980).
    """

    inflation: tuple[tuple[str, float], ...] = ()
    condition: float = 1.0
    redundant: tuple[Redundant, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """A pattern that comes back: of the hour of the day, the weekday, or the month.

    Attributes
    ----------
    strength : float
        Share of what trend and other cycles leave that this one explains, 0 to 1 (Wang, Smith and Hyndman 2006).
    p_adjusted : float
        Corrected for all trends and cycles that were looked at.
    levels : tuple of (str, Estimate)
        Each level's distance from the mean of all levels.
    """

    name: str
    strength: float
    p_adjusted: float
    levels: tuple[tuple[str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Course:
    """How a column moves in time.

    Attributes
    ----------
    what : str
        "mean", or the share of which class or level.
    every : str
        Length of the periods that were compared: "1h", "1d", "1w", "1mo".
    trend : Estimate
        Change in each `per` ("day", "month", "year"), cycles apart.
    autocorrelation : Estimate
        Between one period and the next, of what trend and cycles leave.
    """

    column: str
    what: str
    every: str
    n_periods: int
    trend: Estimate
    per: str
    p_adjusted: float
    cycles: tuple[Cycle, ...]
    autocorrelation: Estimate


@dataclass(frozen=True, slots=True)
class Clusters:
    """How alike rows of one group are in the target.

    Attributes
    ----------
    named : bool
        Whether the brief names the column as its group; else it only looks like one.
    alike : Estimate
        Intraclass correlation: 0 when groups mean nothing, 1 when a group has one value.
    design_effect : float
        By how much groups widen the variance of the target's mean.
    effective_rows : Estimate
        How many independent rows would tell as much about it.
    """

    column: str
    named: bool
    n_groups: int
    alike: Estimate
    p_adjusted: float
    design_effect: float
    effective_rows: Estimate


@dataclass(frozen=True, slots=True)
class MoreRows:
    """What more rows would bring: the yardstick's score on growing shares of the training rows, and its curve.

    Attributes
    ----------
    measured : tuple of (int, Estimate)
        Training rows, and the score on rows that did not train, in the metric.
    curve : tuple of (int, Estimate)
        The fitted curve, as far as twice the rows there are.
    n_rows : int
        Rows there are.
    gain : Estimate
        What twice the rows would add to the score, positive where it is better.
    """

    metric: str
    measured: tuple[tuple[int, Estimate], ...]
    curve: tuple[tuple[int, Estimate], ...]
    n_rows: int
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Level:
    """The target in one level or bin of a column.

    Attributes
    ----------
    value : float
        Its share or mean among these rows.
    shrunk : Estimate
        What it is believed to be, drawn towards the mean of all levels the more, the fewer rows it has.
    """

    name: str
    n_rows: int
    value: float
    shrunk: Estimate


@dataclass(frozen=True, slots=True)
class Above:
    """How likely the target lies higher in one level than in another."""

    first: str
    second: str
    chance: float


@dataclass(frozen=True, slots=True)
class ByLevel:
    """The target by the levels, or bins, of a column.

    Attributes
    ----------
    what : str
        "mean", or the share of which class.
    prior_rows : float
        How many rows the mean of all levels weighs in each level's estimate.
    above : tuple of Above
        The highest level against the next, and against the lowest where that is another; levels without a name apart.
    """

    column: str
    what: str
    overall: Estimate
    levels: tuple[Level, ...]
    prior_rows: float
    above: tuple[Above, ...] = ()

    @property
    def in_words(self) -> str:
        """Which level is highest, and about how sure that is (bench/coverage.py); "" where there are no two to compare."""
        if not self.above:
            return ""
        following, lowest = self.above[0], self.above[-1]
        first = f"'{following.first}'"
        if following is lowest:
            return f"{first} lies above '{following.second}' with a chance of {likely(following.chance)} (approximate)"
        return (
            f"{first} is highest: above '{following.second}', the next, with a chance of {likely(following.chance)}, and "
            f"above '{lowest.second}', the lowest, with {likely(lowest.chance)} (approximate)"
        )
