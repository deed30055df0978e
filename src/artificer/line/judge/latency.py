"""How long one prediction takes, from a dict of one row to its probabilities."""

from __future__ import annotations

import gc
import os
import platform
import time
from pathlib import Path

import numpy as np
import polars as pl

from artificer_runtime import Predictor

ROWS, WARM, TIMED = 200, 20, 1500
MOST_S = 1.0


def timings(predictor: Predictor, frame: pl.DataFrame, most_s: float = MOST_S) -> np.ndarray:
    """Milliseconds of single predictions over the first 200 rows, again and again: float64 (n_timed,).

    At most 1,500 predictions, or `most_s` seconds; the collector of garbage rests meanwhile.
    """
    names = [column.name for column in predictor.schema.columns]
    rows = frame.select(names).head(ROWS).to_dicts()
    predict = predictor.predict
    for place in range(WARM):
        predict(rows[place % len(rows)])
    took = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        until = time.perf_counter() + most_s
        for place in range(TIMED):
            began = time.perf_counter()
            predict(rows[place % len(rows)])
            ended = time.perf_counter()
            took.append(1000 * (ended - began))
            if ended > until:
                break
    finally:
        if collecting:
            gc.enable()
    return np.array(took)


def machine() -> str:
    """What it was measured on: the processor's name where the system tells it, and its cores."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"
