"""A whole package, raw columns in and predictions out: by the runtime, and by onnxruntime from its exported file.

Usage: python bench/exported.py PACKAGE. One thread each. Microseconds a call, the best of several.
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
from record import record

import artificer_runtime
from artificer.line.ship.onnx import export_onnx
from artificer.line.ship.onnx.rows import as_the_runtime_takes, synthetic
from artificer.line.ship.onnx.steps.words import known
from artificer.line.ship.onnx.verify import tensors
from artificer_runtime import walk

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
        path = export_onnx(package, Path(folder) / "model.onnx").path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    schema = predictor.schema
    few = synthetic(schema, known(predictor.contents.recipe))
    n_few = len(next(iter(few.values())))
    for n_rows in (1, 10_000):
        places = np.arange(n_rows) % n_few if n_rows > 1 else np.array([n_few - 1])
        rows = {name: [values[place] for place in places] for name, values in few.items()}
        taken, given = as_the_runtime_takes(schema, rows), tensors(schema, rows)
        one = {name: values[0] for name, values in taken.items()} if n_rows == 1 else taken
        with patch.object(walk, "_n_cores", lambda: 1):
            ours = best_us(lambda one=one: predictor.predict_full(one))
        figures = {"runtime_us": ours, "onnxruntime_us": best_us(lambda given=given: session.run(None, given))}
        record("exported", f"{predictor.contents.target}, {n_rows:,} rows", **figures)


if __name__ == "__main__":
    main()
