"""An ONNX graph while it is built: operators of the standard opset, constants that stand in it once, names that say nothing.

All arithmetic is in double precision, as the runtime's is; a matrix has the rows first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET, ML_OPSET, IR = 20, 4, 9  # onnxruntime reads them from 1.17 on
ML = "ai.onnx.ml"
ONNXRUNTIME = "com.microsoft"  # its own operators: of them one, which cuts a text
TYPES = {
    "float": TensorProto.FLOAT,
    "double": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


@dataclass
class Graph:
    """Nodes in the order in which they compute.

    A method that adds an operator gives the name of its result.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    inputs: list[ValueInfoProto] = field(default_factory=list)
    outputs: list[ValueInfoProto] = field(default_factory=list)
    _constants: dict[tuple[Any, ...], TensorProto] = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict)

    def input(self, name: str, kind: str) -> str:
        """One raw column: [n, 1]."""
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[kind], ["n", 1]))
        return name

    def output(self, name: str, value: str, kind: str, width: int | None = None) -> None:
        """Hand a value out: [n], or [n, width]."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"/out/{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, TYPES[kind], ["n"] if width is None else ["n", width]))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add an operator; what stands in the graph already is not computed again."""
        key = repr((operator, inputs, domain, sorted(attributes.items())))
        if key not in self._made:
            name = f"/{len(self.nodes)}/{operator}"  # no column is likely to be called so
            self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes))
            self._made[key] = name
        return self._made[key]

    def constant(self, value: Any, kind: Any = np.float64) -> str:
        """A number or an array."""
        array = np.asarray(value, kind)
        key = (array.dtype.str, array.shape, array.tobytes() if array.dtype != np.object_ else tuple(array.ravel()))
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"/constant/{len(self._constants)}")
        return str(self._constants[key].name)

    def cast(self, value: str, kind: str) -> str:
        """As another type."""
        return self.add("Cast", value, to=TYPES[kind])

    def where(self, condition: str, yes: str, no: str) -> str:
        """One where a condition holds, the other elsewhere."""
        return self.add("Where", condition, yes, no)

    def both(self, first: str, second: str) -> str:
        """Whether both hold."""
        return self.add("And", first, second)

    def bounded(self, value: str, low: Any, high: Any, kind: Any = np.float64) -> str:
        """Clipped; NaN stays NaN, which the operators for it do not promise."""
        clipped = self.add("Min", self.add("Max", value, self.constant(low, kind)), self.constant(high, kind))
        return self.where(self.add("IsNaN", value), value, clipped)

    def columns(self, matrix: str, places: Sequence[int] | np.ndarray) -> str:
        """Some columns of a matrix."""
        return self.add("Gather", matrix, self.constant(places, np.int64), axis=1)

    def beside(self, parts: Sequence[str]) -> str:
        """Matrices side by side."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def looked_up(self, table: np.ndarray, codes: str, kind: Any = np.float64) -> str:
        """Rows of a table, [n_codes + 1, width], at codes [n, 1]; the last row for codes that it lacks."""
        last = len(table) - 1
        zero, end = self.constant(0, np.int64), self.constant(last, np.int64)
        known = self.both(self.add("GreaterOrEqual", codes, zero), self.add("Less", codes, end))
        place = self.add("Squeeze", self.where(known, codes, end), self.constant([1], np.int64))
        return self.add("Gather", self.constant(table, kind), place, axis=0)

    def any(self, conditions: str) -> str:
        """Whether one holds in a row: bool [n, k] → [n]."""
        counted = self.add(
            "ReduceMax", self.add("Cast", conditions, to=TensorProto.INT32), self.constant([1], np.int64), keepdims=0
        )
        return self.cast(counted, "bool")

    def encoded(self, values: str, keys: Sequence[Any], places: Sequence[int], otherwise: int) -> str:
        """Strings, whole numbers or numbers as the whole numbers that stand for them."""
        if isinstance(keys[0], str):
            attributes: dict[str, Any] = {"keys_strings": list(keys)}
        elif isinstance(keys[0], int):
            attributes = {"keys_int64s": list(keys)}
        else:
            attributes = {"keys_tensor": numpy_helper.from_array(np.asarray(keys, np.float64), "keys")}
        if "keys_tensor" in attributes:
            attributes["values_tensor"] = numpy_helper.from_array(np.asarray(places, np.int64), "values")
            attributes["default_tensor"] = numpy_helper.from_array(np.array([otherwise], np.int64), "default")
        else:
            attributes |= {"values_int64s": list(places), "default_int64": otherwise}
        return self.add("LabelEncoder", values, domain=ML, **attributes)

    def model(self, name: str, properties: dict[str, str]) -> ModelProto:
        """The finished model."""
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        if any(node.domain == ONNXRUNTIME for node in self.nodes):
            opsets.append(helper.make_opsetid(ONNXRUNTIME, 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="artificer")
        helper.set_model_props(model, properties)
        return model
