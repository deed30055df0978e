"""Whether a graph, run by onnxruntime, predicts as the package does; and the rows that show it, as they travel in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from artificer.core.errors import FaultError
from artificer.line.ship.onnx.columns import TAKEN, read_columns
from artificer.line.ship.onnx.rows import Rows, as_the_runtime_takes, synthetic
from artificer.line.ship.onnx.steps.words import known
from artificer_runtime.predictor import Predictor
from artificer_runtime.schema import GROUPS, Schema

TOLERANCE = 1e-5  # of a probability; of a number, times its size where that is above 1


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows, what the package predicts of them, and the largest difference met.

    Attributes
    ----------
    expected : dict of str to list
        By the names of the graph's outputs.
    """

    rows: Rows
    expected: dict[str, list[Any]]
    worst: float

    def as_json(self) -> str:
        """What travels in the file; null stands for NaN."""
        rows = {name: [None if one != one else one for one in values] for name, values in self.rows.items()}
        return json.dumps({"tolerance": TOLERANCE, "rows": rows, "expected": self.expected}, ensure_ascii=False)


def verified(model: bytes, predictor: Predictor, names: Mapping[str, str]) -> Shown:
    """Run a graph on synthetic rows.

    Parameters
    ----------
    names : what → name of the output

    Raises
    ------
    FaultError
        When it does not predict as the package does, or cannot be run.
    """
    import onnxruntime

    rows = synthetic(predictor.schema, known(predictor.contents.recipe))
    told = predictor.predict_full(as_the_runtime_takes(predictor.schema, rows))
    score = told.values if told.probabilities is None else told.probabilities
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        found = dict(zip(names, session.run([*names.values()], tensors(predictor.schema, rows)), strict=True))
    except Exception as error:
        raise FaultError(f"onnxruntime does not run the exported graph ({error}); nothing was written") from error
    main = "value" if told.probabilities is None else "probabilities"
    far = np.abs(found[main] - score) / np.maximum(1.0, np.abs(score))
    worst = float(far.max(initial=0.0)) if np.isfinite(far).all() else np.inf
    flags = [name for name in told.flags if not np.array_equal(found[name], told.flags[name])]
    odd = "label" in found and bool((_sure(predictor, score) & (found["label"] != told.values)).any())
    if worst > TOLERANCE or flags or odd:
        what = (
            f"{main} differ by {worst:.2g}" if worst > TOLERANCE else f"{'labels' if odd else ', '.join(flags)} differ"
        )
        raise FaultError(
            f"the exported graph does not predict as the package does: {what} on synthetic rows (allowed: {TOLERANCE:g}); "
            "nothing was written. Please report it with the package's schema"
        )
    expected = {names[main]: score.tolist()} | {names[name]: flag.tolist() for name, flag in told.flags.items()}
    if "label" in found:
        expected[names["label"]] = told.values.tolist()
    return Shown(rows, expected, worst)


def tensors(schema: Schema, rows: Rows) -> dict[str, np.ndarray]:
    """Rows as the graph takes them: one array [n, 1] a column."""
    kinds = {"double": np.float64, "string": np.object_}
    return {
        column.name: np.array(rows[column.name], kinds[TAKEN[GROUPS[column.kind]]])[:, None]
        for column in read_columns(schema)
    }


def _sure(predictor: Predictor, probabilities: np.ndarray) -> np.ndarray:
    """Whether no other class comes so near that the tolerance could turn the label."""
    ordered = np.sort(predictor.weighed(probabilities), axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > 4 * TOLERANCE)
