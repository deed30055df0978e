"""Durations as the brief writes them: "7d", "12h", "30min", "2w", "3y" → seconds."""

from __future__ import annotations

import re

from artificer.core.errors import BriefError

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
