"""Doors: how a route is declared, who may use it, and how it refuses.

Each module of the server that answers something offers ``doors(serving) -> tuple[Door, ...]``; `app` gathers them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from types import coroutine
from typing import Any, Literal

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from artificer.line.ship.server.limits import MB, Limits, Waits
from artificer.line.ship.server.memory import SMALL, afford, decoded_bytes

LIMITS, WAITS = "artificer.limits", "artificer.waits"  # where a request's scope holds those of the server
# Nothing that a door answers is kept by a proxy, guessed at by a browser, or shown within another site.
SECURE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_JSON_HEADERS = ((b"content-type", b"application/json"), *SECURE)
_NO_LIMITS_SAID = Limits()

Scope = Literal["", "predict", "feedback", "operate", "approve", "admin"]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One way in.

    Attributes
    ----------
    path : str
        May hold parameters: "/v2/models/{name}".
    scope : str
        What whoever uses it must be allowed to do; "" is open to everyone.
    operation : dict
        Its OpenAPI operation object, without what all share; empty for pages, which the document leaves out.
    vital : bool
        Whether it answers however much is under way: health and metrics.
    """

    method: str
    path: str
    answer: Answer
    scope: Scope = "predict"
    operation: dict[str, Any] = field(default_factory=dict)
    vital: bool = False


class RefusedError(Exception):
    """A request that cannot be answered: its status, and an error for each wrong field."""

    def __init__(self, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.errors, self.headers = status, errors, headers or {}


class JSON(Response):
    """An answer of JSON, encoded at once with its headers: half the time of starlette's own."""

    def __init__(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code, self.background = status, None
        self.body = msgspec.json.encode(value)
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), *_JSON_HEADERS]
        if headers:
            self.raw_headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def wrong(says: str, fix: str, field: str = "", row: int = 0) -> dict[str, Any]:
    """One error, as all doors tell it."""
    return {"field": field, "row": row, "says": says, "fix": fix}


NO_MEMORY = wrong(
    "the request needs more memory than the server has left",
    "send fewer rows at once, or ask again in a second; whoever runs the server may give it more (--memory-mb)",
)


def refusal(status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> Response:
    """The answer to a request that cannot be answered."""
    return JSON({"errors": errors}, status, headers)


async def body(request: Request, most: int | None = None) -> bytes:
    """The whole body.

    Parameters
    ----------
    most : int, optional
        Bytes; default: what the limits say.

    Raises
    ------
    RefusedError
        When it is larger (the rest is not read), or takes longer than the limits allow.
    MemoryError
        When there is no room for it.
    """
    limits = limits_of(request)
    most = limits.most_bytes if most is None else most
    if _told_length(request) > most:
        raise _too_large(most)
    reading, waits, began = _whole(request, most), waits_of(request), time.monotonic()
    try:
        waits_for = reading.send(None)
    except StopIteration as ended:  # all of it was there: most often, and no clock was needed
        whole: bytes = ended.value
        return whole
    try:
        async with asyncio.timeout(limits.timeout_s) as until:
            waits.began(until)
            try:
                return await _rest(reading, waits_for)
            finally:
                waits.ended(until)
    except TimeoutError as error:
        said = wrong(
            f"the body took longer than {min(time.monotonic() - began, limits.timeout_s):.2g} s",
            "send it at once, or fewer rows",
        )
        raise RefusedError(408, [said]) from error


async def _whole(request: Request, most: int) -> bytes:
    size, afforded, parts = 0, SMALL, []
    async for part in received(request):
        size += len(part)
        if size > most:
            raise _too_large(most)
        if size > afforded:
            afforded = size + MB
            afford(size + afforded)  # what comes next, and all parts as one
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


@coroutine
def _rest(begun: Coroutine[Any, Any, bytes], waits_for: Any) -> Generator[Any, Any, bytes]:
    """See a coroutine to its end that was begun by hand and waits for something."""
    try:
        yield waits_for
    except BaseException as error:
        begun.throw(error)
        raise
    whole: bytes = yield from begun
    return whole


async def received(request: Request) -> AsyncIterator[bytes]:
    """The body's parts as they come.

    Raises
    ------
    ClientDisconnect
        When the client goes before the end.
    """
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        more = message.get("more_body", False)
        part: bytes = message.get("body", b"")
        if part or not more:
            yield part


def limits_of(request: Request) -> Limits:
    """The server's limits."""
    found: Limits = request.scope.get(LIMITS, _NO_LIMITS_SAID)
    return found


def waits_of(request: Request) -> Waits:
    """The server's requests that wait for their clients."""
    found: Waits | None = request.scope.get(WAITS)
    return Waits() if found is None else found


def parsed(content: bytes) -> Any:
    """The body as JSON; NaN and the infinities are read, so that the field that holds them can be named.

    Raises
    ------
    RefusedError
        When it is none.
    MemoryError
        When there is no room for it.
    """
    if len(content) > SMALL:
        afford(decoded_bytes(content))
    try:
        return msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parsed_slowly(content)


def _parsed_slowly(content: bytes) -> Any:
    """As the standard library reads it, which takes more for JSON, and says better why it does not."""

    def odd(name: str) -> float:
        return float(name.replace("Infinity", "inf").replace("NaN", "nan"))

    try:
        value = json.loads(content, parse_constant=odd)
        msgspec.json.encode(value)  # half a character (a lone surrogate) could not be told back
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else _why(error)
        raise RefusedError(400, [wrong(f"the body is no JSON: {said}", 'send {"column": value, …}')]) from error
    return value


def _why(error: ValueError) -> str:
    return "it is no text in UTF-8" if isinstance(error, UnicodeError) else str(error)


def _told_length(request: Request) -> int:
    for name, value in request.scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else 0
    return 0


def _too_large(most: int) -> RefusedError:
    return RefusedError(413, [wrong(f"the body is larger than {most / MB:g} MiB", "send fewer rows at once")])
