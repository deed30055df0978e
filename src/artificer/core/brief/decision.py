"""`[decision]`: what is done with the prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from artificer.core.brief.strict import STRICT


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many rows can be acted on in a period: the `top` rows by score in `every` period (``"7d"``)."""

    __pydantic_config__ = STRICT
    top: int
    every: str = ""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What acting on a row costs and what a success brings, in `currency`: numbers or expressions; a cost is negative."""

    __pydantic_config__ = STRICT
    currency: str = ""
    acted: float | str = 0.0
    success: float | str = 0.0


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """What is said for a row's score: the columns that moved it most.

    Attributes
    ----------
    count : int
        How many, at most.
    never : tuple of str
        Columns that no reason names.
    of : str
        "acted": rows that are acted on or reviewed; "all": every row.
    """

    __pydantic_config__ = STRICT
    count: int = 0
    never: tuple[str, ...] = ()
    of: Literal["acted", "all"] = "acted"


@dataclass(frozen=True, kw_only=True)
class Review:
    """Rows that the model does not decide: each that meets one of the conditions `when` waits for a person, called `to`."""

    __pydantic_config__ = STRICT
    when: tuple[str, ...] = ()
    to: str = "person"


@dataclass(frozen=True, kw_only=True)
class DecisionPart:
    """What is done with the prediction: the rows on a list of limited length, those above a threshold, or those that pay.

    Attributes
    ----------
    control : float
        Share of the rows, 0 to 1, drawn by their keys, that is never acted on.
    """

    __pydantic_config__ = STRICT
    capacity: Capacity | None = None
    threshold: float | None = None
    value: Value | None = None
    control: float = 0.0
    review: Review = field(default_factory=Review)
    reasons: Reasons = field(default_factory=Reasons)
