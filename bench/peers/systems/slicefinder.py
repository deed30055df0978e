"""The library `sliceline` on rows and losses of `bench/slices.py`; runs in its own Python: numpy and sliceline alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from sliceline.slicefinder import Slicefinder


def main(folder: Path) -> None:
    """Read in.npz (X of levels from 1, losses), and write out.npz: rows of its best slice, and the fit's seconds."""
    with np.load(folder / "in.npz") as given:
        X, losses = given["X"], given["losses"]
    finder = Slicefinder(alpha=0.95, k=5, max_l=3, min_sup=max(1, int(0.01 * len(X))), verbose=False)
    began = time.perf_counter()
    finder.fit(X, losses)
    took = time.perf_counter() - began
    best = finder.top_slices_[0] if len(finder.top_slices_) else [None] * X.shape[1]
    rows = np.ones(len(X), bool)
    for column, level in enumerate(best):
        if level is not None:
            rows &= X[:, column] == level
    np.savez(folder / "out.npz", rows=rows if len(finder.top_slices_) else ~rows, seconds=took)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
