"""`[authority]`: what may happen without a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from artificer.core.brief.strict import STRICT

Leave = Literal["alert", "ask", "act"]


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What may happen without a person, for each action: "alert" says so, "ask" waits for a yes, "act" does it.

    Attributes
    ----------
    max_flipped : float
        Largest share of decisions that a promotion may change by itself, 0 to 1.
    freeze : tuple of str
        Stretches of days, "2008-12-15/2009-01-06", in which nothing is promoted by itself.
    four_eyes : bool
        A version answers nobody before someone other than its author has approved it.
    """

    __pydantic_config__ = STRICT
    retrain: Leave = "ask"
    promote: Leave = "ask"
    roll_back: Leave = "ask"
    max_flipped: float = 1.0
    freeze: tuple[str, ...] = ()
    four_eyes: bool = False
