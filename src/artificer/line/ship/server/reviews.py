"""Answers that wait for a person → the ledger's review queue, where `artificer score` puts its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artificer.core.life import Answer

if TYPE_CHECKING:
    from artificer.core.review_queue import ReviewQueue


def bring_up(queue: ReviewQueue, answers: Sequence[Answer], asked: str) -> None:
    """Have rows that wait by now enter the queue; those that were answered again and wait no more leave it.

    A row without a key waits under the id of its prediction. The same answers again change nothing.

    Parameters
    ----------
    answers : sequence of Answer
        In the order in which they were given: of one row, the last one counts.
    asked : str
        Who is to decide.

    Raises
    ------
    WorkspaceError
        When the ledger cannot be written.
    """
    last = {(one.key or one.id, one.period): one for one in answers}
    done = {place for place, one in last.items() if not one.review}
    queue.withdraw(done & {*queue.waiting()} if done else ())
    queue.enter(((*place, one.review, one.id) for place, one in last.items() if one.review), asked)
