"""The doors that tell of the server itself: health, readiness, and which version answers."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from artificer.line.ship.server.doors import JSON, Door
from artificer.line.ship.server.openapi import answers
from artificer.line.ship.server.served import Serving


def doors(serving: Serving) -> tuple[Door, ...]:
    """Health, readiness, version."""

    async def healthy(_: Request) -> Response:
        return JSON({"status": "ok"})

    async def ready(_: Request) -> Response:
        model = serving.model
        state = {"status": "ready", "version": model.scorer.version, "since": model.since}
        return JSON(state | ({"trouble": serving.troubles} if serving.troubles else {}))

    async def version(_: Request) -> Response:
        scorer = serving.model.scorer
        named = {"name": scorer.brief.name, "version": scorer.version, "model_hash": scorer.predictor.model_hash}
        return JSON(named)

    told = {
        "/healthz": ("The process lives", healthy, ("status",)),
        "/readyz": (
            "A version answers; `trouble` says what is wanted and is not so",
            ready,
            ("status", "version", "since"),
        ),
        "/version": ("Which model answers", version, ("name", "version", "model_hash")),
    }
    return tuple(
        Door("GET", path, answer, "", _operation(says, named), vital=True)
        for path, (says, answer, named) in told.items()
    )


def _operation(says: str, named: tuple[str, ...]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(named), "properties": {one: {"type": "string"} for one in named}}
    return {"summary": says, "responses": answers(schema, refusing=())}
