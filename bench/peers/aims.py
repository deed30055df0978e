"""What Artificer aims at beside its peers, each with the sets on which it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from peers.compare import Figures, Runner, errors, is_late, pair, values
from peers.lines import Fit, Line

OURS, BEST, LONG, BOOSTED = ("artificer", 60.0), ("autogluon_best", 60.0), ("autogluon_best", 600.0), ("lightgbm", 60.0)
FEWEST_SETS = 30


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim: it holds on `n_met` of `n` sets (or fits), and is reached at a share of `least`."""

    says: str
    n_met: int
    n: int
    least: float = 1.0

    @property
    def verdict(self) -> str:
        """ "met", "not met" or "not measured"."""
        if not self.n:
            return "not measured"
        return "met" if self.n_met >= self.least * self.n else "not met"


def aims(figures: Figures) -> Iterator[Aim]:
    """All aims at 60 s, from the lines that there are."""
    n_sets = len({fit.name for fit in figures if (fit.system, fit.budget) == OURS})
    yield Aim(f"sets measured, {FEWEST_SETS} or more", n_sets, FEWEST_SETS if n_sets else 0)
    yield Aim("a model on every set", len(errors(figures, OURS)), n_sets)
    for other, least in ((BEST, 0.8), (BOOSTED, 0.9)):
        compared = pair(figures, OURS, other)
        yield Aim(f"error below {other[0]}'s at 60 s", compared.wins, len(compared.ratios), least)
    below = pair(figures, OURS, BEST)
    n = int(bool(below.ratios))
    yield Aim("mean log-ratio to autogluon_best below 0", int(n and below.mean < 0), n)
    ratios = pair(figures, OURS, LONG).ratios.values()
    yield Aim("error at 60 s at most autogluon_best's at 600 s", sum(one <= 0 for one in ratios), len(ratios), 0.5)
    yield _within("one row from a dict, at most 1 ms", figures, lambda line: line.get("one_row_dict_ms"), 1)
    yield _within("one row from a frame, at most 1 ms", figures, lambda line: line.get("one_row_ms"), 1)
    yield _within("package at most 20 MB", figures, lambda line: line.get("size_mb"), 20)
    for counted, name in (("fit_s", "fit alone"), ("all_s", "import, fit, save and load")):
        timed = [line for fit, line in figures.items() if (fit.system, fit.budget) == OURS and counted in line]
        punctual = sum(not is_late(line, counted) for line in timed)
        yield Aim(f"{name} within the budget and 5% or 2 s, whichever is more", punctual, len(timed))
    yield _beside(
        "10 times autogluon_best's rows a second", figures, "rows_per_s", lambda one, other: one >= 10 * other
    )
    yield _beside("peak memory at most autogluon_best's", figures, "peak_mb", lambda one, other: one <= other)


def _within(says: str, figures: Figures, of: Callable[[Line], float | None], most: float) -> Aim:
    found = values(figures, OURS, of).values()
    return Aim(says, sum(value <= most for value in found), len(found))


def _beside(says: str, figures: Figures, name: str, holds: Callable[[float, float], bool]) -> Aim:
    """An aim on fits that both Artificer and AutoGluon have."""
    ours, theirs = _by_split(figures, OURS, name), _by_split(figures, BEST, name)
    both = ours.keys() & theirs.keys()
    return Aim(says, sum(holds(ours[one], theirs[one]) for one in both), len(both))


def _by_split(figures: Figures, runner: Runner, name: str) -> dict[tuple[str, int], float]:
    def key(fit: Fit) -> tuple[str, int]:
        return fit.name, fit.seed

    return {key(fit): value for fit, value in values(figures, runner, lambda line: line.get(name)).items()}
