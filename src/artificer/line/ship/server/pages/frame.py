"""What all pages share: the frame around them, the files that they load, and what they may load at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from jinja2 import ChoiceLoader, Environment, FunctionLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from artificer.core.report.templates import environment, read_part
from artificer.line.ship.server.access import Caller, caller
from artificer.line.ship.server.pages import PAGES
from artificer.line.ship.server.pages.material import Material, material
from artificer.line.ship.server.served import Model, Serving
from artificer.line.ship.server.sign_in import inside

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
KINDS = {"app.css": "text/css", "app.js": "text/javascript", "icon.svg": "image/svg+xml"}
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2456a6"/>'
    '<path d="M7 23 16 8l9 15M11 17.5h10" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


@dataclass(frozen=True)
class Seen:
    """What a page is made from: who asked for what, and the version that answers.

    Attributes
    ----------
    body : bytes
        Of a form.
    """

    serving: Serving
    request: Request
    body: bytes

    @cached_property
    def model(self) -> Model:
        """The version that answered when the page was asked for; it stays the same while the page is made."""
        return self.serving.model

    @cached_property
    def material(self) -> Material:
        """What is known of it."""
        return material(self.model.scorer)

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return caller(self.request)

    @cached_property
    def form(self) -> dict[str, str]:
        """Fields of the form that was sent."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


def shown(seen: Seen, template: str, status: int = 200, **values: Any) -> Response:
    """A page: its template within the frame."""
    told = seen.material
    text = (
        _environment()
        .get_template(template)
        .render(
            pages=PAGES,
            path=seen.request.url.path,
            name=told.card.get("name") or seen.model.scorer.brief.name,
            told=told,
            trouble=seen.serving.troubles,
            who=seen.caller,  # a macro has a `caller` of its own
            file=_address,
            **values,
        )
    )
    return HTMLResponse(text, status, headers=HEADERS)


def fault(says: str) -> Response:
    """What is shown when what a page is made from cannot be read: a damaged run, a ledger that cannot be reached."""
    text = _environment().get_template("fault.html").render(says=says, file=_address)
    return HTMLResponse(text, 503, headers=HEADERS)


ENDED = ("Nobody is signed in, or the session has ended", "")
TITLES = {
    401: "This needs you to sign in",
    403: "This is not yours to do",
    404: "There is no such page",
    405: "There is no such page",
    500: "This page cannot be shown",
}


def refused(request: Request, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None) -> Response:
    """What a person's browser is shown where a program is told a refusal in JSON."""
    came = urlsplit(request.headers.get("referer", ""))
    here = inside(came.path) if came.netloc == request.url.netloc else "/"
    text = (
        _environment()
        .get_template("refused.html")
        .render(
            title=TITLES.get(status, "This was not done"),
            status=status,
            said=[ENDED]
            if status == 401
            else [(one["says"][:1].upper() + one["says"][1:], _for_a_person(one["fix"])) for one in errors],
            back=f"/sign-in?next={quote(here)}" if status == 401 else here,
            file=_address,
        )
    )
    return HTMLResponse(text, status, headers=HEADERS | (headers or {}))


def _for_a_person(fix: str) -> str:
    """A remedy without the doors that programs find it at."""
    return "" if fix.startswith("see /") else fix.partition(": /")[0]


def file(name: str) -> Response:
    """A file that pages load; its address changes with its content."""
    headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(_content(name), media_type=KINDS[name], headers=headers)


@cache
def _environment() -> Environment:
    own = {one.name for one in files(__package__).iterdir()}

    def page_part(name: str) -> str | None:
        return _text(name) if name in own else None

    return environment().overlay(loader=ChoiceLoader([FunctionLoader(page_part), FunctionLoader(read_part)]))


@cache
def _content(name: str) -> str:
    if name == "icon.svg":
        return ICON
    return read_part("style.css") + _text(name) if name == "app.css" else _text(name)


@cache
def _address(name: str) -> str:
    return f"/pages/files/{name}?{hashlib.sha256(_content(name).encode()).hexdigest()[:12]}"


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
