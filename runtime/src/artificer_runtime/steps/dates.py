"""Parts and cycles of a moment: taken apart in double precision (an epoch in single precision steps by 128 s).

Settings: `trend` (true), whether year and days since the first training row are features: not for the moment of the row
itself, since a model meets only later ones; `weeks` (true), whether week, quarter and weekend are (states of earlier
packages lack them); `fewest_rows` (1): the first training row counts as the so-manieth, where no single row may be told.

Parts stay within `low` and `high`, the range that training saw: what was fitted on two days of August says nothing of
February, and a linear model would go on along its line. A trend may go on for as long again as training spans. Of the
moment of the row itself, a cycle that training has not gone through once is a trend, and held at one value. States of
earlier packages hold no range, and keep to none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Single, Sources, State, Task

VERSION = 1
READS: Literal["times"] = "times"
DAY_S = 86_400.0
EARLIEST, LATEST = -6e10, 2.5e11  # years 68 to 9892
EPOCH = date(1970, 1, 1).toordinal()
NAN = float("nan")
LARGEST = float(np.finfo(np.float32).max) / 4

TREND = ("year", "days")
CALENDAR = ("month", "day", "weekday", "day of year", "month sin", "month cos", "weekday sin", "weekday cos")
WEEKS = ("week", "quarter", "weekend")
CLOCK = ("hour", "minute of day", "hour sin", "hour cos")


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn the first moment of each column, and whether it has hours."""
    known = ~np.isnan(values)
    first = int(settings.get("fewest_rows", 1)) - 1
    ordered = np.sort(np.where(known, values, np.inf), axis=0)[first:]
    start = np.where(known.sum(axis=0) > first, np.min(ordered, axis=0, initial=np.inf), 0.0)
    hours = ((np.where(known, values, 0.0) % DAY_S) != 0).any(axis=0)
    state = {
        "start": start,
        "hours": [bool(one) for one in hours],
        "trend": bool(settings.get("trend", True)),
        "weeks": bool(settings.get("weeks", True)),
    }
    return state | _range(state, values, first)


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns), seconds since 1970 → float32 within the range of training; NaN stays NaN."""
    parts = [
        _parts(
            values[:, place],
            float(state["start"][place]),
            state["hours"][place],
            state["trend"],
            state.get("weeks", False),
        )
        for place in range(values.shape[1])
    ]
    made = np.concatenate(parts, axis=1) if parts else np.empty((len(values), 0), np.float32)
    return np.clip(made, state["low"], state["high"]) if "low" in state else made


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column part`."""
    return tuple(
        f"{column} {part}"
        for column, hours in zip(columns, state["hours"], strict=True)
        for part in _names(hours, state["trend"], state.get("weeks", False))
    )


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """All parts of a moment are its column's."""
    trend, weeks = state["trend"], state.get("weeks", False)
    return [(place,) for place, hours in enumerate(state["hours"]) for _ in _names(hours, trend, weeks)]


def single(state: Mapping[str, Any]) -> Single:
    """One row's parts, the cycles of all months, weekdays and minutes being known."""
    trend, weeks = state["trend"], state.get("weeks", False)
    starts, hours = [float(start) for start in state["start"]], state["hours"]
    cycles = [np.stack(_cycle(np.arange(n) / n), axis=1).tolist() for n in (12, 7, 1440 if any(hours) else 1)]
    gaps = [[NAN] * len(_names(one, trend, weeks)) for one in hours]

    def parts(values: Sequence[float]) -> list[float]:
        made: list[float] = []
        for seconds, start, clock, gap in zip(values, starts, hours, gaps, strict=True):
            made += _of_one(seconds, start if trend else None, weeks, clock, cycles) if seconds == seconds else gap
        return made

    if "low" not in state:
        return parts
    low, high = state["low"].tolist(), state["high"].tolist()

    def held(values: Sequence[float]) -> list[float]:
        # A gap comes first in each comparison, and stays one.
        return [min(max(one, least), most) for one, least, most in zip(parts(values), low, high, strict=True)]

    return held


def _range(state: State, values: np.ndarray, first: int) -> State:
    """Least and largest part of the training rows, but for `first` at each end; no range where fewer are known."""
    parts, ends = apply(state, values), []
    at, names = 0, [_names(hours, state["trend"], state["weeks"]) for hours in state["hours"]]
    for moments, own in zip(values.T, names, strict=True):
        span = _ends(moments, first)
        days = (span[1] - span[0]) / DAY_S
        for name, part in zip(own, parts[:, at : at + len(own)].T, strict=True):
            low, high = _ends(part, first)
            if name in TREND:
                low, high = low - (high - low), high + (high - low)
            elif not state["trend"] and days < _cycle_days(name):
                high = low
            ends.append((low, high))
        at += len(own)
    low_high = np.array(ends, np.float32).reshape(-1, 2)
    return {"low": low_high[:, 0], "high": low_high[:, 1]}


def _ends(values: np.ndarray, first: int) -> tuple[float, float]:
    known = np.sort(values[~np.isnan(values)])[first:]
    known = known[: len(known) - first]
    return (float(known[0]), float(known[-1])) if len(known) else (-LARGEST, LARGEST)


def _cycle_days(name: str) -> int:
    """How many days the part comes round in."""
    if name in CLOCK:
        return 1
    return 31 if name == "day" else 7 if name.startswith("week") and name != "week" else 365


def _of_one(seconds: float, start: float | None, weeks: bool, clock: bool, cycles: Sequence[Any]) -> list[float]:
    whole = min(max(seconds, EARLIEST), LATEST)
    days = math.floor(whole / DAY_S)
    moment = date.fromordinal(EPOCH + days)
    month, weekday = moment.month - 1, moment.weekday()
    of_year = EPOCH + days - date(moment.year, 1, 1).toordinal()
    made = [] if start is None else [moment.year, (whole - start) / DAY_S]
    made += [month + 1, moment.day, weekday, of_year + 1, *cycles[0][month], *cycles[1][weekday]]
    if weeks:
        made += [of_year // 7 + 1, month // 3 + 1, weekday >= 5]
    if clock:
        minute = math.floor((whole - days * DAY_S) / 60)
        made += [minute // 60, minute, *cycles[2][minute]]
    return made


def _names(hours: bool, trend: bool, weeks: bool) -> tuple[str, ...]:
    return (*(TREND if trend else ()), *CALENDAR, *(WEEKS if weeks else ()), *(CLOCK if hours else ()))


def _parts(seconds: np.ndarray, start: float, hours: bool, trend: bool, weeks: bool) -> np.ndarray:
    known = ~np.isnan(seconds)
    whole = np.where(known, np.clip(seconds, EARLIEST, LATEST), 0.0)
    days = np.floor(whole / DAY_S).astype(np.int64)
    date = days.astype("datetime64[D]")
    months = date.astype("datetime64[M]")
    year = date.astype("datetime64[Y]")
    month = (months - year.astype("datetime64[M]")).astype(np.int64)
    day = (date - months.astype("datetime64[D]")).astype(np.int64)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    of_year = (date - year.astype("datetime64[D]")).astype(np.int64)
    made = [year.astype(np.int64) + 1970, (whole - start) / DAY_S] if trend else []
    made += [month + 1, day + 1, weekday, of_year + 1, *_cycle(month / 12), *_cycle(weekday / 7)]
    if weeks:
        made += [of_year // 7 + 1, month // 3 + 1, (weekday >= 5).astype(np.int64)]
    if hours:
        minute = np.floor((whole - days * DAY_S) / 60)
        made += [np.floor(minute / 60), minute, *_cycle(minute / 1440)]
    parts = np.stack(made, axis=1).astype(np.float32)
    parts[~known] = np.nan
    return parts


def _cycle(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)
