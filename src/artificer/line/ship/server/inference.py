"""The Open Inference Protocol, version 2 (KServe, Triton): the same predictions, a tensor a column in and out.

https://github.com/kserve/open-inference-protocol. Without its binary extension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from artificer.line.ship.server.choosing import Chosen, answering, chosen
from artificer.line.ship.server.doors import JSON, Answer, Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.openapi import answers
from artificer.line.ship.server.predicting import answered, checked
from artificer.line.ship.server.served import Model, Serving

# What a column's tensor may hold; what a client sends may be any of the other's types, as long as the values fit.
TYPES = {"number": "FP64", "category": "BYTES", "boolean": "BYTES", "time": "BYTES", "text": "BYTES"}
WHOLE = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
KNOWN = frozenset(("BOOL", *WHOLE, "FP16", "FP32", "FP64", "BYTES"))
BINARY = "inference-header-content-length"
_OBJECT: dict[str, Any] = {"type": "object"}


def doors(serving: Serving) -> tuple[Door, ...]:
    """Server, health, model, inference; of the version that is named, or those that rows fall to."""
    told: dict[str, tuple[str, Callable[[Model], dict[str, Any]], bool]] = {
        "/v2": ("The server", lambda _: _server(), True),
        "/v2/health/live": ("The process lives", lambda _: {"live": True}, True),
        "/v2/health/ready": ("A version answers", lambda _: {"ready": True}, True),
    }
    own: dict[str, tuple[str, Callable[[Model], dict[str, Any]], bool]] = {
        "": ("The model", partial(_metadata, serving=serving), False),
        "/ready": ("It answers", lambda _: {"ready": True}, True),
    }
    for form in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        told |= {f"{form}{more}": said for more, said in own.items()}
    found = [
        Door("GET", path, _told(serving, tells), "" if vital else "predict", _operation(says), vital)
        for path, (says, tells, vital) in told.items()
    ]
    for form in ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"):
        found.append(Door("POST", form, _infer(serving), operation=_infer_operation(serving.model)))
    return tuple(found)


def _told(serving: Serving, tells: Callable[[Model], dict[str, Any]]) -> Answer:
    async def answer(request: Request) -> Response:
        return _refused_as_v2(lambda: JSON(tells(_meant(request, serving).model)))

    return answer


def _infer(serving: Serving) -> Answer:
    async def infer(request: Request) -> Response:
        try:
            who = _meant(request, serving)
            model = who.model
            if any(name == BINARY.encode() for name, _ in request.scope["headers"]):
                raise RefusedError(415, [wrong("binary tensors are not read", "send their data as JSON")])
            given = parsed(await body(request))
            rows, _ = checked({"rows": _rows(given, model)}, model, serving.limits)
            found = await answered(serving, who, rows)
            return JSON(_outputs(found.answers, given, model, found.version))
        except RefusedError as error:
            return _refusal(error)

    return infer


def _refused_as_v2(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except RefusedError as error:
        return _refusal(error)


def _refusal(error: RefusedError) -> Response:
    """An error as the protocol has it, one text; and ours beside it."""
    text = "; ".join(": ".join(filter(None, (one["field"], one["says"]))) for one in error.errors[:20])
    return JSON({"error": text, "errors": error.errors}, error.status, error.headers)


def _meant(request: Request, serving: Serving) -> Chosen:
    """The model that is asked for.

    Raises
    ------
    RefusedError
        When another is.
    """
    name = serving.model.scorer.brief.name
    if request.path_params.get("name", name) != name:
        raise RefusedError(404, [wrong("there is no model of that name here", f"the one here is '{name}'")])
    return chosen(serving, request)


def _server() -> dict[str, Any]:
    import artificer

    return {"name": "artificer", "version": artificer.__version__, "extensions": []}


def _metadata(model: Model, serving: Serving) -> dict[str, Any]:
    outputs = [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape, _ in _answered([], model)]
    return {
        "name": model.scorer.brief.name,
        "versions": list(answering(serving)),
        "platform": "artificer",
        "inputs": [{"name": one.name, "datatype": TYPES[one.kind], "shape": [-1]} for one in model.asked],
        "outputs": [one | {"shape": [-1, *one["shape"][1:]]} for one in outputs],
    }


def _rows(given: Any, model: Model) -> list[dict[str, Any]]:
    """Tensors → rows.

    Raises
    ------
    RefusedError
        When they are no tensors of one length.
    """
    tensors = given.get("inputs") if isinstance(given, Mapping) else None
    if not isinstance(tensors, list) or not tensors or not all(isinstance(one, Mapping) for one in tensors):
        raise RefusedError(400, [wrong("no input tensors were sent", 'send {"inputs": [{"name": …}, …]}', "inputs")])
    columns: dict[str, list[Any]] = {}
    for tensor in tensors:
        name, values = _tensor(tensor)
        if name in columns:
            raise RefusedError(400, [wrong("the tensor came twice", "send each column once", name)])
        columns[name] = values
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        said = f"tensors differ in length: {', '.join(map(str, sorted(lengths)))}"
        raise RefusedError(400, [wrong(said, "send one value a row in each")])
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _tensor(tensor: Mapping[str, Any]) -> tuple[str, list[Any]]:
    name, shape, kind, data = (tensor.get(part) for part in ("name", "shape", "datatype", "data"))
    where = name if isinstance(name, str) else ""
    if not isinstance(name, str) or not isinstance(kind, str) or kind not in KNOWN or not isinstance(data, list):
        fix = 'send {"name": "column", "datatype": "FP64", "shape": [n], "data": […]}'
        raise RefusedError(400, [wrong("a tensor needs name, datatype, shape and data", fix, where)])
    values = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
    if shape not in ([len(values)], [len(values), 1]) or any(type(one) is bool for one in shape):
        said = f"the shape is not that of its {len(values)} values"
        raise RefusedError(400, [wrong(said, f"a column is a tensor of shape [{len(values)}]", where)])
    if kind in WHOLE:
        values = [int(one) if isinstance(one, float) and one.is_integer() else one for one in values]
    return name, values


def _answered(found: list[dict[str, Any]], model: Model) -> list[tuple[str, str, list[int], list[Any]]]:
    """Output tensors: name, datatype, shape, data."""
    contents, n_rows = model.scorer.predictor.contents, len(found)
    kind = {"boolean": "BOOL", "integer": "INT64", "number": "FP64"}.get(contents.class_kind, "BYTES")
    tensors: list[tuple[str, str, list[int], list[Any]]] = [
        ("prediction", kind if contents.classes else "FP64", [n_rows], [one["prediction"] for one in found])
    ]
    if contents.classes:
        chances = [chance for one in found for chance in one["probabilities"].values()]
        tensors.append(("probabilities", "FP64", [n_rows, len(contents.classes)], chances))
    if model.scorer.positive >= 0:
        tensors.append(("score", "FP64", [n_rows], [one["score"] for one in found]))
    ends = [end for one in found for end in one.get("interval", (None,))]
    known = contents.residuals is not None and np.isfinite(model.scorer.predictor.interval(np.zeros((1, 1)))).all()
    if known and None not in ends:  # a tensor has no null
        tensors.append(("interval", "FP64", [n_rows, 2], ends))
    if model.decider.names:
        tensors.append(("decision", "BYTES", [n_rows], [one["decision"] or "" for one in found]))
    tensors.append(("flags", "BYTES", [n_rows], [" ".join(one["flags"]) for one in found]))
    return tensors


def _outputs(found: list[dict[str, Any]], given: Any, model: Model, version: str) -> dict[str, Any]:
    tensors: list[dict[str, Any]] = [
        {"name": name, "datatype": kind, "shape": shape, "data": data}
        for name, kind, shape, data in _answered(found, model)
    ]
    if model.scorer.predictor.contents.classes:
        tensors[1]["parameters"] = {"classes": list(model.scorer.predictor.contents.classes)}
    asked = given.get("outputs")
    if asked:
        names = {one["name"] for one in tensors}
        wanted = (
            [one.get("name") if isinstance(one, Mapping) else None for one in asked]
            if isinstance(asked, list)
            else [None]
        )
        if not all(isinstance(one, str) and one in names for one in wanted):
            raise RefusedError(400, [wrong("there is no output of that name", f"there are {', '.join(sorted(names))}")])
        tensors = [one for one in tensors if one["name"] in wanted]
    told = {
        "model_name": model.scorer.brief.name,
        "model_version": version,
        "outputs": tensors,
    }
    return told | ({"id": given["id"]} if isinstance(given.get("id"), str) else {})


def _operation(says: str) -> dict[str, Any]:
    return {"summary": f"{says} (Open Inference Protocol v2)", "responses": answers(_OBJECT, refusing=("404",))}


def _infer_operation(model: Model) -> dict[str, Any]:
    tensor = {
        "type": "object",
        "required": ["name", "datatype", "shape", "data"],
        "properties": {
            "name": {"type": "string", "examples": [one.name for one in model.asked[:20]]},
            "datatype": {"enum": sorted(KNOWN)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2},
            "data": {"type": "array"},
        },
    }
    output = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    asked = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": tensor, "minItems": 1},
            "outputs": {"type": "array", "items": output},
        },
    }
    told = {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "id": {"type": "string"},
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "outputs": {"type": "array", "items": tensor},
        },
    }
    example = {
        "inputs": [
            {"name": one.name, "datatype": TYPES[one.kind], "shape": [1], "data": [model.typical[one.name]]}
            for one in model.asked
        ]
    }
    return {
        "summary": "Predict rows, a tensor a column (Open Inference Protocol v2)",
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked, "example": example}}},
        "responses": answers(told, refusing=("400", "404", "408", "413", "415", "422")),
    }
