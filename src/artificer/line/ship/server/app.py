"""The application: all doors, one way of refusing, and the version that follows the ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from artificer.line.ship.server import pages, predicting, sign_in, state, versions
from artificer.line.ship.server.doors import Door, RefusedError, refusal, wrong
from artificer.line.ship.server.guard import guarded
from artificer.line.ship.server.openapi import document
from artificer.line.ship.server.served import EVERY_S, Serving
from artificer_runtime import RowsError

DOORS = (predicting.doors, versions.doors, state.doors, sign_in.doors, pages.doors)
LOG = logging.getLogger("artificer.serve")


def application(serving: Serving, *, started: Callable[[], None] = lambda: None) -> Starlette:
    """The application of one package, or of what the ledger says is served.

    Parameters
    ----------
    started : callable
        Called once requests are answered.
    """

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_follow(serving))
        started()
        yield
        task.cancel()

    doors = tuple(guarded(serving.gate, door) for offered in DOORS for door in offered(serving))
    routes = [Route(door.path, door.answer, methods=[door.method]) for door in (*doors, _openapi(doors, serving))]
    refusing = {RefusedError: _refused, HTTPException: _plain, RowsError: _rows}
    return Starlette(routes=routes, exception_handlers=refusing, lifespan=life)  # type: ignore[arg-type]


async def _follow(serving: Serving) -> None:
    """Take over what is promoted meanwhile; requests under way end with the version they began with."""
    while True:
        await asyncio.sleep(EVERY_S)
        if await run_in_threadpool(serving.follow):
            LOG.warning("version %s is served now", serving.model.scorer.version)


def _openapi(doors: tuple[Door, ...], serving: Serving) -> Door:
    async def described(_: Request) -> Response:
        return JSONResponse(document(doors, serving.model.card, serving.model.scorer.version))

    return Door("GET", "/openapi.json", described, "")


async def _refused(_: Request, error: RefusedError) -> Response:
    return refusal(error.status, error.errors, error.headers)


async def _plain(_: Request, error: HTTPException) -> Response:
    return refusal(error.status_code, [wrong(f"{error.detail}", "see /openapi.json")])


async def _rows(_: Request, error: RowsError) -> Response:
    return refusal(422, [wrong(str(error), "see /schema")])
