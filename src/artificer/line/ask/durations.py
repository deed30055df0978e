"""Durations as the brief writes them: "7d", "12h", "30min", "2w", "3y" → seconds."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from artificer.core.brief import Brief
from artificer.core.errors import BriefError
from artificer.data.epochs import are_dates
from artificer.data.moments import as_time

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31_536_000.0}  # a year has 365 days


def seconds(text: str, where: str) -> float:
    """Read a duration.

    >>> seconds("7d", "decision.capacity.every")
    604800.0

    Raises
    ------
    BriefError
        When it is no whole number of a known unit.
    """
    found = re.fullmatch(r"\s*(\d+)\s*(s|min|h|d|w|y)\s*", text)
    if found is None:
        raise BriefError(
            f"[{where}] is '{text}', which is no duration; write a whole number and s, min, h, d, w or y: \"7d\""
        )
    return int(found[1]) * SECONDS[found[2]]


def refuse_spans(brief: Brief, frame: pl.DataFrame) -> None:
    """Refuse what the brief says in days where the rows' time counts steps, years or the like.

    Raises
    ------
    BriefError
        When it does.
    """
    capacity, name = brief.decision.capacity, brief.data.time
    spans = {
        "target.horizon": brief.target.horizon if seconds(brief.target.horizon, "target.horizon") else "",
        "decision.capacity.every": capacity.every if capacity is not None else "",
        "track.every": brief.track.every,
    }
    where = next((place for place, span in spans.items() if span), "")
    if not where or not name:
        return
    moments = as_time(frame[name])
    if np.isfinite(moments).any() and not are_dates(moments):
        raise BriefError(
            f"[{where}] is '{spans[where]}', and [data] time, '{name}', holds numbers that are no dates; give a column of "
            f"dates, or of seconds since 1970, or leave [{where}] out"
        )
