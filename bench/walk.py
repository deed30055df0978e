"""How fast trees are walked: by numpy, by the compiled walk, by the library that grew them, by onnxruntime where it is.

One thread, but for "two_threads_us". Microseconds a call, the best of several: other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import catboost
import lightgbm
import numpy as np
from record import record

from artificer.core.protocols import Fold
from artificer.line.fit.learners import catboost_trees, lightgbm_trees
from artificer_runtime import walk

FEATURES, FITTED, MOST_TREES = 20, 20_000, 3_000
KINDS = ("31", "64", "catboost")  # leaves of LightGBM, or CatBoost
TREES, ROWS = (100, 1_000, 3_000), (1, 100, 10_000)
LEAST_S, LEAST_CALLS = 0.3, 3


def best_us(call: Callable[[], Any]) -> float:
    """Least time of a call, in microseconds."""
    took: list[float] = []
    while len(took) < LEAST_CALLS or sum(took) < LEAST_S:
        began = time.perf_counter()
        call()
        took.append(1e6 * (time.perf_counter() - began))
    return round(min(took), 1)


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Numbers, some absent, and a target of squares, products and noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(FITTED, FEATURES)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + X[:, 3] ** 2 + rng.normal(size=FITTED)
    X[rng.random(X.shape) < 0.02] = np.nan
    return X, y


def onnx_of(save: Callable[[Path], None]) -> Callable[[np.ndarray], Any] | None:
    """A session of one thread, where onnxruntime and the converters are."""
    try:
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            save(path)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3  # it warns at each call of the shape that CatBoost wrote
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except ImportError as error:
        print(f"onnxruntime is left out: {error}")
        return None
    name = session.get_inputs()[0].name
    return lambda X: session.run(None, {name: X})[0]


def lightgbm_as_onnx(booster: lightgbm.Booster, n_trees: int, path: Path) -> None:
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    cut = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=n_trees))
    inputs = [("X", FloatTensorType([None, FEATURES]))]
    path.write_bytes(convert_lightgbm(cut, initial_types=inputs, zipmap=False).SerializeToString())


def catboost_as_onnx(model: catboost.CatBoostRegressor, n_trees: int, path: Path) -> None:
    import onnx  # noqa: F401  (without it CatBoost writes nothing that a session reads)

    cut = model.copy()
    cut.shrink(ntree_end=n_trees)
    cut.save_model(str(path), format="onnx")


def measure(name: str, member: Any, X: np.ndarray, own: Callable[[np.ndarray], Any], onnx: Any) -> None:
    """All ways at each number of rows, and that numpy and the compiled walk give the same bits."""
    for n_rows in ROWS:
        some = X[:n_rows]
        with patch.object(walk, "KERNEL", None):
            numpy = member.predict(some)
            figures: dict[str, Any] = {"numpy_us": best_us(partial(member.predict, some))}
        if walk.KERNEL is not None:
            assert member.predict(some).tobytes() == numpy.tobytes()
            for threads, key in ((1, "compiled_us"), (2, "two_threads_us")):
                if threads == 1 or n_rows >= 2 * walk.ROWS_A_THREAD:
                    with patch.object(walk, "_n_cores", lambda threads=threads: threads):
                        figures[key] = best_us(partial(member.predict, some))
        np.testing.assert_allclose(np.ravel(own(some)), numpy[:, 0], atol=1e-9)
        figures["library_us"] = best_us(partial(own, some))
        if onnx is not None:
            np.testing.assert_allclose(np.ravel(onnx(some)), numpy[:, 0], atol=1e-2)
            figures["onnxruntime_us"] = best_us(partial(onnx, some))
        record("walk", f"{name}, {n_rows:,} rows", **figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=KINDS, help=f"in pieces: {', '.join(KINDS)}")
    kinds = parser.parse_args().kinds
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    X, y = rows()
    for leaves in (int(kind) for kind in kinds if kind.isdigit()):
        parameters = {"num_leaves": leaves, "learning_rate": 0.03, "num_threads": 1, "verbosity": -1}
        booster = lightgbm.train(parameters, lightgbm.Dataset(X, y), MOST_TREES)
        member = lightgbm_trees.portable(booster.model_to_string(), "identity")
        for n_trees in TREES:
            own = partial(booster.predict, num_iteration=n_trees, num_threads=1)
            onnx = onnx_of(partial(lightgbm_as_onnx, booster, n_trees))
            measure(f"LightGBM, {n_trees:,} trees of {leaves} leaves", member.truncated(n_trees), X, own, onnx)
    if "catboost" in kinds:
        of_catboost(X, y)


def of_catboost(X: np.ndarray, y: np.ndarray) -> None:
    """Symmetric trees, as CatBoost grows them."""
    model = catboost.CatBoostRegressor(
        iterations=MOST_TREES, depth=6, thread_count=1, verbose=False, allow_writing_files=False
    )
    model.fit(X, y)
    symmetric = catboost_trees.portable(model, Fold(X, y, "regression", 0, ()))
    for n_trees in TREES:
        own = partial(model.predict, ntree_end=n_trees, thread_count=1)
        onnx = onnx_of(partial(catboost_as_onnx, model, n_trees))
        measure(f"CatBoost, {n_trees:,} trees of depth 6", symmetric.truncated(n_trees), X, own, onnx)


if __name__ == "__main__":
    main()
