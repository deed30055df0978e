"""The web application: pages for people, rendered on the server, that load nothing from elsewhere.

Each page is a module with its template: `answer(seen)` gives what it shows. A module is imported when its page is first
opened, so that a server starts without any library that only pages need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from artificer.core.errors import ArtificerError
from artificer.line.ship.server.doors import Door, Scope
from artificer.line.ship.server.served import Serving
from artificer_runtime import RuntimeInputError

__all__ = ["PAGES", "Page", "doors"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the navigation.

    Attributes
    ----------
    module : str
        What shows it.
    scope : str
        What whoever opens it must be allowed to do.
    """

    path: str
    title: str
    module: str
    scope: Scope = "predict"


PAGES = (
    Page("/", "Brief", "brief"),
    Page("/pages/predict", "Predict", "trying"),
    Page("/pages/batch", "Batch", "batch"),
    Page("/pages/model", "Model", "model"),
    Page("/pages/data", "Data", "data"),
    Page("/pages/watching", "Watching", "watching"),
    Page("/pages/versions", "Versions", "versions"),
    Page("/pages/log", "Log", "log"),
)


def doors(serving: Serving) -> tuple[Door, ...]:
    """The doors of all pages, of what their forms send, and of the files that they share."""
    return (
        *(Door("GET", page.path, _opened(serving, page.module), page.scope) for page in PAGES),
        Door("POST", "/pages/predict", _opened(serving, "trying", "attempt")),
        Door("POST", "/pages/batch", _awaited(serving, "batch", "upload")),
        Door("GET", "/pages/batch/{id}", _opened(serving, "batch", "progress")),
        Door("GET", "/pages/batch/{id}/{form}", _opened(serving, "batch", "download")),
        Door("POST", "/pages/batch/{id}/remove", _opened(serving, "batch", "remove")),
        *(Door("GET", f"/pages/files/{name}", _file(name), "") for name in ("app.css", "app.js", "icon.svg")),
    )


def _opened(serving: Serving, module: str, answer: str = "answer") -> Callable[[Request], Any]:
    """A page that is made in a thread: others need not wait for it."""

    async def opened(request: Request) -> Response:
        from artificer.line.ship.server.pages.frame import Seen, fault

        body = await _form(request) if request.method == "POST" else b""
        seen = Seen(serving, request, body)
        try:
            found: Response = await run_in_threadpool(lambda: getattr(_module(module), answer)(seen))
        except (ArtificerError, RuntimeInputError) as error:
            return fault(str(error))
        return found

    return opened


def _awaited(serving: Serving, module: str, answer: str) -> Callable[[Request], Any]:
    """A page that reads a long body itself."""

    async def opened(request: Request) -> Response:
        from artificer.line.ship.server.pages.frame import Seen

        found: Response = await getattr(_module(module), answer)(Seen(serving, request, b""))
        return found

    return opened


async def _form(request: Request) -> bytes:
    from artificer.line.ship.server.doors import body

    return await body(request, 2**20)


def _file(name: str) -> Callable[[Request], Any]:
    async def opened(_: Request) -> Response:
        from artificer.line.ship.server.pages.frame import file

        return file(name)

    return opened


def _module(name: str) -> Any:
    return import_module(f"{__name__}.{name}")
