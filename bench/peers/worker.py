"""Runs in the environment of one system: read, import, fit, save, load, predict, and tell each as it ends.

It needs pandas, pyarrow and numpy beside the system. It sees no test label: it writes what it predicts, and the process
that started it finds the error. Reading the rows and importing pandas come before the clock, for all systems alike.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TARGET = "target of the fit"
ONE_ROWS, BATCH = 30, 10_000
REPEAT_S, MOST_REPEATS = 1.0, 5


def main(folder: Path, mouth: int) -> None:
    """Do all of it; an error is told, and is an exit code of 1."""
    os.set_inheritable(mouth, False)

    def tell(**message: Any) -> None:
        os.write(mouth, json.dumps(message).encode() + b"\n")

    try:
        work(folder, tell)
    except Exception as error:  # whatever a system raises is its result on this set
        tell(failed=f"{type(error).__name__}: {error}")
        raise


def work(folder: Path, tell: Callable[..., None]) -> None:
    """Fit the system that asked.json names, and measure what it saved."""
    given = json.loads((folder / "asked.json").read_text())
    asked = given["asked"]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked["cores"]])
    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "test.parquet")
    y = train.pop(TARGET)
    tell(phase="read")
    system = importlib.import_module(f"systems.{given['module']}")
    tell(phase="import", figures={"version": system.version()})
    model = system.fit(train, y, asked, folder / "work")
    tell(phase="fit")
    system.save(model, folder / "package")
    tell(phase="save")
    loaded = system.load(folder / "package")
    tell(phase="load", figures={"classes": system.classes(loaded), "size_mb": size_mb(folder / "package")})
    tell(phase="one row", figures=one_row(system, loaded, test))
    predicted, rows_per_s = batches(system, loaded, test)
    np.save(folder / "predicted.npy", predicted)
    tell(phase="predict", figures={"rows_per_s": round(rows_per_s), "own_peak_mb": own_peak_mb()})


def one_row(system: Any, loaded: Any, test: pd.DataFrame) -> dict[str, float]:
    """Median milliseconds of one row, as a frame, and as a dict where the system takes one."""
    frames = [test.iloc[[k % len(test)]] for k in range(ONE_ROWS)]
    found = {"one_row_ms": median_ms(lambda row: system.predict(loaded, row), frames)}
    if hasattr(system, "predict_dict"):
        rows = [frame.to_dict("records")[0] for frame in frames]
        found["one_row_dict_ms"] = median_ms(lambda row: system.predict_dict(loaded, row), rows)
    return found


def median_ms(call: Callable[[Any], Any], rows: list[Any]) -> float:
    """Median over the rows, after one call that is not counted."""
    call(rows[0])
    took = []
    for row in rows:
        began = time.perf_counter()
        call(row)
        took.append(1e3 * (time.perf_counter() - began))
    return round(statistics.median(took), 4)


def batches(system: Any, loaded: Any, test: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Predictions of all test rows, and rows a second: the median of up to five calls on at most 10,000 rows."""
    first = test.iloc[:BATCH]
    took: list[float] = []
    while not took or (sum(took) < REPEAT_S and len(took) < MOST_REPEATS):
        began = time.perf_counter()
        parts = [system.predict(loaded, first)]
        took.append(time.perf_counter() - began)
    parts += [system.predict(loaded, test.iloc[start : start + BATCH]) for start in range(BATCH, len(test), BATCH)]
    return np.concatenate(parts).astype(np.float64), len(first) / statistics.median(took)


def size_mb(folder: Path) -> float:
    """MB (10^6 bytes) of all files of a folder."""
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 3)


def own_peak_mb() -> float:
    """The highest mark of this process's resident memory, which no sample can miss."""
    status = Path("/proc/self/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
