"""`[decision]`: what is done with the prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from artificer.core.brief.strict import STRICT
from artificer.core.errors import BriefError

if TYPE_CHECKING:
    from artificer.core.brief import Task

MOST_REASONS = 20


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


def check_stated(decision: DecisionPart, task: Task) -> None:
    """See that `[decision]` says one thing, and one that the prediction allows; what `review` asks for is read elsewhere.

    Raises
    ------
    BriefError
        When it has a capacity and a threshold, a part of it is out of range, or there are more than two classes.
    """
    if decision.capacity is not None and decision.threshold is not None:
        raise BriefError(
            "[decision] has both capacity and threshold, which choose otherwise; keep one: the best so many rows of a "
            "period, or all rows that reach a score"
        )
    if decision.capacity is not None and decision.capacity.top < 1:
        raise BriefError(f"[decision.capacity] top is {decision.capacity.top}; a list holds one row at least")
    _check_scored(decision, task)
    _check_control(decision)
    _check_reasons(decision)


def _check_scored(decision: DecisionPart, task: Task) -> None:
    """See that there is one score to decide by, and that a threshold is one that it can reach."""
    stated = [name for name in ("capacity", "threshold", "value") if getattr(decision, name) is not None]
    if task == "multiclass" and stated:
        raise BriefError(
            f"[decision] {stated[0]} needs two classes, one of which is success, or a number; the prediction is multiclass. "
            "To act on the rows of one class, predict a column that says whether a row is of it; to have unsure rows decided "
            "by a person, write review"
        )
    if decision.threshold is not None and task == "binary" and not 0.0 <= decision.threshold <= 1.0:
        raise BriefError(
            f"[decision] threshold is {decision.threshold:g}, and is held against a probability: it lies between 0 and 1"
        )


def _check_control(decision: DecisionPart) -> None:
    if not 0.0 <= decision.control <= 1.0:
        raise BriefError(
            f"[decision] control is {decision.control:g}; it is the share of rows that are never acted on, between 0 and "
            "1, such as 0.05"
        )
    if decision.control and decision.capacity is None and decision.threshold is None and decision.value is None:
        raise BriefError(
            "[decision] control keeps rows from being acted on, and nothing says which are; add capacity, threshold or "
            "value, or remove control"
        )


def _check_reasons(decision: DecisionPart) -> None:
    count = decision.reasons.count
    if not 0 <= count <= MOST_REASONS:
        raise BriefError(
            f"[decision.reasons] count is {count}; it is how many reasons a row gets, from 1 to {MOST_REASONS}, or 0 for none"
        )
    if decision.reasons.never and not count:
        raise BriefError(
            "[decision.reasons] never says what no reason may name, and no reason is asked for; add count = 3, or remove it"
        )
