"""A package as one ONNX file: raw columns in, predictions out, for whatever runs ONNX in any language.

The graph does all that the package does: it reads spellings and gaps, makes features, walks every member, blends. It is
run by onnxruntime before it is written, and carries the rows on which it was held against the package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artificer.core.errors import ArtificerError
from artificer.core.store import write_bytes
from artificer_runtime import load
from artificer_runtime.predictor import Predictor, typed
from artificer_runtime.schema import GROUPS

if TYPE_CHECKING:
    from artificer.line.ship.onnx.graph import Graph

__all__ = ["Exported", "export_onnx"]

LABELS = {"string": "string", "integer": "int64", "number": "double", "boolean": "bool"}
SAYS = {
    "numbers": "a number; NaN where missing",
    "codes": "a string without blanks around it; empty where missing",
    "times": "seconds since 1970-01-01 in UTC, as ONNX has no operator that reads a date; NaN where missing",
    "texts": "a string; empty where missing; cut by onnxruntime's own operator Tokenizer (com.microsoft)",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    n_rows : int
        Rows that travel in the file.
    worst : float
        Largest difference from the package's predictions on them: of a probability, or of a number over its size.
    """

    path: Path
    n_rows: int
    worst: float
    size_mb: float


def export_onnx(package: str | Path, out: str | Path | None = None, *, rows: str | Path | None = None) -> Exported:
    """Write a package as one ONNX file, after onnxruntime was seen to predict with it as the package does.

    Parameters
    ----------
    out : path, optional
        Default: the package's name with ``.onnx``, in the current folder.
    rows : path, optional
        Write the rows that travel in the file into a JSON file as well.

    Raises
    ------
    ArtificerError
        When a part of the model cannot be written as ONNX, or `onnx` and `onnxruntime` are not installed.
    FaultError
        When the file would not predict as the package does.
    """
    _needed()
    from artificer.line.ship.onnx.verify import verified

    predictor = load(package)
    path = Path(out) if out is not None else Path(f"{Path(package).resolve().stem}.onnx")
    names = _names(predictor)
    built = _model(predictor, names, {})
    shown = verified(built, predictor, names)
    written = _model(predictor, names, {**_about(predictor, names), "artificer.verification": shown.as_json()})
    write_bytes(path, written)
    if rows is not None:
        write_bytes(Path(rows), shown.as_json().encode())
    n_rows = len(next(iter(shown.rows.values())))
    return Exported(path, n_rows, shown.worst, round(len(written) / 1e6, 2))


def _needed() -> None:
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ArtificerError(
            f"an ONNX file needs the library {error.name}, to be written and to be checked; install it with the extra "
            "'onnx': pip install './runtime' '.[onnx]'"
        ) from None
    assert onnx.__version__


def _names(predictor: Predictor) -> dict[str, str]:
    """Names of the outputs; a column may be called "label": ours give way."""
    outputs = ("probabilities", "label") if predictor.contents.classes else ("value",)
    taken = {column.name for column in predictor.schema.columns}
    names = {}
    for output in (*outputs, "unseen", "outside", "clipped"):
        name = output
        while name in taken:
            name += "_"
        taken.add(name)
        names[output] = name
    return names


def _about(predictor: Predictor, names: Mapping[str, str]) -> dict[str, str]:
    import artificer
    from artificer.line.ship.onnx.columns import TAKEN, read_columns

    contents = predictor.contents
    columns = [
        {"name": one.name, "kind": one.kind, "type": TAKEN[GROUPS[one.kind]], "holds": SAYS[GROUPS[one.kind]]}
        for one in read_columns(predictor.schema)
    ]
    return {
        "artificer.version": artificer.__version__,
        "artificer.model_hash": predictor.model_hash,
        "artificer.target": contents.target,
        "artificer.classes": json.dumps(contents.classes, ensure_ascii=False),
        "artificer.columns": json.dumps(columns, ensure_ascii=False),
        "artificer.outputs": json.dumps(names, ensure_ascii=False),
    }


def _model(predictor: Predictor, names: Mapping[str, str], properties: dict[str, str]) -> bytes:
    from artificer.line.ship.onnx import columns, members, steps
    from artificer.line.ship.onnx.graph import Graph

    contents = predictor.contents
    needed = sorted({block for one in contents.members for block in one.blocks})
    steps.refused(contents.recipe, needed)
    graph = Graph()
    raw = columns.raw(graph, predictor.schema)
    blocks = steps.made(graph, contents.recipe, raw, needed)
    total = ""
    for one in contents.members:
        parts = [blocks[name] for name in one.blocks if name in blocks]
        if not parts:
            raise ArtificerError("a member of this model reads no feature at all; a graph of it would say nothing")
        predicted = members.predicted(graph, one.member, graph.beside(parts))
        if contents.transform == "log1p":
            predicted = graph.add("Sub", graph.add("Exp", predicted), graph.constant(1.0))
        part = graph.add("Mul", predicted, graph.constant(one.weight))
        total = graph.add("Add", total, part) if total else part
    _handed_out(graph, predictor, total, names)
    for name in ("unseen", "outside", "clipped"):
        graph.output(names[name], raw.flags[name], "bool")
    model: bytes = graph.model(contents.target, properties).SerializeToString(deterministic=True)
    return model


def _handed_out(graph: Graph, predictor: Predictor, total: str, names: Mapping[str, str]) -> None:
    contents = predictor.contents
    if not contents.classes:
        graph.output(names["value"], graph.add("Squeeze", total, graph.constant([1], np.int64)), "double")
        return
    one = graph.constant([1], np.int64)
    if contents.temperature != 1.0:
        largest = graph.add("ReduceMax", total, one, keepdims=1)
        powers = graph.add("Pow", graph.add("Div", total, largest), graph.constant(1.0 / contents.temperature))
        total = graph.add("Div", powers, graph.add("ReduceSum", powers, one, keepdims=1))
    graph.output(names["probabilities"], total, "double", len(contents.classes))
    weighed = graph.add("Mul", total, graph.constant(contents.multipliers)) if contents.multipliers else total
    place = graph.add("ArgMax", weighed, axis=1, keepdims=0)
    classes = typed(contents.classes, contents.class_kind)
    label = graph.add("Gather", graph.constant(classes, classes.dtype), place, axis=0)
    graph.output(names["label"], label, LABELS[contents.class_kind])
