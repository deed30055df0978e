"""Courses: the trend and the cycles of the target and of the columns that tell most of it.

Rows of one period are averaged, and the averages regressed on time, hour of day, weekday and month together, as far as
the data has them, with intervals that hold when what is left of one period goes on in the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from artificer.core.description import Course, Cycle
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.line.describe.associations import Readings
from artificer.line.describe.over_time import shown_class
from artificer.measure.correct import benjamini_hochberg
from artificer.measure.series import Regression, autocorrelation, autoregressive

MOST_PERIODS, FEWEST_PERIODS = 20_000, 24
MOST_COLUMNS = 4
LENGTHS = ("1h", "1d", "1w", "1mo")
DAY = 86_400.0
# A cycle is looked at when it came round so often.
FEWEST_ROUNDS = {"hour of day": 7 * DAY, "weekday": 4 * 7 * DAY, "month": 2 * 365 * DAY}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class _Course:
    """A course, its p-values not yet corrected: the trend's first, then the cycles'."""

    course: Course
    p: tuple[float, ...]


def courses(asked: Asked, rows: Labelled, sample: Readings, strongest: list[str], target: str) -> tuple[Course, ...]:
    """Follow the target and up to four numbers or flags through time.

    Returns
    -------
    tuple of Course
        The target's first; empty where the brief names no dates, or there are fewer than 24 periods.
    """
    if rows.time is None:
        return ()
    values = rows.y == (label := shown_class(asked, rows)) if asked.classes else rows.y
    what = f"share of '{asked.classes[label]}'" if asked.classes else "mean"
    found = [_course(target, what, rows.time, values.astype(np.float64))]
    kinds = {column.name: column.kind for column in asked.schema.columns}
    numbers = [name for name in strongest if kinds[name] == "number"][:MOST_COLUMNS]
    found += [_course(name, "mean", rows.time[sample.kept], sample.values[name]) for name in numbers]
    return _corrected([one for one in found if one is not None])


def _corrected(found: list[_Course]) -> tuple[Course, ...]:
    if not found:
        return ()
    adjusted = iter(benjamini_hochberg(np.array([p for one in found for p in one.p])).tolist())
    told = []
    for one in found:
        trend = next(adjusted)
        cycles = tuple(replace(cycle, p_adjusted=next(adjusted)) for cycle in one.course.cycles)
        told.append(replace(one.course, p_adjusted=trend, cycles=cycles))
    return tuple(told)


def _course(column: str, what: str, time: np.ndarray, values: np.ndarray) -> _Course | None:
    known = ~(np.isnan(time) | np.isnan(values))
    if known.sum() < FEWEST_PERIODS or np.ptp(values[known]) == 0:
        return None
    every, moments, means, sizes = _periods(time[known], values[known])
    if len(means) < FEWEST_PERIODS:
        return None
    per, years = _unit(np.ptp(moments))
    elapsed = (moments - moments[0]) / years
    found = _cycles(every, moments)
    X = np.column_stack([np.ones(len(means)), elapsed - elapsed.mean(), *(one for _, _, one in found)])
    if len(means) < 2 * X.shape[1] or np.linalg.matrix_rank(X) < X.shape[1]:
        found, X = [], X[:, :2]
    fitted = autoregressive(X, means, sizes)
    cycles, p, start = [], [fitted.p(np.array([1]))], 2
    for name, labels, one in found:
        places = np.arange(start, start := start + one.shape[1])
        cycles.append(_cycle(name, labels, fitted, places, X))
        p.append(fitted.p(places))
    trend = fitted.contrast(np.eye(X.shape[1])[1], f"regression over periods of {every}, autoregressive")
    rest = autocorrelation(fitted.rest)
    return _Course(Course(column, what, every, len(means), trend, per, 1.0, tuple(cycles), rest), tuple(p))


def _periods(time: np.ndarray, values: np.ndarray) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """The finest periods of which there are at most 20,000: their starts in seconds, means and numbers of rows.

    Where longer ones cut the rows in the same way, as days do when moments are dates, these are named.
    """
    moments = pl.Series("start", (time * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    cuts = [(every, starts, starts.n_unique()) for every in LENGTHS for starts in [moments.dt.truncate(every)]]
    n_periods = next(n for _, _, n in cuts if n <= MOST_PERIODS or n == cuts[-1][2])
    every, starts, _ = [cut for cut in cuts if cut[2] == n_periods][-1]
    frame = (
        pl.DataFrame({"start": starts, "value": values}).group_by("start").agg(pl.mean("value"), pl.len()).sort("start")
    )
    seconds = frame["start"].cast(pl.Int64).to_numpy() / 1e6
    return every, seconds, frame["value"].to_numpy(), frame["len"].to_numpy().astype(np.float64)


def _unit(span: float) -> tuple[str, float]:
    """What a trend is told for: a name and its seconds."""
    if span >= 400 * DAY:
        return "year", 365.25 * DAY
    return ("month", 30.4375 * DAY) if span >= 45 * DAY else ("day", DAY)


def _cycles(every: str, moments: np.ndarray) -> list[tuple[str, tuple[str, ...], np.ndarray]]:
    """Each cycle's name, levels that occur, and indicators of all but the first: float64 (n_periods, n_levels - 1)."""
    starts = pl.Series((moments * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    looks = {
        "hour of day": (starts.dt.hour().to_numpy(), tuple(f"{hour} h" for hour in range(24)), ("1h",)),
        "weekday": (starts.dt.weekday().to_numpy() - 1, WEEKDAYS, ("1h", "1d")),
        "month": (starts.dt.month().to_numpy() - 1, MONTHS, ("1h", "1d", "1w", "1mo")),
    }
    found = []
    for name, (places, labels, lengths) in looks.items():
        levels = np.unique(places)
        if every in lengths and np.ptp(moments) >= FEWEST_ROUNDS[name] and len(levels) > 1:
            hot = (places[:, None] == levels[1:]).astype(np.float64)
            found.append((name, tuple(labels[one] for one in levels), hot))
    return found


def _cycle(name: str, labels: tuple[str, ...], fitted: Regression, places: np.ndarray, X: np.ndarray) -> Cycle:
    n_levels, told = len(labels), []
    for level, label in enumerate(labels):
        along = np.zeros(len(fitted.weights))
        along[places] = -1.0 / n_levels
        if level:
            along[places[level - 1]] += 1.0
        told.append((label, fitted.contrast(along, f"regression over periods, {name}")))
    season = X[:, places] @ fitted.weights[places]
    both = float(np.var(season + fitted.rest))
    strength = max(0.0, 1 - float(np.var(fitted.rest)) / both) if both > 0 else 0.0
    return Cycle(name, strength, 1.0, tuple(told))
