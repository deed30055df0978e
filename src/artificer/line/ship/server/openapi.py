"""The OpenAPI document: what the doors say of themselves, and what all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from artificer.line.ship.server.doors import Door

REFUSALS = {"400": "no JSON", "413": "too much at once", "422": "wrong fields"}
_FIELDS = {"field": "string", "row": "integer", "says": "string", "fix": "string"}
ERRORS = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {name: {"type": kind} for name, kind in _FIELDS.items()}},
        }
    },
}


def document(doors: Sequence[Door], card: dict[str, Any], version: str) -> dict[str, Any]:
    """Describe the doors that machines use."""
    paths: dict[str, dict[str, Any]] = {}
    for door in doors:
        if door.operation:
            paths.setdefault(door.path, {})[door.method.lower()] = door.operation
    info = {"title": str(card.get("name", "model")), "description": str(card.get("purpose", "")), "version": version}
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": {"schemas": {"Errors": ERRORS}},
    }


def answers(schema: dict[str, Any], text: str = "done") -> dict[str, Any]:
    """Responses of a door that answers with JSON."""
    return {"200": {"description": text, "content": {"application/json": {"schema": schema}}}} | refusals(*REFUSALS)


def refusals(*statuses: str) -> dict[str, Any]:
    """Responses of a door that refuses."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}}
    return {one: {"description": REFUSALS.get(one, "refused"), "content": content} for one in statuses}
