"""The page on which a person signs in with a key, and the doors that open and end a session."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from artificer.line.ship.server.doors import Door, RefusedError, body, wrong
from artificer.line.ship.server.origin import same_origin
from artificer.line.ship.server.served import Serving
from artificer.line.ship.server.sessions import COOKIE, LASTS_S

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a browser sends the form with `Origin: null`
    "cache-control": "no-store",
}
MOST_BYTES = 4096


def doors(serving: Serving) -> tuple[Door, ...]:
    """Sign in, sign out."""
    gate = serving.gate

    async def page(request: Request) -> Response:
        return _page(request.query_params.get("next", "/"), "")

    async def sign_in(request: Request) -> Response:
        fields = dict(parse_qsl((await body(request, MOST_BYTES)).decode("utf-8", "replace")))
        if not same_origin(request.scope):
            return _page(fields.get("next", "/"), "Another site sent this: sign in here, on the page itself.", 403)
        try:
            key = gate.holder(fields.get("key", "").strip(), gate.proxies.client(request.scope))
        except RefusedError as refused:
            return _page(fields.get("next", "/"), refused.errors[0]["says"], refused.status, refused.headers)
        answer = RedirectResponse(inside(fields.get("next", "/")), 303)
        answer.set_cookie(
            COOKIE,
            gate.sessions.opened(key.id),
            max_age=LASTS_S,
            httponly=True,
            samesite="strict",
            secure=gate.proxies.encrypted(request.scope),
        )
        return answer

    async def sign_out(request: Request) -> Response:
        if not same_origin(request.scope):
            raise RefusedError(403, [wrong("another site sent this", "sign out on the page itself")])
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return (
        Door("GET", "/sign-in", page, ""),
        Door("POST", "/sign-in", sign_in, ""),
        Door("POST", "/sign-out", sign_out, ""),
    )


def inside(place: str) -> str:
    """Where to go after signing in: a path of this server, and nowhere else.

    >>> inside("/versions?a=1"), inside("//elsewhere"), inside("https://elsewhere")
    ('/versions?a=1', '/', '/')
    """
    safe = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable()
    return place if safe else "/"


@cache
def _template() -> Template:
    text = files(f"{__package__}.pages").joinpath("sign_in.html").read_text(encoding="utf-8")
    style = files("artificer.core.report").joinpath("style.css").read_text(encoding="utf-8")
    return Template(text.replace("$style", style))


def _page(place: str, error: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    said = f'<p class="wrong" role="alert" id="wrong">{escape(error)}</p>' if error else ""
    about = ' aria-invalid="true" aria-describedby="wrong"' if error else ""
    text = _template().substitute(next=escape(inside(place)), error=said, about=about)
    return HTMLResponse(text, status, headers=HEADERS | (headers or {}))
