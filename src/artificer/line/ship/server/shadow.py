"""A version in the shadow: it predicts what the served one answered, after the answer is out, and the two are compared.

One thread of this process does that. What waits for it is bounded, and what comes beyond is counted and left: a request
neither waits for the shadow nor hears of it.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from artificer.core.rollout import Shadowed

if TYPE_CHECKING:
    from artificer.core.rollout import Rollouts
    from artificer.line.ship.server.served import Model

MOST_WAITING = 20_000  # rows
PIECE = 100  # rows at once: between them other threads have their turn


class _Asked(NamedTuple):
    model: Model
    served: str
    rows: Sequence[dict[str, Any]]
    answers: Sequence[dict[str, Any]]


class Shadow:
    """Compares in the background."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._waiting, self._lock = 0, threading.Lock()
        self._found: dict[tuple[str, str], Shadowed] = {}
        self._thread: threading.Thread | None = None

    def offer(
        self, model: Model, served: str, rows: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]
    ) -> None:
        """Have rows predicted that the served version has answered; those that another did are left out."""
        own = [place for place, answer in enumerate(answers) if answer.get("version", served) == served]
        with self._lock:
            fits = self._waiting + len(own) <= MOST_WAITING
            if fits:
                self._waiting += len(own)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
                self._thread.start()
        if not fits:
            self._add(Shadowed(served, model.scorer.version, n_skipped=len(own)))
            return
        for start in range(0, len(own), PIECE):
            part = own[start : start + PIECE]
            self._asked.put(_Asked(model, served, [rows[one] for one in part], [dict(answers[one]) for one in part]))

    def flush(self, name: str, rollouts: Rollouts) -> None:
        """Give the ledger what was counted since."""
        with self._lock:
            found, self._found = self._found, {}
        waiting = list(found.values())
        try:
            while waiting:
                rollouts.add(name, waiting[-1])
                waiting.pop()
        finally:  # where the ledger cannot be written, it is counted with what comes
            for one in waiting:
                self._add(one)

    def _work(self) -> None:
        while True:
            asked = self._asked.get()
            version, n_rows = asked.model.scorer.version, len(asked.rows)
            try:
                found = compared(asked.served, version, asked.answers, asked.model.predictions(list(asked.rows)))
            except Exception:  # noqa: BLE001 - it may fail in any way, and is counted: no request hears of it
                found = Shadowed(asked.served, version, n_failed=n_rows)
            with self._lock:
                self._waiting -= n_rows
            self._add(found)

    def _add(self, found: Shadowed) -> None:
        place = (found.served, found.shadow)
        with self._lock:
            known = self._found.get(place, Shadowed(*place))
            self._found[place] = added(known, found)


def compared(served: str, shadow: str, answers: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> Shadowed:
    """Compare the answers of two versions to the same rows."""
    differences = [_difference(one, other) for one, other in zip(answers, others, strict=True)]
    return Shadowed(
        served,
        shadow,
        n_rows=len(differences),
        n_other=sum(one["prediction"] != other["prediction"] for one, other in zip(answers, others, strict=True)),
        n_decided=sum(one.get("decision") != other.get("decision") for one, other in zip(answers, others, strict=True)),
        difference=math.fsum(differences),
        largest=max(differences, default=0.0),
    )


def added(one: Shadowed, other: Shadowed) -> Shadowed:
    """Two comparisons of the same versions as one."""
    sums = {
        field.name: getattr(one, field.name) + getattr(other, field.name)
        for field in fields(Shadowed)
        if field.name not in ("served", "shadow", "largest")
    }
    return Shadowed(one.served, one.shadow, **sums, largest=max(one.largest, other.largest))


def _difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Of probabilities, the share that would have to move; of numbers, the distance."""
    if "probabilities" not in one:
        return abs(float(one["prediction"]) - float(other["prediction"]))
    first, second = one["probabilities"], other["probabilities"]
    return math.fsum(abs(first.get(name, 0.0) - second.get(name, 0.0)) for name in {*first, *second}) / 2
