"""Cost: how long a prediction takes, alone and in a batch, and what the model weighs, on a machine that is named."""

from __future__ import annotations

import os
import platform
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from artificer.core.figures import figure
from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, examination

# What a person takes for instant (Miller 1968; Nielsen 1993, Usability Engineering, 5.5).
INSTANT_MS = 100.0
BATCH, ONES, MOST_S = 1_000, 100, 0.5


@examination("cost", "predict")
def cost(seen: Examined) -> Iterator[Finding]:
    """Report latency, memory and size; a warning where one row in a hundred takes longer than feels instant."""
    ones = seen.took_ms if seen.took_ms is not None else _ones(seen)
    middle, slow = (float(np.quantile(ones, share)) for share in (0.5, 0.99))
    batch = seen.rows.frame.head(BATCH)
    batch_ms, peak_mb = _batch(seen)
    size = (Fact("size_mb", _size_mb(seen.folder), "MB"),) if seen.folder is not None else ()
    late = slow > INSTANT_MS
    yield Finding(
        "cost",
        "warning" if late else "note",
        machine(),
        f"one row takes {figure(middle)} ms, one in a hundred {figure(slow)} ms or more; "
        f"{batch.height:,} rows take {figure(batch_ms)} ms and {figure(peak_mb)} MB more memory, on {machine()}",
        "use a smaller model, or predict ahead in batches" if late else "nothing to do",
        (
            Fact("one_row_p50_ms", middle, "ms"),
            Fact("one_row_p99_ms", slow, "ms"),
            Fact("batch_ms", batch_ms, f"ms for {batch.height:,} rows"),
            Fact("batch_peak_mb", peak_mb, "MB"),
            *size,
            Fact("machine", machine()),
        ),
    )


def machine() -> str:
    """The processor and how many of them: what a time was measured on."""
    name = platform.processor() or platform.machine()
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        told = ""
    named = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return f"{os.cpu_count() or 1} × {named[0] if named else name}"


def _ones(seen: Examined) -> np.ndarray:
    """Milliseconds of single rows: at most a hundred, or half a second, the first one left out."""
    assert seen.predict is not None
    took: list[float] = []
    until = time.perf_counter() + MOST_S
    for place in range(ONES + 1):
        row = seen.rows.frame.slice(place % len(seen.rows), 1)
        began = time.perf_counter()
        seen.predict(row)
        ended = time.perf_counter()
        took.append(1000 * (ended - began))
        if ended > until and len(took) > 1:
            break
    return np.array(took[1:])


def _batch(seen: Examined) -> tuple[float, float]:
    """Milliseconds of up to a thousand rows, and megabytes that Python and numpy took meanwhile at their most."""
    assert seen.predict is not None
    batch = seen.rows.frame.head(BATCH)
    began = time.perf_counter()
    seen.predict(batch)
    took_ms = 1000 * (time.perf_counter() - began)
    if tracemalloc.is_tracing():
        return took_ms, float("nan")
    tracemalloc.start()
    try:
        seen.predict(batch)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return took_ms, peak / 1e6


def _size_mb(folder: Path) -> float:
    files = folder.rglob("*") if folder.is_dir() else [folder]
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6
