"""Doors: how a route is declared, who may use it, and how it refuses.

Each module of the server that answers something offers ``doors(serving) -> tuple[Door, ...]``; `app` gathers them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MOST_BYTES = 16 * 1024 * 1024

Scope = Literal["", "predict", "feedback", "operate", "approve", "admin"]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One way in.

    Attributes
    ----------
    scope : str
        What whoever uses it must be allowed to do; "" is open to everyone.
    operation : dict
        Its OpenAPI operation object, without what all share; empty for pages, which the document leaves out.
    """

    method: str
    path: str
    answer: Answer
    scope: Scope = "predict"
    operation: dict[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that cannot be answered: its status, and an error for each wrong field."""

    def __init__(self, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.errors, self.headers = status, errors, headers or {}


def wrong(says: str, fix: str, field: str = "", row: int = 0) -> dict[str, Any]:
    """One error, as all doors tell it."""
    return {"field": field, "row": row, "says": says, "fix": fix}


def refusal(status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> Response:
    """The answer to a request that cannot be answered."""
    return JSONResponse({"errors": errors}, status, headers=headers)


async def body(request: Request, most: int = MOST_BYTES) -> bytes:
    """The whole body.

    Raises
    ------
    RefusedError
        When it is larger than `most` bytes; the rest is not read.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            said = wrong(f"the body is larger than {most // 2**20} MiB", "send fewer rows at once")
            raise RefusedError(413, [said])
        parts.append(part)
    return b"".join(parts)


def parsed(content: bytes) -> Any:
    """The body as JSON; NaN and the infinities are read, so that the field that holds them can be named.

    Raises
    ------
    RefusedError
        When it is none.
    """

    def odd(name: str) -> float:
        return float(name.replace("Infinity", "inf").replace("NaN", "nan"))

    try:
        return json.loads(content, parse_constant=odd)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RefusedError(400, [wrong(f"the body is no JSON: {said}", 'send {"column": value, …}')]) from error
