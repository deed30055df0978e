"""`[decision]` says one thing, and one that the prediction allows; else it is refused by name."""

from __future__ import annotations

from artificer.core.brief import Brief, DecisionPart, Task, check_stated
from artificer.core.errors import BriefError
from artificer.line.ask.review import Condition, condition

MOST_CONDITIONS = 30


def check_decision(brief: Brief, task: Task) -> None:
    """See that `[decision]` says one thing, and one that the prediction allows.

    Raises
    ------
    BriefError
        When it has a capacity and a threshold, a part of it is out of range or cannot be read, or there are more than two
        classes.
    """
    check_stated(brief.decision, task)
    conditions(brief.decision, task)


def conditions(decision: DecisionPart, task: Task) -> tuple[Condition, ...]:
    """The conditions of `[decision] review`, read.

    Raises
    ------
    BriefError
        When one cannot be read, asks for what this prediction does not have, or there are more than 30.
    """
    review = decision.review
    if len(review.when) > MOST_CONDITIONS:
        raise BriefError(
            f"[decision.review] when has {len(review.when)} conditions; {MOST_CONDITIONS} at most: join some with wider bounds"
        )
    if review.when and not review.to.strip():
        raise BriefError('[decision.review] to is empty; it says who decides these rows, such as "person"')
    return tuple(condition(text, task) for text in review.when)
