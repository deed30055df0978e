"""What one client may ask of the server: sizes, times, rates."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from artificer.core.errors import ArtificerError

MB = 2**20
PATIENCE_S = 2.0  # that a client may keep its request waiting while others are turned away for it
MOST_KNOWN = 10_000  # clients whose rate is remembered; the one that asked longest ago is forgotten first


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one worker.

    Attributes
    ----------
    max_mb : float
        Body of a request in MiB; what is larger is refused with 413 before it is read. Streams have no end of their own: each
        of their lines is held to it.
    max_rows : int
        Rows of one JSON request.
    timeout_s : float
        A whole body must have come within so many seconds, and a client must take each part of its answer.
    head_s : float
        The head of a request must have come, else the connection is closed.
    idle_s : float
        A connection without a request is closed.
    stop_s : float
        Requests under way at the end are waited for.
    rate : float
        Requests a second of one key, or of one address without a key, twice as many at once; 0 is no limit.
    at_once : int
        Requests under way; more are refused with 503, unless one has waited over two seconds for its client to send on: it is
        refused in their place, with 408.
    connections : int
        Open at once; more are closed.
    memory_mb : int
        Memory that a process may ask of the system, in MiB (RLIMIT_DATA); 0 is no limit.
    """

    max_mb: float = 16.0
    max_rows: int = 10_000
    timeout_s: float = 30.0
    head_s: float = 10.0
    idle_s: float = 60.0
    stop_s: float = 30.0
    rate: float = 0.0
    at_once: int = 256
    connections: int = 1_000
    memory_mb: int = 0

    def __post_init__(self) -> None:
        for name in ("max_mb", "max_rows", "timeout_s", "head_s", "idle_s", "stop_s", "at_once", "connections"):
            if not getattr(self, name) > 0:
                raise ArtificerError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("rate", "memory_mb"):
            if not getattr(self, name) >= 0:
                raise ArtificerError(f"{name} is {getattr(self, name)}; it must be 0 (no limit) or above")

    @property
    def most_bytes(self) -> int:
        """Of one body."""
        return int(self.max_mb * MB)


class Rates:
    """Token buckets, one for each client: `rate` tokens a second flow in, twice as many are held, a request takes one."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str, now: float | None = None) -> float:
        """Take a token: 0 when there was one, else seconds until there is."""
        if not self.rate:
            return 0.0
        now = time.monotonic() if now is None else now
        most = max(2.0 * self.rate, 1.0)
        tokens, since = self._held.pop(client, (most, now))
        tokens = min(most, tokens + (now - since) * self.rate)
        lacking = max(1.0 - tokens, 0.0)
        self._held[client] = (tokens if lacking else tokens - 1.0, now)
        if len(self._held) > MOST_KNOWN:
            self._held.popitem(last=False)
        return lacking / self.rate


class Waits:
    """Requests that wait for their client to send on: where too much is under way, the one that waits longest gives way."""

    def __init__(self) -> None:
        self._began: dict[asyncio.Timeout, float] = {}

    def began(self, until: asyncio.Timeout) -> None:
        """One waits, until then at most."""
        self._began[until] = time.monotonic()

    def ended(self, until: asyncio.Timeout) -> None:
        """It has what it waited for, or goes."""
        self._began.pop(until, None)

    def give_way(self) -> bool:
        """End the longest wait, if it is longer than an honest client takes; whether there was one."""
        until, began = next(iter(self._began.items()), (None, 0.0))
        if until is None or time.monotonic() - began < PATIENCE_S:
            return False
        self.ended(until)
        until.reschedule(asyncio.get_running_loop().time())
        return True
