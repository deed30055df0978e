"""`[track]`: what comes in, and how it is watched."""

from __future__ import annotations

from dataclasses import dataclass

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Track:
    """What comes in, and how it is watched.

    Attributes
    ----------
    new : str
        A file, glob or object store's URL, relative to the brief.
    url_env, query : str
        As in `Data`, in place of `new`.
    labels : str
        A file with keys and labels, where they come apart from the rows; else labels are in the same rows.
    every : str
        New rows are due for a look when they reach this much later than the last look (``"7d"``); "" at every call.
    alarms_per_month : float
        False ones that are tolerable.
    """

    __pydantic_config__ = STRICT
    new: str = ""
    url_env: str = ""
    query: str = ""
    labels: str = ""
    every: str = ""
    alarms_per_month: float = 0.5
