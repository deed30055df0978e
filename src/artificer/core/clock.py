"""Deadlines: how much of a budget is left, which everything that trains is handed and obeys; and how long work takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline on the monotonic clock, in seconds; infinite where no time limit applies (replay)."""

    deadline: float = math.inf

    @classmethod
    def after(cls, seconds: float) -> Clock:
        """Start a clock that expires in `seconds` from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; negative when it has passed."""
        return self.deadline - time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.left_s <= 0

    def share(self, part: float) -> Clock:
        """Return a clock that expires after `part` (0 to 1) of what is left.

        >>> Clock().share(0.5).left_s
        inf
        """
        return self if math.isinf(self.deadline) else Clock.after(max(self.left_s, 0.0) * part)

    def less(self, seconds: float) -> Clock:
        """Return a clock that expires `seconds` earlier."""
        return Clock(self.deadline - seconds)


@dataclass(slots=True)
class Stopwatch:
    """Seconds since it was made."""

    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self.started


def median_ms(work: Callable[[], object], n_tries: int = 15) -> float:
    """Milliseconds that some work takes: the middle of several tries, after one that fills caches."""
    took = []
    for _ in range(n_tries + 1):
        began = time.perf_counter()
        work()
        took.append(1000.0 * (time.perf_counter() - began))
    return median(took[1:])
