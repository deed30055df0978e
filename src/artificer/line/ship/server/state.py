"""The doors that tell of the server itself: health, readiness, and which version answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

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
        state: dict[str, Any] = {"status": "ready", "version": model.scorer.version, "since": model.since}
        if serving.log is not None:  # what is wrong with the ledger is for the server's own log, not for whoever asks
            counts = asdict(serving.log.counts())
            state["log"] = counts | {"trouble": "the ledger cannot be written" if counts["trouble"] else ""}
        return JSONResponse(state | ({"trouble": serving.trouble} if serving.trouble else {}))

    async def version(_: Request) -> Response:
        scorer = serving.model.scorer
        named = {"name": scorer.brief.name, "version": scorer.version, "model_hash": scorer.predictor.model_hash}
        return JSONResponse(named)

    told = {
        "/healthz": ("The process lives", healthy),
        "/readyz": ("A version answers; `trouble` says why another that should does not", ready),
        "/version": ("Which model answers", version),
    }
    return tuple(
        Door("GET", path, answer, "", {"summary": says, "responses": answers({"type": "object"})})
        for path, (says, answer) in told.items()
    )
