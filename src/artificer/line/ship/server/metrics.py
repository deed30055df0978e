"""What the server counts, as Prometheus reads it: requests by door and status, their seconds, rows, flags, memory.

Each worker counts in cells of its own, in memory that all workers share; whichever is asked adds them up. No lock stands
in a request's way: a cell is written by one event loop alone.
"""

from __future__ import annotations

import mmap
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from artificer.core.errors import FaultError

STATUSES = (200, 201, 202, 204, 303, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 499, 500, 503, 0)
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
FLAGS = ("unseen", "outside", "clipped")
ROWS, IN_FLIGHT, MEMORY, FAULTS, OWN = 0, 1, 2, 3, 4 + len(FLAGS)
WIDTH = len(STATUSES) + len(BUCKETS) + 2  # of a door: requests by status, by time with no end, and their seconds
CELLS = 16_384  # of a worker: some 430 doors
_PLACE = {status: place for place, status in enumerate(STATUSES)}
_OTHER = _PLACE[0]


class Metrics:
    """The counters of all workers.

    Parameters
    ----------
    n_workers : int
        They are forked after this was made.
    """

    def __init__(self, n_workers: int = 1) -> None:
        self.n_workers, self.began = n_workers, time.time()
        self._cells = memoryview(mmap.mmap(-1, 8 * CELLS * n_workers)).cast("d")
        self._doors: list[tuple[str, str]] = []
        self._at = 0

    def worker(self, place: int) -> None:
        """Count as one of the workers from now on; nothing is under way in it."""
        self._at = place * CELLS
        self._cells[self._at + IN_FLIGHT] = 0.0

    def know(self, doors: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Give each door, by method and path, its place; ("", "") is all that is none."""
        self._doors = [("", ""), *doors]
        if OWN + WIDTH * len(self._doors) > CELLS:
            raise FaultError(f"{len(self._doors)} doors are more than metrics.CELLS holds")
        return {door: OWN + place * WIDTH for place, door in enumerate(self._doors)}

    def began_one(self) -> None:
        """A request is under way."""
        self._cells[self._at + IN_FLIGHT] += 1.0

    def answered(self, door: int, status: int, seconds: float) -> None:
        """A request was answered."""
        cells, own = self._cells, self._at
        cells[own + IN_FLIGHT] -= 1.0
        at = own + door
        cells[at + _PLACE.get(status, _OTHER)] += 1.0
        at += len(STATUSES)
        cells[at + bisect_left(BUCKETS, seconds)] += 1.0
        cells[at + len(BUCKETS) + 1] += seconds

    def predicted(self, n_rows: int, flags: Iterable[tuple[str, int]] = ()) -> None:
        """So many rows were predicted; of a flag, how many rows raised it."""
        self._cells[self._at + ROWS] += n_rows
        for name, n_flagged in flags:
            if name in FLAGS:
                self._cells[self._at + 4 + FLAGS.index(name)] += n_flagged

    def fault(self) -> None:
        """An error of our own was met."""
        self._cells[self._at + FAULTS] += 1.0

    def look(self) -> None:
        """Note how much memory this worker holds."""
        self._cells[self._at + MEMORY] = float(_resident())

    @property
    def in_flight(self) -> int:
        """Requests under way in this worker."""
        return int(self._cells[self._at + IN_FLIGHT])

    def text(self, name: str, version: str, model_hash: str) -> str:
        """All counters in Prometheus' text format, added up over the workers."""
        self.look()
        return "\n".join([*self._own(name, version, model_hash), *self._requests(), ""])

    def _sum(self, cell: int) -> float:
        return sum(self._cells[worker * CELLS + cell] for worker in range(self.n_workers))

    def _own(self, name: str, version: str, model_hash: str) -> Iterator[str]:
        labels = f'name="{_quoted(name)}",version="{_quoted(version)}",model_hash="{_quoted(model_hash)}"'
        yield from _family("artificer_model_info", "gauge", "The version that answers.", [f"{{{labels}}} 1"])
        plain = (
            ("artificer_rows_total", "counter", "Rows predicted.", ROWS),
            ("artificer_in_flight", "gauge", "Requests under way.", IN_FLIGHT),
            ("artificer_faults_total", "counter", "Errors of the server's own.", FAULTS),
            ("process_resident_memory_bytes", "gauge", "Memory of all workers.", MEMORY),
        )
        for family, kind, says, cell in plain:
            yield from _family(family, kind, says, [f" {self._sum(cell):.0f}"])
        flagged = [f'{{flag="{flag}"}} {self._sum(4 + place):.0f}' for place, flag in enumerate(FLAGS)]
        yield from _family("artificer_flags_total", "counter", "Rows that raised a flag.", flagged)
        yield from _family("artificer_workers", "gauge", "Processes that answer.", [f" {self.n_workers}"])
        started = "Start of the process since unix epoch in seconds."
        yield from _family("process_start_time_seconds", "gauge", started, [f" {self.began:.3f}"])

    def _requests(self) -> Iterator[str]:
        counted, timed = [], []
        for place, (method, path) in enumerate(self._doors):
            at = OWN + place * WIDTH
            door = f'method="{method}",door="{_quoted(path)}"'
            for index, status in enumerate(STATUSES):
                n_requests = self._sum(at + index)
                if n_requests:
                    counted.append(f'{{{door},status="{status or "other"}"}} {n_requests:.0f}')
            at += len(STATUSES)
            within = list(accumulate(self._sum(at + index) for index in range(len(BUCKETS) + 1)))
            if within[-1]:
                ends = (*(f"{end:g}" for end in BUCKETS), "+Inf")
                timed += [f'_bucket{{{door},le="{end}"}} {n:.0f}' for end, n in zip(ends, within, strict=True)]
                timed.append(f"_sum{{{door}}} {self._sum(at + len(BUCKETS) + 1):.6f}")
                timed.append(f"_count{{{door}}} {within[-1]:.0f}")
        yield from _family("artificer_requests_total", "counter", "Requests, by door and status.", counted)
        says = "Seconds from a request's head to the end of its answer."
        yield from _family("artificer_request_seconds", "histogram", says, timed)


def _family(name: str, kind: str, says: str, values: list[str]) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"
    yield from (f"{name}{value}" for value in values)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
