"""The door that Prometheus reads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from artificer.line.ship.server.doors import Door
from artificer.line.ship.server.served import Serving

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def doors(serving: Serving) -> tuple[Door, ...]:
    """Metrics."""

    async def metrics(_: Request) -> Response:
        scorer = serving.model.scorer
        text = serving.metrics.text(scorer.brief.name, scorer.version, scorer.predictor.model_hash)
        return PlainTextResponse(text, media_type=TYPE)

    content = {"text/plain": {"schema": {"type": "string"}}}
    operation = {
        "summary": "What was counted, of all workers, as Prometheus reads it",
        "responses": {"200": {"description": "counters", "content": content}},
    }
    return (Door("GET", "/metrics", metrics, "", operation, vital=True),)
