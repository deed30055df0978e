"""Arithmetic on fits: errors of two systems set by set, ranks, and the figures of one system over all sets.

What is not measured stays absent: nothing here fills a gap. Two systems are compared on the seeds that both have.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from scipy import stats

from peers.lines import Fit, Line

LEAST_ERROR = 1e-6  # an error of 0 has no logarithm
LATE_SHARE, LATE_S = 0.05, 2.0
RANKED_SHARE = 0.75
Runner = tuple[str, float]  # a system and its budget in seconds
Figures = Mapping[Fit, Line]


@dataclass(frozen=True, slots=True)
class Pair:
    """How one runner's errors compare with another's.

    Attributes
    ----------
    ratios : dict of str to float
        By set: log(error / the other's error), the mean over the seeds that both have; negative is better.
    """

    ratios: Mapping[str, float]

    @property
    def wins(self) -> int:
        """Sets on which it errs less."""
        return sum(ratio < 0 for ratio in self.ratios.values())

    @property
    def mean(self) -> float:
        """Mean log-ratio over sets."""
        return statistics.fmean(self.ratios.values())

    def interval(self) -> tuple[float, float] | None:
        """95% interval of the mean by Student's t over sets; None below two sets."""
        if len(self.ratios) < 2:
            return None
        spread = statistics.stdev(self.ratios.values()) / math.sqrt(len(self.ratios))
        half = float(stats.t.ppf(0.975, len(self.ratios) - 1)) * spread
        return self.mean - half, self.mean + half


def runners(figures: Figures) -> list[Runner]:
    """Systems and budgets that there are lines of, Artificer first."""
    found = {(fit.system, fit.budget) for fit in figures}
    return sorted(found, key=lambda one: (one[0] != "artificer", one[1], one[0]))


def errors(figures: Figures, runner: Runner) -> dict[str, dict[int, float]]:
    """By set and seed, where there is a model."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for fit, line in figures.items():
        if (fit.system, fit.budget) == runner and line.get("error") is not None:
            found[fit.name][fit.seed] = line["error"]
    return dict(found)


def pair(figures: Figures, one: Runner, other: Runner) -> Pair:
    """Compare two runners on the sets and seeds on which both have a model."""
    ours, theirs = errors(figures, one), errors(figures, other)
    ratios = {}
    for name in sorted(ours.keys() & theirs.keys()):
        both = sorted(ours[name].keys() & theirs[name].keys())
        if both:
            ratios[name] = statistics.fmean(_log_ratio(ours[name][seed], theirs[name][seed]) for seed in both)
    return Pair(ratios)


def _log_ratio(error: float, other: float) -> float:
    return math.log(max(error, LEAST_ERROR) / max(other, LEAST_ERROR))


def mean_ranks(figures: Figures, budget: float) -> tuple[dict[Runner, float], int]:
    """Mean rank (1 is best, ties share) of the runners of one budget, and over how many sets.

    Ranked are those with a model on at least three quarters of the sets, on the sets and seeds that all of them have.
    """
    found = {one: errors(figures, one) for one in runners(figures) if one[1] == budget}
    n_sets = len({name for sets in found.values() for name in sets})
    found = {one: sets for one, sets in found.items() if len(sets) >= RANKED_SHARE * n_sets}
    if len(found) < 2:
        return {}, 0
    ranks: list[list[float]] = []
    for name in sorted(set.intersection(*(set(sets) for sets in found.values()))):
        common = set.intersection(*(set(sets[name]) for sets in found.values()))
        if common:
            means = [statistics.fmean(sets[name][seed] for seed in common) for sets in found.values()]
            ranks.append(stats.rankdata(means).tolist())
    return {one: statistics.fmean(column) for one, column in zip(found, zip(*ranks, strict=True), strict=False)}, len(
        ranks
    )


def values(figures: Figures, runner: Runner, of: Callable[[Line], float | None]) -> dict[Fit, float]:
    """One figure of a runner, where it was measured."""
    mine = {fit: of(line) for fit, line in figures.items() if (fit.system, fit.budget) == runner}
    return {fit: value for fit, value in mine.items() if value is not None}


def late_s(line: Line, counted: str = "all_s") -> float | None:
    """Seconds over the budget (negative: under) of all that is counted, or of `fit_s` alone."""
    return None if counted not in line else line[counted] - line["budget"]


def is_late(line: Line, counted: str = "all_s") -> bool:
    """Whether a fit ended later than its budget and 5% of it, or 2 s where that is more."""
    late = late_s(line, counted)
    return late is not None and late > max(LATE_SHARE * line["budget"], LATE_S)


def failures(figures: Figures) -> Iterable[tuple[Fit, str]]:
    """Fits without a model, and why."""
    return [(fit, line["failed"]) for fit, line in sorted(figures.items()) if "failed" in line]
