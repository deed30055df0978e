"""Deadlines: how much of a budget is left, which everything that trains is handed and obeys; how long work takes; and now."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median
from types import FrameType

# Of work that is timed: tries at least, and seconds from which no more are begun.
FEWEST_TRIES, TRIED_S = 3, 0.05


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline in seconds; infinite where no time limit applies (replay).

    Attributes
    ----------
    stop : threading.Event or None
        Set when a person wants what there is by now: the deadline has then passed.
    now : callable
        Tells the time, in seconds; a simulation brings its own.
    """

    deadline: float = math.inf
    stop: threading.Event | None = None
    now: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float) -> Clock:
        """Start a clock that expires in `seconds` from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; negative when it has passed."""
        if self.stop is not None and self.stop.is_set():
            return -math.inf
        return self.deadline - self.now()

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.left_s <= 0

    def share(self, part: float) -> Clock:
        """Return a clock that expires after `part` (0 to 1) of what is left.

        >>> Clock().share(0.5).left_s
        inf
        """
        if math.isinf(self.deadline):
            return self
        return replace(self, deadline=self.now() + max(self.deadline - self.now(), 0.0) * part)

    def less(self, seconds: float) -> Clock:
        """Return a clock that expires `seconds` earlier."""
        if math.isinf(self.deadline):
            return self  # and not infinity less a share of infinity
        return replace(self, deadline=self.deadline - seconds)

    def until(self, stop: threading.Event) -> Clock:
        """Return a clock that also expires when `stop` is set."""
        return replace(self, stop=stop)


@dataclass(slots=True)
class Stopwatch:
    """Seconds since it was made."""

    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self.started


@contextmanager
def first_interrupt(stop: threading.Event, tell: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C set `stop` and call `tell`; the second one interrupts as usual.

    Outside the main thread, which alone may handle signals, and where the program has a handler of its own, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()
        tell()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def median_ms(work: Callable[[], object], n_tries: int = 15) -> float:
    """Milliseconds that some work takes: the middle of several tries, after one that fills caches.

    Of slow work, such as reading a row of thousands of columns, three tries tell as much.
    """
    took = list[float]()
    watch = Stopwatch()
    while len(took) <= n_tries and (len(took) <= FEWEST_TRIES or watch.seconds < TRIED_S):
        began = time.perf_counter()
        work()
        took.append(1000.0 * (time.perf_counter() - began))
    return median(took[1:])


def now() -> str:
    """This moment as the ledger writes it: ISO text in UTC to the millisecond, so that later ones sort after."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
