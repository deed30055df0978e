"""The OpenAPI document: what the doors say of themselves, and what all of them share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from artificer.line.ship.server.doors import Door
from artificer.line.ship.server.metrics import FLAGS
from artificer.line.ship.server.served import Model

REFUSALS = {
    "400": "not in the form that is asked for",
    "401": "a key is needed, or the one sent opens nothing",
    "403": "this key does not allow it",
    "404": "nothing of that name",
    "408": "the body came too slowly",
    "409": "not as things stand",
    "413": "too much at once",
    "415": "of a kind that is not read",
    "422": "wrong fields",
    "429": "too many requests; Retry-After says how many seconds to wait",
    "500": "our fault; its id is in the log",
    "503": "too much is under way, or what is needed is out of reach",
}
# Of any door: limits hold everywhere.
SHARED = ("429", "500", "503")
OF_KEYS = ("401", "403")
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
OF_BODIES = ("400", "408", "413", "422")
OF_VERSIONS = ("404", *OF_BODIES)  # of doors that take rows, for the version that a request names
_FIELDS = {"field": "string", "row": "integer", "says": "string", "fix": "string"}
ERROR = {
    "type": "object",
    "required": list(_FIELDS),
    "properties": {name: {"type": kind} for name, kind in _FIELDS.items()},
}
ERRORS = {
    "type": "object",
    "required": ["errors"],
    "properties": {"errors": {"type": "array", "items": {"$ref": "#/components/schemas/Error"}}},
}


def document(doors: Sequence[Door], card: dict[str, Any], version: str) -> dict[str, Any]:
    """Describe the doors that machines use."""
    paths: dict[str, dict[str, Any]] = {}
    for door in doors:
        if door.operation:
            paths.setdefault(door.path, {})[door.method.lower()] = _operation(door)
    info = {"title": str(card.get("name", "model")), "description": str(card.get("purpose", "")), "version": version}
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": {"schemas": {"Error": ERROR, "Errors": ERRORS}, "securitySchemes": SCHEMES},
    }


def _operation(door: Door) -> dict[str, Any]:
    """A door's own words, with a name that clients can call it by, its path's parameters, and the refusals of all."""
    name = re.sub(r"\W+", "_", f"{door.method.lower()} {door.path}").strip("_")
    named = [
        {"name": one, "in": "path", "required": True, "schema": {"type": "string"}}
        for one in re.findall(r"{(\w+)", door.path)
    ]
    named += door.operation.get("parameters", [])
    shared: dict[str, Any] = {"operationId": name}
    if door.scope:
        shared["security"] = [{"bearer": []}, {"key": []}]
    responses = door.operation.get("responses", {})
    refusing = (*OF_KEYS, *SHARED) if door.scope else SHARED
    told = shared | door.operation | {"responses": refusals(*refusing) | responses}
    return told | ({"parameters": named} if named else {})


def answers(schema: dict[str, Any], text: str = "done", refusing: Sequence[str] = OF_BODIES) -> dict[str, Any]:
    """Responses of a door that answers with JSON."""
    return {"200": {"description": text, "content": {"application/json": {"schema": schema}}}} | refusals(*refusing)


def refusals(*statuses: str) -> dict[str, Any]:
    """Responses of a door that refuses."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}}
    return {one: {"description": REFUSALS.get(one, "refused"), "content": content} for one in statuses}


def predicted_schema(model: Model) -> dict[str, Any]:
    """JSON Schema of what /predict answers."""
    properties = {
        "predictions": {"type": "array", "items": prediction_schema(model)},
        "version": {"type": "string"},
        "model_hash": {"type": "string", "description": "SHA-256 of schema, representation and members"},
        "ignored": {"type": "array", "items": {"type": "string"}, "description": "fields that nobody reads"},
        "notes": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Error"},
            "description": "why rows were flagged, the first ten; and that a control share was asked for, and a row has no key",
        },
    }
    return {"type": "object", "required": ["predictions", "version", "model_hash"], "properties": properties}


def prediction_schema(model: Model, *, kept: bool = True) -> dict[str, Any]:
    """JSON Schema of one row's prediction; one that the ledger keeps has an id."""
    scorer = model.scorer
    classes = scorer.predictor.classes.tolist()
    properties: dict[str, Any] = {
        "prediction": {"enum": classes} if classes else {"type": "number"},
        "flags": {"type": "array", "items": {"enum": list(FLAGS)}},
        "version": {"type": "string", "description": "who answered this row, while several versions do"},
    }
    required = ["prediction", "flags"]
    if classes:
        names = scorer.predictor.contents.classes
        chance = {"type": "number", "minimum": 0, "maximum": 1}
        chances = {"type": "object", "required": list(names), "properties": dict.fromkeys(names, chance)}
        properties["probabilities"] = chances
        required.append("probabilities")
        if scorer.positive >= 0:
            properties["score"] = {**chance, "description": f"probability of '{names[scorer.positive]}'"}
            required.append("score")
    if scorer.predictor.contents.residuals is not None:
        end = {"type": ["number", "null"], "description": "null where training had too few rows to tell it"}
        says = "low and high end, between which nine values in ten lie"
        properties["interval"] = {"type": "array", "items": end, "minItems": 2, "maxItems": 2, "description": says}
    if model.decider.names:
        properties["decision"] = {"enum": list(model.decider.names)}
        required.append("decision")
    if "review" in model.decider.names:
        properties["review"] = {"type": "string", "description": "why a person decides this row"}
        properties["period"] = {
            "type": "string",
            "description": "of the list that the row would be on, where lists have one",
        }
    if kept and scorer.workspace is not None:
        says = "what feedback may name it by; it is in the ledger a moment later"
        properties["prediction_id"] = {"type": "string", "description": says}
        required.append("prediction_id")
    if scorer.brief.data.key:
        properties["key"] = {"type": "object", "description": "the row's own, where it was sent"}
    return {"title": "Prediction", "type": "object", "required": required, "properties": properties}
