"""The compiled walk of trees, where it is there: `_walk.c`, built with the wheel when a C compiler is.

It gives the same bits as numpy does. ``ARTIFICER_WALK=numpy`` in the environment leaves it out.
"""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

SWITCH = "ARTIFICER_WALK"
LAYOUT = 3  # of the tables that members/packed.py writes; an extension built from older sources reads another one
ROWS_A_THREAD = 2048


def _kernel() -> ModuleType | None:
    if os.environ.get(SWITCH) == "numpy":
        return None
    try:
        from artificer_runtime import _walk
    except ImportError:
        return None
    return _walk if _walk.LAYOUT == LAYOUT else None


KERNEL = _kernel()


@contextmanager
def by_numpy() -> Iterator[None]:
    """Leave the compiled walk out for a while, to compare; another thread that predicts meanwhile gets the same bits."""
    global KERNEL
    held, KERNEL = KERNEL, None
    try:
        yield
    finally:
        KERNEL = held


def summed(add: Callable[[np.ndarray, int, np.ndarray, int], None], X: np.ndarray, n_out: int) -> np.ndarray:
    """Sums over trees: float64 (n_rows, n_out). What `add` adds of a row hangs on that row alone.

    Many rows are split over the cores that this process may use, when the main thread asks: who asks in a thread of his
    own (a fit beside others, a server) has given the other cores something to do.

    Parameters
    ----------
    add : callable
        `add(X, n_features, out, n_out)` adds the leaves of float32 rows to `out` without holding the interpreter's lock.
    """
    X, out = np.ascontiguousarray(X), np.zeros((len(X), n_out))
    n_parts = len(X) // ROWS_A_THREAD
    if n_parts > 1:
        n_parts = min(_n_cores(), n_parts) if threading.current_thread() is threading.main_thread() else 1
    if n_parts <= 1:
        add(X, X.shape[1], out, n_out)
        return out
    edges = np.linspace(0, len(X), n_parts + 1).astype(np.int64).tolist()
    parts = [slice(start, stop) for start, stop in pairwise(edges)]
    with ThreadPoolExecutor(n_parts) as pool:
        for _ in pool.map(lambda part: add(X[part], X.shape[1], out[part], n_out), parts):
            pass
    return out


def summed_one(add: Callable[..., None], tables: tuple[Any, ...], row: array[float], n_out: int) -> array[float]:
    """Sums over trees of one row of single-precision features, without numpy: the bits of `summed`."""
    out = array("d", bytes(8 * n_out))
    add(tables, row, len(row), out, n_out)
    return out


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
