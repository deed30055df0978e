"""`[decision]` says one thing, and one that the prediction allows; else it is refused by name."""

from __future__ import annotations

from artificer.core.brief import Brief, DecisionPart, Task
from artificer.core.errors import BriefError
from artificer.line.ask.review import Condition, condition

MOST_REASONS, MOST_CONDITIONS = 20, 30


def check_decision(brief: Brief, task: Task) -> None:
    """See that `[decision]` says one thing, and one that the prediction allows.

    Raises
    ------
    BriefError
        When it has a capacity and a threshold, a part of it is out of range or cannot be read, or there are more than two
        classes.
    """
    decision = brief.decision
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
    conditions(decision, task)


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
