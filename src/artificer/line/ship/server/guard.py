"""Doors behind the gate: who may not use one is refused, and a form that a session sends must show its token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from artificer.line.ship.server.access import Caller, Gate, forged
from artificer.line.ship.server.doors import Door, RefusedError, body
from artificer.line.ship.server.origin import same_origin


def guarded(gate: Gate, door: Door) -> Door:
    """A door for those who may use it; a person without a session is led to the page to sign in."""

    async def answer(request: Request) -> Response:
        try:
            found = gate.meet(request.scope, door.scope)
        except RefusedError as refused:
            if refused.status == 401 and not door.operation and door.method == "GET":
                asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                return RedirectResponse(f"/sign-in?next={quote(asked)}", 303)
            raise
        if door.scope and not found.proven:
            request = await _with_token(request, found)
        return await door.answer(request)

    return replace(door, answer=answer)


async def _with_token(request: Request, found: Caller) -> Request:
    """The request again, once its form has shown the session's token."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or not same_origin(request.scope):
        raise forged()
    content = await body(request)
    fields = dict(parse_qsl(content.decode("utf-8", "replace")))
    if not found.shows(fields.get("csrf", "")):
        raise forged()
    sent = False

    async def receive() -> Any:
        nonlocal sent
        if sent:
            return await request.receive()
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return Request(request.scope, receive)
