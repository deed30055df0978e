"""The prediction log: each answer gets an id at once, and a thread of its own writes it to the ledger a moment later.

What waits is bounded, and no request ever waits for it: what finds no room is dropped and counted. Who is killed loses
the answers of the last window, and those whose commit was under way; who is told to end loses none.
"""

from __future__ import annotations

import itertools
import json
import logging
import secrets
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from artificer.core.brief import Brief
from artificer.core.errors import BriefError, WorkspaceError
from artificer.core.life import Answer, Stream
from artificer.data.row_key import key_of
from artificer.line.ship.server.forgetting import Forgetting
from artificer.line.ship.server.reviews import bring_up
from artificer_runtime.values import canonical_text

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger

WINDOW_S, MOST, BATCH = 1.0, 100_000, 5_000
LONGEST_KEY, LONGEST_ROW = 1_000, 16_384
END_S, EXPIRE_S = 20.0, 3600.0
KEY = "key"  # the field that carries a row's key where the brief names no column for it
LOG = logging.getLogger("artificer.serve")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Counts:
    """How the log fares, since the process began.

    Attributes
    ----------
    kept, waiting, dropped : int
        Answers that stand in the ledger, that wait to be written, and that found no room.
    behind_s : float
        For how long the oldest has been waiting; beyond the window when the ledger cannot be written.
    trouble : str
        Why it cannot; "" when it can.
    """

    window_s: float
    kept: int
    waiting: int
    dropped: int
    behind_s: float
    trouble: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the log is to be kept.

    Attributes
    ----------
    window_s : float
        Answers are written so often; a kill loses at most those of one window.
    most : int
        Answers that may wait; what comes on top is dropped, and counted.
    rows : bool
        Whether what the rows held is kept too, but for their key and personal columns.
    """

    window_s: float = WINDOW_S
    most: int = MOST
    rows: bool = False


class Log:
    """The answers of one process, on their way to the ledger.

    Parameters
    ----------
    ledger : callable
        Opens the ledger: asked by the writer alone, when there is something to write.
    brief : Brief
        Its name is what the ledger knows the model by; without `[data] key`, the field "key" of a row is its key. What
        its `[legal]` keep says is too old is removed every hour.
    secret : callable
        Gives the secret that forgotten persons are recognised with; None where there is none.

    Raises
    ------
    BriefError
        When rows are to be kept, and the brief keeps them for no time.
    """

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        brief: Brief,
        wanted: Wanted | None = None,
        secret: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        self.name, self.wanted = brief.name, wanted or Wanted()
        self._open = cache(ledger)
        self._forgetting = Forgetting(brief.name, secret)
        length = brief.legal.keep.rows
        if self.wanted.rows and length and not any(digit in length for digit in "123456789"):
            raise BriefError(
                f'--log-rows keeps what rows hold, and [legal] keep rows is "{length}"; say there for how long, such as "30d"'
            )
        self._brief, self._expires = brief, 0.0
        self.key = brief.data.key or (KEY,)
        self._unkept = frozenset((*brief.legal.personal, *self.key))
        self._most = self.wanted.most // 10 if self.wanted.rows else self.wanted.most
        self._streams: dict[str, tuple[Stream, itertools.count[int]]] = {}
        self._queue: deque[Answer] = deque()
        self._batch: list[Answer] = []
        self._kept = self._dropped = 0
        self._trouble = ""
        self._wake, self._lock = threading.Event(), threading.Lock()
        self._asked: deque[threading.Event] = deque()
        self._thread: threading.Thread | None = None
        self._ending = False

    def keep(
        self,
        version: str,
        key: str,
        score: float | None,
        said: str,
        decision: str,
        flags: str,
        low: float | None,
        high: float | None,
        **more: str,
    ) -> str:
        """Put one answer into the queue and give its id; never waits.

        Parameters
        ----------
        **more
            `reasons` and `row`, as JSON; `review` and `period`, where the row waits for a person.
        """
        stream, count = self._streams.get(version) or self._begun(version)
        number = next(count)  # one step of the interpreter: no two threads get the same
        if len(self._queue) >= self._most:
            with self._lock:
                self._dropped += 1
        else:
            at = time.time_ns() // 1_000_000
            self._queue.append(
                Answer(stream, number, at, key, score, said, decision, flags, low=low, high=high, **more)
            )
            if len(self._queue) >= BATCH and not self._wake.is_set():
                self._wake.set()
        return f"{stream.id}-{number}"

    def answered(self, version: str, rows: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> None:
        """Keep the answers to some rows as they are told, and write each one's id into it as `prediction_id`."""
        for row, answer in zip(rows, answers, strict=True):
            more = {}
            if "reasons" in answer:
                more["reasons"] = json.dumps(answer["reasons"])
            if self.wanted.rows:
                more["row"] = json.dumps({name: row[name] for name in row if name not in self._unkept}, default=str)
            score, said = _score(answer)
            low, high = answer.get("interval") or (None, None)
            key, flags = key_of([row.get(name) for name in self.key]), " ".join(answer["flags"])
            if answer.get("review"):
                more["review"] = answer["review"]
            if "period" in answer:
                more["period"] = answer["period"]
            decision = answer.get("decision") or ""
            answer["prediction_id"] = self.keep(
                answer.get("version", version), key, score, said, decision, flags, low, high, **more
            )

    def counts(self) -> Counts:
        """How it fares."""
        try:
            first = (self._batch or self._queue)[0]
            behind = max(0.0, time.time() - first.at / 1000)
        except IndexError:  # nothing waits, or the writer has just taken it
            behind = 0.0
        waiting = len(self._batch) + len(self._queue)
        return Counts(self.wanted.window_s, self._kept, waiting, self._dropped, round(behind, 3), self._trouble)

    def flush(self, most_s: float) -> None:
        """Wait until all that has been told so far has been written, or could not be; at most so many seconds."""
        if self._thread is None:
            return
        done = threading.Event()
        self._asked.append(done)
        self._wake.set()
        done.wait(most_s)

    def close(self) -> None:
        """Write what waits, and end; what cannot be written in time is told."""
        with self._lock:
            thread, self._thread, self._ending = self._thread, None, True
        if thread is None:
            return
        self._wake.set()
        thread.join(END_S)
        lost = len(self._batch) + len(self._queue)
        if lost:
            LOG.warning("%d predictions were not kept: %s", lost, self._trouble or "the ledger took too long")

    def _begun(self, version: str) -> tuple[Stream, itertools.count[int]]:
        """A stream for a version of which nothing has been told yet; the first one starts the writer."""
        with self._lock:
            fresh = (Stream(_stream_id(), self.name, version), itertools.count())
            if self._thread is None and not self._ending:
                thread = threading.Thread(target=self._write, name="prediction log", daemon=True)
                try:
                    thread.start()
                except (RuntimeError, MemoryError) as error:  # no room for it: the next answer tries again
                    self._stumbled(error)
                    return fresh
                self._thread = thread
            return self._streams.setdefault(version, fresh)

    def _write(self) -> None:
        ending = False
        while not ending:
            self._wake.wait(self.wanted.window_s)
            self._wake.clear()
            ending = self._ending
            asked = [self._asked.popleft() for _ in range(len(self._asked))]
            self._written()
            self._expire()
            for done in asked:
                done.set()

    def _expire(self) -> None:
        """Remove what is too old, once an hour."""
        if not (self._brief.legal.keep.predictions or self.wanted.rows):
            return
        if time.monotonic() < self._expires or self._ending:
            return
        from artificer.line.ship.retention import expire

        self._expires = time.monotonic() + EXPIRE_S
        try:
            expire(self._open(), self._brief)
        except WorkspaceError as error:
            LOG.warning("what is too old cannot be removed at the moment: %s", error)
        except Exception as error:  # noqa: BLE001 - the writer must live on
            LOG.error("what is too old cannot be removed at the moment: %s", _fault(error))

    def _written(self) -> None:
        """Write all that waits; what cannot be written stays, and is tried again a window later."""
        while self._queue or self._batch:
            try:
                while self._queue and len(self._batch) < BATCH:
                    self._batch.append(_writable(self._queue.popleft()))
                n_kept = self._keep(self._batch)
            except Exception as error:  # noqa: BLE001 - a writer that died of one would keep nothing any more
                self._stumbled(error)
                return
            if self._trouble:
                LOG.warning("predictions are kept again; %d found no room meanwhile", self._dropped)
            self._trouble = ""
            self._kept += n_kept
            self._batch = []

    def _stumbled(self, error: Exception) -> None:
        """Say, once, why answers cannot be kept at the moment."""
        says = str(error) if isinstance(error, WorkspaceError) else _fault(error)
        if not self._trouble:
            LOG.warning("predictions cannot be kept at the moment: %s", says)
        self._trouble = says.partition("\n")[0]

    def _keep(self, batch: Sequence[Answer]) -> int:
        """Write some answers, and who waits for a person; a second time, where it ended between, changes nothing.

        Nothing is kept of who was forgotten. How many answers were kept.
        """
        ledger, review = self._open(), self._brief.decision.review
        batch = self._forgetting.permitted(ledger, batch)
        ledger.answers.keep(batch)
        if review.when:
            bring_up(ledger.reviews(self.name), batch, review.to)
        self._forgetting.overtaken(ledger, (one.key for one in batch))
        return len(batch)


def _score(answer: dict[str, Any]) -> tuple[float | None, str]:
    """What the ledger keeps of an answer: its score, and the class where a score alone does not say it."""
    if "score" in answer:
        return answer["score"], ""
    if "probabilities" in answer:
        return max(answer["probabilities"].values()), canonical_text(answer["prediction"])
    return float(answer["prediction"]), ""


def _fault(error: Exception) -> str:
    """A fault of ours: its kind and where it was, and not its words, which may hold what a row held."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__)).rstrip()}"


def _writable(answer: Answer) -> Answer:
    """What any database takes: a key that is too long or no text is none, and a row that is too large is not kept."""
    key = answer.key
    if len(key) > LONGEST_KEY or "\0" in key or key.encode("utf-8", "replace").decode() != key:
        answer = answer._replace(key="")
    return answer._replace(row="") if len(answer.row) > LONGEST_ROW else answer


def _stream_id() -> str:
    """Twenty digits of base 36 that sort by when they were made: milliseconds, and 57 bits that are drawn."""
    number, digits = (time.time_ns() // 1_000_000) << 57 | secrets.randbits(57), []
    for _ in range(20):
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
