"""What the process may take of its machine: a limit of the system, and requests that would meet it refused before.

Not all libraries in C bear that they get no memory (msgspec then ends the process), so what a request needs at most is
reckoned first. The system's limit stands behind that.
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artificer.core.errors import ArtificerError
from artificer.line.ship.server.limits import MB

SPARE_MB = (
    64  # that a server needs for its requests: a thread that finds no memory to start in would hold up all others
)
MARGIN = 16 * MB  # that requests leave: of it a thread starts, and a request is refused
SMALL = 64 * 1024  # bytes of a body that is read without a look at the memory
ROW_BYTES = 4_096  # of an answer's row, its columns and its text: at most 3,000 were seen (wine_quality, seven classes)
STACK = 8 * MB  # of a thread, as systems set it
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt's numbers in glibc's malloc.h

_lock = threading.Lock()
_promised = 0  # bytes to requests that are under way


def hold_memory(memory_mb: int) -> None:
    """Have the system refuse this process more memory than that; a request that needs it is then refused.

    Raises
    ------
    ArtificerError
        When the system knows no such limit, or the process holds more already.
    """
    if not memory_mb:
        return
    if sys.platform == "win32":
        raise ArtificerError("this system limits no process's memory; leave --memory-mb out")
    import resource

    held_mb = _held() / MB
    if memory_mb < held_mb + SPARE_MB:
        raise ArtificerError(
            f"--memory-mb {memory_mb} is too little: {held_mb:.0f} MB are in use before the first request, stacks of threads "
            f"included; name {held_mb + SPARE_MB + 1:.0f} or more"
        )
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MB, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    except (ValueError, OSError) as error:
        raise ArtificerError(f"--memory-mb {memory_mb} cannot be set: {error}; name less") from error
    _give_back_at_once()


@contextmanager
def room(n_bytes: int) -> Iterator[None]:
    """Have room for so much until the end.

    Raises
    ------
    MemoryError
        When the process, with all that was promised to others, would come near its limit.
    """
    global _promised  # of the process, as its limit is
    with _lock:
        afford(n_bytes)
        _promised += n_bytes
    try:
        yield
    finally:
        with _lock:
            _promised -= n_bytes


def afford(n_bytes: int) -> None:
    """As `room`, of what is done before anything else can begin."""
    most = _most()
    if most and _held() + _promised + n_bytes + MARGIN > most:
        raise MemoryError


def decoded_bytes(content: bytes) -> int:
    """What JSON takes at most once it is decoded: its texts, and CPython's sizes of numbers, texts, lists and objects."""
    # A text that comes to a character of four bytes is copied from what it was until then.
    texts = len(content) * (1 if content.isascii() else 5)
    parts = {b'"': 32, b":": 82, b",": 56, b"{": 200, b"[": 72}
    return 1_000 + texts + sum(size * content.count(part) for part, size in parts.items())


def threads() -> float:
    """How many may answer requests at once: their stacks take a quarter of what is left at most."""
    most = _most()
    return max(2, (most - _held()) // 4 // STACK) if most else math.inf


def recover() -> None:
    """Free what a request held that ran out of memory, and give it back to the system."""
    from artificer.core.tasks import give_back

    gc.collect()
    give_back()


def _give_back_at_once() -> None:
    """Have glibc map each large piece by itself: else, once one was freed, large ones come from the heap and tear it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 128 * 1024)
        mallopt(_TRIM_THRESHOLD, 128 * 1024)
        mallopt(_ARENA_MAX, 1)


def _most() -> int:
    """Bytes that the system lets this process have; 0 where it sets no limit, or does not say what is held."""
    if sys.platform != "linux":
        return 0
    import resource

    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit


def _held() -> int:
    """Bytes that count against the limit already; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
