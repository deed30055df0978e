"""The doors through which a version is promoted, rolled back, tried out beside the served one, and approved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from artificer.core.access import NotAllowedError
from artificer.core.errors import ArtificerError
from artificer.line.ship.server.access import caller
from artificer.line.ship.server.doors import JSON, Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.openapi import answers, refusals
from artificer.line.ship.server.served import Serving

if TYPE_CHECKING:
    from artificer.line.ship.versions import Versions

MOST_BYTES = 64 * 1024
PAGE = "/pages/versions"
_BECAUSE: dict[str, Any] = {"because": {"type": "string", "description": "kept with the act"}}
_SAID = {"because": {**_BECAUSE["because"], "minLength": 1}}
_VERSION = {"version": {"type": "string", "description": "a package of the workspace"}, **_BECAUSE}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def doors(serving: Serving) -> tuple[Door, ...]:
    """All versions, and what may be done about them."""

    def changes(
        path: str,
        summary: str,
        change: Callable[[Versions, dict[str, Any]], Any],
        fields: dict[str, Any],
        scope: Any = "operate",
        needed: Sequence[str] = (),
    ) -> Door:
        schema = {"type": "object", "required": list(needed), "properties": fields}
        operation = {
            "summary": summary,
            "requestBody": {"required": bool(needed), "content": {"application/json": {"schema": schema}}},
            "responses": answers({"type": "object"}, "what is so now") | refusals("409"),
        }
        return Door("POST", path, _changing(serving, change), scope, operation)

    async def told(request: Request) -> Response:
        found = await run_in_threadpool(lambda: _versions(serving, request).told())
        return JSON(found)

    listed = {"summary": "Versions, approvals, and what was done", "responses": answers({"type": "object"})}
    return (
        Door("GET", "/versions", told, "predict", listed),
        changes("/versions/promote", "Serve a version", _promote, _VERSION, needed=("version",)),
        changes(
            "/versions/rollback",
            "Undo the last step",
            lambda them, given: them.roll_back(_text(given, "because", "")),
            _BECAUSE,
        ),
        changes("/versions/shadow", "Have a version predict without answering", _shadow, _VERSION),
        changes(
            "/versions/canary",
            "Have a version answer a share",
            _canary,
            {**_VERSION, "share": _SHARE},
            needed=("share",),
        ),
        changes(
            "/versions/ab",
            "Have versions answer fixed shares",
            _ab,
            {"shares": {"type": "object", "additionalProperties": _SHARE}, **_BECAUSE},
            needed=("shares",),
        ),
        changes("/versions/{version}/approve", "Say yes to a version", _approve, _SAID, "approve", ("because",)),
    )


def _promote(them: Versions, given: dict[str, Any]) -> Any:
    return them.promote(_text(given, "version"), _text(given, "because", ""))


def _shadow(them: Versions, given: dict[str, Any]) -> Any:
    return them.shadow(_text(given, "version", ""), _text(given, "because", ""))


def _canary(them: Versions, given: dict[str, Any]) -> Any:
    share = _share(given.get("share"), "share")
    version = _text(given, "version", None if share else "")
    return them.share({version: share} if share else {}, _text(given, "because", ""))


def _ab(them: Versions, given: dict[str, Any]) -> Any:
    shares = given.get("shares")
    if not isinstance(shares, dict):
        raise RefusedError(422, [wrong("'shares' is no object", 'send {"shares": {"VERSION": 0.5, …}}', "shares")])
    checked = {name: _share(one, "shares") for name, one in shares.items()}
    if checked and abs(sum(checked.values()) - 1) > 1e-9:
        said = wrong(f"the shares add up to {sum(checked.values()):g}", "have them add up to 1", "shares")
        raise RefusedError(422, [said])
    return them.share({name: one for name, one in checked.items() if one}, _text(given, "because", ""))


def _approve(them: Versions, given: dict[str, Any]) -> Any:
    served = them.approve(given["version"], _text(given, "because"))
    return {"approved": given["version"], "by": them.who, "served": served}


def _changing(serving: Serving, change: Callable[[Versions, dict[str, Any]], Any]) -> Callable[[Request], Any]:
    async def changed(request: Request) -> Response:
        content = await body(request, MOST_BYTES)
        # By what it holds: curl and urllib call JSON a form, where nothing else is said.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_form = kind == "application/x-www-form-urlencoded" and content.lstrip()[:1] != b"{"
        given = dict(parse_qsl(content.decode("utf-8", "replace"))) if is_form else parsed(content or b"{}")
        if not isinstance(given, dict):
            raise RefusedError(422, [wrong("the body is no object", "send {…}")])
        given |= request.path_params
        found = await run_in_threadpool(_done, serving, request, change, given)
        return RedirectResponse(PAGE, 303) if is_form else JSON(found)

    return changed


def _done(
    serving: Serving, request: Request, change: Callable[[Versions, dict[str, Any]], Any], given: dict[str, Any]
) -> Any:
    try:
        them = _versions(serving, request)
        _see_seen(them, given)
        before = them.ledger.served(them.name)
        found = change(them, given)
        if them.ledger.served(them.name) != before:
            serving.refresh(now=True)  # the page that follows speaks of it
            serving.changed()
        return found
    except NotAllowedError as error:
        raise RefusedError(403, [wrong(str(error), "see /versions")]) from error
    except ArtificerError as error:
        raise RefusedError(409, [wrong(str(error), "see /versions")]) from error


def _versions(serving: Serving, request: Request) -> Versions:
    from artificer.line.ship.versions import Versions

    scorer = serving.model.scorer
    if scorer.folder is None or scorer.ledger is None:
        said = wrong("a bare package is served, which is one version alone", "serve the brief: artificer serve BRIEF")
        raise RefusedError(409, [said])
    return Versions(scorer.brief, scorer.ledger, scorer.package.parent, caller(request).name)


def _see_seen(them: Versions, given: dict[str, Any]) -> None:
    """See that what is served is still what whoever asks has seen, where they say what that was."""
    seen, served = given.get("seen"), them.ledger.served(them.name)
    if seen is not None and str(seen) != str(served.revision if served else 0):
        raise RefusedError(409, [wrong("what is served has changed since you looked", "look again: /versions", "seen")])


def _text(given: dict[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise RefusedError(
            422, [wrong(f"'{name}' is no text" if value else f"'{name}' is absent", f'send {{"{name}": "…"}}', name)]
        )
    return value


def _share(value: Any, name: str) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise RefusedError(422, [wrong("a share is a number from 0 to 1", f'send {{"{name}": 0.05}}', name)])
    return share
