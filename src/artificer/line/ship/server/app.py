"""The application: all doors, one way of refusing, what everyone is held to, and the version that follows the ledger.

Plain ASGI: a door is found by its path in a dictionary, so that a single prediction costs little more than itself.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path

from artificer.core.errors import ArtificerError, BriefError, DataError
from artificer.line.ship.server import (
    batches,
    explaining,
    feedback,
    inference,
    monitoring,
    pages,
    predicting,
    sign_in,
    state,
    streaming,
    versions,
)
from artificer.line.ship.server.doors import (
    JSON,
    LIMITS,
    NO_MEMORY,
    SECURE,
    WAITS,
    Door,
    RefusedError,
    refusal,
    wrong,
)
from artificer.line.ship.server.guard import guarded
from artificer.line.ship.server.limits import Rates, Waits
from artificer.line.ship.server.memory import recover, threads
from artificer.line.ship.server.openapi import document
from artificer.line.ship.server.served import EVERY_S, Serving
from artificer_runtime import RowsError

DOORS = (
    predicting.doors,
    batches.doors,
    streaming.doors,
    explaining.doors,
    feedback.doors,
    inference.doors,
    monitoring.doors,
    versions.doors,
    sign_in.doors,
    state.doors,
    pages.doors,
)
LOG = logging.getLogger("artificer.serve")
SMALL = 64 * 1024  # bytes that a connection takes without waiting for its client

Receive = Callable[[], Any]
Send = Callable[[Any], Any]


def application(serving: Serving, *, started: Callable[[], None] = lambda: None) -> Application:
    """The application of one package, or of what the ledger says is served.

    Parameters
    ----------
    started : callable
        Called once requests are answered.
    """
    doors = doors_of(serving)
    guards = tuple(guarded(serving.gate, door) for door in (*doors, _openapi(doors, serving)))
    return Application(serving, guards, started)


def doors_of(serving: Serving) -> tuple[Door, ...]:
    """All doors but that of their own description."""
    return tuple(door for offered in DOORS for door in offered(serving))


class Application:
    """All doors of a server, as ASGI."""

    def __init__(self, serving: Serving, doors: Iterable[Door], started: Callable[[], None]) -> None:
        self._serving, self._limits, self._metrics = serving, serving.limits, serving.metrics
        self._started, self._rates, self._waits = started, Rates(serving.limits.rate), Waits()
        self._exact: dict[str, dict[str, Door]] = {}
        self._patterns: list[tuple[Any, Any, dict[str, Door]]] = []
        for door in doors:
            self._add(door)
        self._numbers = self._metrics.know((door.method, door.path) for door in doors)

    def _add(self, door: Door) -> None:
        pattern, _, convertors = compile_path(door.path)
        if not convertors:
            self._exact.setdefault(door.path, {})[door.method] = door
            return
        for known, _, methods in self._patterns:
            if known == pattern:
                methods[door.method] = door
                return
        self._patterns.append((pattern, convertors, {door.method: door}))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or see the server's life through."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        began, metrics, status = time.perf_counter(), self._metrics, 499  # the client went
        scope[LIMITS], scope[WAITS] = self._limits, self._waits
        metrics.began_one()
        methods = self._methods(scope)
        method = scope["method"]
        door = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        try:
            response = await self._response(door, methods, Request(scope, receive))
            if response is not None:
                status = response.status_code
                await _sent(response, scope, receive, send, self._limits.timeout_s)
        except Exception as error:  # noqa: BLE001 - a stream that fails has begun: it is cut
            status = 500
            self._fault(error, door)
        finally:
            number = self._numbers[(door.method, door.path) if door is not None else ("", "")]
            metrics.answered(number, status, time.perf_counter() - began)

    def _methods(self, scope: dict[str, Any]) -> dict[str, Door]:
        """The doors at a request's path; of several patterns that it fits, the first with its method names the parameters."""
        path, method = scope["path"], scope["method"]
        found = self._exact.get(path)
        if found is not None:
            return found
        fitting: dict[str, Door] = {}
        for pattern, convertors, methods in self._patterns:
            matched = pattern.match(path)
            if not matched:
                continue
            fitting |= methods
            if method in methods or (method == "HEAD" and "GET" in methods):
                scope["path_params"] = {
                    name: convertors[name].convert(value) for name, value in matched.groupdict().items()
                }
                return methods
        return fitting

    async def _response(self, door: Door | None, methods: dict[str, Door], request: Request) -> Response | None:
        """A door's answer, or the refusal that it raised; None where the client has gone."""
        try:
            if door is None:
                raise _no_door(methods)
            if not door.vital:
                self._admit(request)
            return await door.answer(request)
        except RefusedError as error:
            return _refused(request, error.status, error.errors, error.headers)
        except HTTPException as error:
            return _refused(request, error.status_code, [wrong(f"{error.detail}", "see /openapi.json")])
        except (RowsError, DataError, BriefError) as error:
            return _refused(request, 422, [wrong(str(error), "see /schema")])
        except ArtificerError as error:
            LOG.error("%s %s: %s", request.method, _named(door), error)
            return refusal(503, [wrong(str(error), "ask again; whoever runs the server finds this in its log")])
        except ClientDisconnect:
            return None
        except MemoryError:
            pass  # what its frames hold goes with it, before there is room to say so
        except Exception as error:  # noqa: BLE001 - the one place where faults of a request end: an id, and no data of it
            return self._fault(error, door)
        recover()
        return refusal(503, [NO_MEMORY], {"retry-after": "1"})

    def _admit(self, request: Request) -> None:
        """Turn away what comes too often, and what comes when too much is under way."""
        if self._metrics.in_flight > self._limits.at_once and not self._waits.give_way():
            said = wrong(f"{self._limits.at_once} requests are under way", "ask again in a second")
            raise RefusedError(503, [said], {"retry-after": "1"})
        if self._rates.rate:
            wait_s = self._rates.wait_s(self._serving.gate.counted_as(request.scope))
            if wait_s:
                said = wrong(f"more than {self._rates.rate:g} requests a second", f"ask again in {wait_s:.2g} s")
                raise RefusedError(429, [said], {"retry-after": str(int(wait_s) + 1)})

    def _fault(self, error: Exception, door: Door | None) -> Response:
        """Log where it happened and its kind; its words, which may hold values of the request, are not told."""
        name = secrets.token_hex(6)
        self._metrics.fault()
        where = "".join(traceback.format_tb(error.__traceback__))
        LOG.error("fault %s at %s: %s\n%s", name, _named(door), type(error).__name__, where.rstrip())
        return refusal(500, [wrong(f"this is our fault, not yours; it is logged as {name}", "report that id")])

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        limiter = to_thread.current_default_thread_limiter()
        limiter.total_tokens = min(limiter.total_tokens, threads())
        following = asyncio.create_task(_follow(self._serving))
        await send({"type": "lifespan.startup.complete"})
        self._started()
        await receive()
        following.cancel()
        if self._serving.log is not None:
            await run_in_threadpool(self._serving.log.close)
        await send({"type": "lifespan.shutdown.complete"})


async def _follow(serving: Serving) -> None:
    """Take over what is promoted meanwhile; requests under way end with the version they began with."""
    failed = ""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            serving.metrics.look()
            if serving.log is not None:
                serving.metrics.logged(serving.log.counts())
            if await run_in_threadpool(serving.follow):
                LOG.warning("version %s is served now", serving.model.scorer.version)
            failed = ""
        except Exception as error:  # noqa: BLE001 - who stops following never hears of a revoked key or a roll-back
            if failed != (failed := type(error).__name__):
                where = "".join(traceback.format_tb(error.__traceback__))
                LOG.error(
                    "what is wanted of this server cannot be followed now, and is tried again: %s\n%s", failed, where
                )


async def _sent(response: Response, scope: Any, receive: Receive, send: Send, timeout_s: float) -> None:
    """Send an answer; a client that does not take a part of it in time is left."""
    if isinstance(response, JSON):
        if len(response.body) <= SMALL:
            await response(scope, receive, send)
            return
    else:
        named = {name for name, _ in response.raw_headers}
        response.raw_headers.extend(pair for pair in SECURE if pair[0] not in named)

    async def patient(message: Any) -> None:
        async with asyncio.timeout(timeout_s):
            await send(message)

    try:
        await response(scope, receive, patient)
    except TimeoutError:
        LOG.warning("a client took no part of its answer for %g s; it is left", timeout_s)


def _openapi(doors: tuple[Door, ...], serving: Serving) -> Door:
    async def described(_: Request) -> Response:
        return JSON(document(doors, serving.model.card, serving.model.scorer.version))

    return Door("GET", "/openapi.json", described, "")


def _refused(
    request: Request, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None
) -> Response:
    """A refusal as whoever asks reads it: a browser that opens a page, or a program."""
    if "text/html" not in request.headers.get("accept", ""):
        return refusal(status, errors, headers)
    from artificer.line.ship.server.pages.frame import refused  # it needs jinja, which programs do without

    return refused(request, status, errors, headers)


def _no_door(methods: dict[str, Door]) -> RefusedError:
    if not methods:
        return RefusedError(404, [wrong("Not Found", "see /openapi.json")])
    allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
    return RefusedError(405, [wrong("Method Not Allowed", "see /openapi.json")], {"allow": allowed})


def _named(door: Door | None) -> str:
    return f"{door.method} {door.path}" if door is not None else "no door"
