"""What was tried, the best first: what each candidate scores, what it took and takes, and why it went no further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate
from artificer.core.stages import Part, Trained, Trial, shares

MOST_ROWS, MOST_LETTERS = 10, 40


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate.

    Attributes
    ----------
    score : Estimate or None
        Out of fold; None where it did not finish.
    fit_s : float
        Seconds that its folds took together.
    row_us, size_mb : float
        Microseconds a row in batches, and size, of one fold's member.
    n_folds : int
        On which it was trained.
    n_iterations : int
        At which it would ship; 0 where it has none.
    weight : float
        In the final blend.
    dropped : str
        Why it went no further; "" for those that finished.
    """

    candidate: str
    score: Estimate | None
    fit_s: float
    row_us: float
    size_mb: float
    n_folds: int
    n_iterations: int
    weight: float
    dropped: str

    def plain(self) -> dict[str, object]:
        """The record as one row of a table: the score's value and its ends are columns."""
        ends = {"score": self.score.value, "low": self.score.low, "high": self.score.high} if self.score else {}
        names = ("candidate", "score", "low", "high", *(one.name for one in fields(self)[2:]))
        return {name: ends.get(name) if name in ("score", "low", "high") else getattr(self, name) for name in names}


def leaderboard(trained: Trained, parts: Sequence[Part] = (), *, larger_is_better: bool) -> tuple[Standing, ...]:
    """Candidates by their score, the best first; then those that did not finish, in the order of the plan."""
    weights = shares(parts)
    standings = [_standing(trial, weights.get(trial.candidate.name, 0.0)) for trial in trained.trials]
    sign = -1.0 if larger_is_better else 1.0
    return tuple(sorted(standings, key=lambda one: (one.score is None, sign * one.score.value if one.score else 0.0)))


def table(standings: Sequence[Standing], metric: str) -> Iterator[str]:
    """The leaderboard as aligned lines of text, at most ten candidates."""
    if not standings:
        return
    shown = standings[:MOST_ROWS]
    rows = [("candidate", metric, "seconds", "µs a row", "MB", "folds"), *(_cells(one) for one in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for place, cells in enumerate(rows):
        first, second, *rest = (
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        why = _short(shown[place - 1].dropped) if place else ""
        yield "  ".join([first, second, *rest, why]).rstrip()
    if len(standings) > MOST_ROWS:
        yield f"and {len(standings) - MOST_ROWS} more"


def _standing(trial: Trial, weight: float) -> Standing:
    return Standing(
        trial.candidate.name,
        trial.score,
        trial.seconds,
        trial.row_us,
        trial.size_mb,
        len(trial.fits),
        trial.n_iterations,
        weight,
        trial.dropped,
    )


def _cells(one: Standing) -> tuple[str, ...]:
    finished = one.score is not None
    return (
        one.candidate,
        with_interval(one.score) if one.score else "–",
        figure(one.fit_s),
        figure(one.row_us) if finished else "–",
        figure(one.size_mb) if finished else "–",
        str(one.n_folds),
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1].rstrip()}…"
