"""A whole package, raw columns in and predictions out: by the runtime, and by onnxruntime from its exported file.

Usage: python bench/exported.py PACKAGE [ROWS.parquet]. One thread each. Microseconds a call, the best of several, on rows drawn
from those given, else on rows made from the schema (a text made may be long, and each row of a batch takes the longest
one's room). Also the largest difference on the rows measured, the file's size, and the seconds of its export, check included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import onnxruntime
import polars as pl
from record import record

import artificer_runtime
from artificer.line.ship.onnx import export_onnx
from artificer.line.ship.onnx.columns import TAKEN, read_columns
from artificer.line.ship.onnx.rows import Rows, as_the_runtime_takes, synthetic
from artificer.line.ship.onnx.steps.words import known
from artificer.line.ship.onnx.verify import tensors
from artificer_runtime import walk
from artificer_runtime.schema import GROUPS, Schema

LEAST_S, LEAST_CALLS = 1.0, 3


def best_us(call: Callable[[], Any]) -> float:
    """Least time of a call, in microseconds."""
    took: list[float] = []
    while len(took) < LEAST_CALLS or sum(took) < LEAST_S:
        began = time.perf_counter()
        call()
        took.append(1e6 * (time.perf_counter() - began))
    return round(min(took), 1)


def main() -> None:
    package = Path(sys.argv[1])
    predictor = artificer_runtime.load(package)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = export_onnx(package, Path(folder) / "model.onnx")
        seconds = time.perf_counter() - began
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(done.path, options, providers=["CPUExecutionProvider"])
    about = {"size_mb": round(done.size_mb, 2), "export_s": round(seconds, 1)}
    schema = predictor.schema
    few = given(schema, Path(sys.argv[2])) if sys.argv[2:] else synthetic(schema, known(predictor.contents.recipe))
    n_few = len(next(iter(few.values())))
    score = "value" if not predictor.contents.classes else "probabilities"
    for n_rows in (1, 10_000):
        places = np.arange(n_rows) % n_few if n_rows > 1 else np.array([n_few - 1])
        rows = {name: [values[place] for place in places] for name, values in few.items()}
        taken, tensor = as_the_runtime_takes(schema, rows), tensors(schema, rows)
        one = {name: plain(values[0]) for name, values in taken.items()} if n_rows == 1 else taken
        with patch.object(walk, "_n_cores", lambda: 1):
            ours = best_us(lambda one=one: predictor.predict_full(one))
        theirs = best_us(lambda tensor=tensor: session.run(None, tensor))
        told = predictor.predict_full(one)
        wanted = told.values if told.probabilities is None else told.probabilities
        far = np.abs(session.run([score], tensor)[0] - wanted) / np.maximum(1.0, np.abs(wanted))
        figures = {
            "runtime_us": ours,
            "onnxruntime_us": theirs,
            "largest_difference": float(f"{far.max():.2g}"),
            **about,
        }
        record("exported", f"{predictor.contents.target}, {n_rows:,} rows", **figures)


def plain(value: Any) -> Any:
    """A value as JSON brings it, not a scalar of numpy: what one row has."""
    if value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def given(schema: Schema, path: Path) -> Rows:
    """Rows of a file as `synthetic` makes them."""
    frame = pl.read_parquet(path)
    rows: Rows = {}
    for column in read_columns(schema):
        values, group = frame[column.name], GROUPS[column.kind]
        if group == "times":
            values = values.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
        kind = pl.Float64 if TAKEN[group] == "double" else pl.String
        rows[column.name] = values.cast(kind).fill_null(np.nan if kind == pl.Float64 else "").to_list()
    return rows


if __name__ == "__main__":
    main()
