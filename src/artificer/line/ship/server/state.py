"""The doors that tell of the server itself: health, readiness, and which version answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from artificer.line.ship.server.doors import Door
from artificer.line.ship.server.openapi import answers
from artificer.line.ship.server.served import Serving


def doors(serving: Serving) -> tuple[Door, ...]:
    """Health, readiness, version."""

    async def healthy(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        model = serving.model
        state = {"status": "ready", "version": model.scorer.version, "since": model.since}
        return JSONResponse(state | ({"trouble": serving.troubles} if serving.troubles else {}))

    async def version(_: Request) -> Response:
        scorer = serving.model.scorer
        named = {"name": scorer.brief.name, "version": scorer.version, "model_hash": scorer.predictor.model_hash}
        return JSONResponse(named)

    told = {
        "/healthz": ("The process lives", healthy),
        "/readyz": ("A version answers; `trouble` says what is wanted and is not so", ready),
        "/version": ("Which model answers", version),
    }
    return tuple(
        Door("GET", path, answer, "", {"summary": says, "responses": answers({"type": "object"})})
        for path, (says, answer) in told.items()
    )
