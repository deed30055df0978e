"""Work in parallel: the only module that knows engines. It speaks `concurrent.futures`.

Boosters and numpy release the interpreter's lock while they compute, so short fits run in threads that share their
arrays. Each task uses one thread of its own: LightGBM with two collapses when another process needs a core.
"""

from __future__ import annotations

import ctypes
import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

In = TypeVar("In")
Out = TypeVar("Out")

LARGEST_KEPT = 1 << 24  # bytes


def n_cores() -> int:
    """Cores that this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_gb() -> float:
    """Memory that this process may still take, in GB: what the machine has free, within the limit of its control group."""
    free = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))
    known = Path("/proc/meminfo")
    if known.exists():
        fields = dict(line.split(":", 1) for line in known.read_text().splitlines())
        free = 1024.0 * float(fields["MemAvailable"].split()[0])
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (most := limit.read_text().strip()) != "max":
        free = min(free, float(most) - float(used.read_text()))
    return free / 1e9


@contextmanager
def single_threaded() -> Iterator[None]:
    """Give numpy's and scikit-learn's own pools one thread, so that tasks side by side do not fight for cores."""
    with threadpool_limits(limits=1):
        yield


def give_back() -> None:
    """Return freed memory to the system: glibc keeps what each thread freed, and learners free much."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def keep_freed() -> None:
    """Have arrays of some megabytes reused once freed, until `give_back`: fresh pages cost as much as the work on them.

    glibc gives back what is larger than the largest block that was freed, beyond 128 KiB (mallopt(3), M_MMAP_THRESHOLD).
    """
    bytearray(LARGEST_KEPT)


def run_all(
    work: Callable[[In], Out], items: Iterable[In], n_workers: int, *, trim: bool = True
) -> Iterator[tuple[In, Out]]:
    """Run `work` on every item, at most `n_workers` at a time, and yield each pair as it ends.

    With one worker, everything runs here and in order. An error in one task is raised once the running ones ended;
    the rest is not begun.

    Parameters
    ----------
    trim : bool
        Whether memory is given back after each: worth its time after a fit, not after milliseconds of work.
    """
    if n_workers == 1:
        with single_threaded():
            for item in items:
                result = work(item)
                if trim:
                    give_back()
                yield item, result
        return
    with single_threaded(), ThreadPoolExecutor(n_workers, thread_name_prefix="artificer") as pool:
        waiting: dict[Future[Out], In] = {pool.submit(work, item): item for item in items}
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    if trim:
                        give_back()
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()


def side_by_side_s(seconds: Iterable[float], n_workers: int) -> float:
    """How long work of so many seconds each takes side by side, the longest begun first (Graham 1969, SIAM J. Appl. Math.).

    >>> side_by_side_s([9.0, 6.0, 7.0], 2)
    13.0
    """
    busy = [0.0] * n_workers
    for one in sorted(seconds, reverse=True):
        heapq.heapreplace(busy, busy[0] + one)
    return max(busy)


def side_by_side(work: Callable[[In], Out], items: Sequence[In], n_workers: int) -> list[Out]:
    """The results of short work on every item, in the order of the items; at most `n_workers` at a time."""
    if n_workers == 1:
        return [work(item) for item in items]
    done = dict(run_all(lambda place: work(items[place]), range(len(items)), n_workers, trim=False))
    return [done[place] for place in range(len(items))]


def ahead(items: Iterator[Out]) -> Iterator[Out]:
    """The same items, each fetched while the one before it is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="artificer") as pool:
        coming: Future[Out | None] = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
