"""The routes: predict, schema, health, readiness, version, and the page with a form."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from artificer.core.figures import figure
from artificer.core.report.page import read_part
from artificer.line.ship.server.fields import ignored_fields, row_schema, wrong_fields
from artificer.line.ship.server.served import EVERY_S, Model, Serving
from artificer_runtime import RowsError

MOST_ROWS, MOST_BYTES = 10_000, 16 * 1024 * 1024
INLINE_ROWS = 200  # more take long enough that others should not wait for them
LOG = logging.getLogger("artificer.serve")
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
FLAGS = {
    "unseen": "a value that training never saw",
    "outside": "a number or moment beyond the range of training",
    "clipped": "a number too large to be told apart",
}


class RefusedError(Exception):
    """A request that cannot be answered: its status, and an error for each wrong field."""

    def __init__(self, status: int, errors: list[dict[str, Any]]) -> None:
        super().__init__(status)
        self.status, self.errors = status, errors


def application(serving: Serving, *, started: Callable[[], None] = lambda: None) -> FastAPI:
    """The application of one package, or of what the ledger says is served.

    Parameters
    ----------
    started : callable
        Called once requests are answered.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_follow(serving))
        started()
        yield
        task.cancel()

    app = FastAPI(
        title=str(serving.model.card.get("name", "model")),
        description=str(serving.model.card.get("purpose", "")),
        version=serving.model.scorer.version,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        lifespan=life,
    )
    _errors(app)
    _machines(app, serving)
    _people(app, serving)
    return app


async def _follow(serving: Serving) -> None:
    """Take over what is promoted meanwhile; requests under way end with the version they began with."""
    while True:
        await asyncio.sleep(EVERY_S)
        if await run_in_threadpool(serving.refresh):
            LOG.warning("version %s is served now", serving.model.scorer.version)


def _errors(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return JSONResponse({"errors": error.errors}, error.status)

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"errors": [_error(f"{error.detail}", "see /openapi.json")]}, error.status_code)

    @app.exception_handler(RowsError)
    async def rows(_: Request, error: RowsError) -> Response:
        return JSONResponse({"errors": [_error(str(error), "see /schema")]}, 422)


def _machines(app: FastAPI, serving: Serving) -> None:
    @app.post("/predict", openapi_extra=_described(serving.model))
    async def predict(request: Request) -> JSONResponse:
        """Predict one row, or many as {"rows": [...]}."""
        model = serving.model
        rows, ignored = _checked(_parsed(await _body(request)), model)
        if len(rows) <= INLINE_ROWS:
            answers = model.predictions(rows)
        else:
            answers = await run_in_threadpool(model.predictions, rows)
        key = model.scorer.brief.data.key
        for row, answer in zip(rows, answers, strict=True):
            if key and all(name in row for name in key):
                answer["key"] = {name: row[name] for name in key}
        scorer = model.scorer
        found: dict[str, Any] = {
            "predictions": answers,
            "version": scorer.version,
            "model_hash": scorer.predictor.model_hash,
        }
        if ignored:
            found["ignored"] = ignored
        return JSONResponse(found)

    @app.get("/schema")
    async def schema() -> dict[str, Any]:
        """What a row must hold."""
        return row_schema(serving.model.columns, serving.model.scorer.brief.data.columns)

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def ready() -> JSONResponse:
        """A version answers; `trouble` says why another one that should does not."""
        model = serving.model
        state = {"status": "ready", "version": model.scorer.version, "since": model.since}
        return JSONResponse(state | ({"trouble": serving.trouble} if serving.trouble else {}))

    @app.get("/version")
    async def version() -> dict[str, str]:
        """Which model answers."""
        scorer = serving.model.scorer
        return {"name": scorer.brief.name, "version": scorer.version, "model_hash": scorer.predictor.model_hash}


def _people(app: FastAPI, serving: Serving) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> HTMLResponse:
        return _page(serving.model, {}, None, [])

    @app.post("/try", response_class=HTMLResponse, include_in_schema=False)
    async def attempt(request: Request) -> HTMLResponse:
        model = serving.model
        written = dict(parse_qsl((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True))
        row = {column.name: written.get(column.name, "") or None for column in model.columns}
        errors = list(wrong_fields(row, 0, model.columns))
        answer = None if errors else model.predictions([_typed(row, model)])[0]
        return _page(model, written, answer, errors)


def _typed(row: dict[str, Any], model: Model) -> dict[str, Any]:
    numbers = {column.name for column in model.columns if column.kind == "number"}
    return {name: float(value) if name in numbers and value is not None else value for name, value in row.items()}


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise RefusedError(
                413, [_error(f"the body is larger than {MOST_BYTES // 2**20} MiB", "send fewer rows at once")]
            )
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> Any:
    def odd(name: str) -> float:
        return float(name.replace("Infinity", "inf").replace("NaN", "nan"))

    try:
        return json.loads(body, parse_constant=odd)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RefusedError(400, [_error(f"the body is no JSON: {said}", 'send {"column": value, …}')]) from error


def _checked(body: Any, model: Model) -> tuple[list[dict[str, Any]], list[str]]:
    rows = body.get("rows") if isinstance(body, dict) and isinstance(body.get("rows"), list) else [body]
    assert isinstance(rows, list)
    if not rows:
        raise RefusedError(422, [_error("no row was sent", 'send {"rows": [{…}]} with at least one')])
    if len(rows) > MOST_ROWS:
        raise RefusedError(413, [_error(f"{len(rows):,} rows are more than {MOST_ROWS:,}", "send them in parts")])
    errors = [wrong for place, row in enumerate(rows) for wrong in wrong_fields(row, place, model.columns)]
    if errors:
        raise RefusedError(422, errors)
    known = (*model.scorer.brief.data.key, model.scorer.brief.data.time)
    ignored = {name for row in rows for name in ignored_fields(row, model.columns, known)}
    return rows, sorted(ignored)


def _error(says: str, fix: str) -> dict[str, Any]:
    return {"field": "", "row": 0, "says": says, "fix": fix}


def _described(model: Model) -> dict[str, Any]:
    """The request and its answers for the OpenAPI document."""
    row = row_schema(model.columns, model.scorer.brief.data.columns)
    rows = {"type": "array", "items": row, "maxItems": MOST_ROWS}
    many = {"type": "object", "required": ["rows"], "properties": {"rows": rows}}
    fields = {"field": "string", "row": "integer", "says": "string", "fix": "string"}
    error = {"type": "object", "properties": {name: {"type": kind} for name, kind in fields.items()}}
    wrong = {"type": "object", "properties": {"errors": {"type": "array", "items": error}}}
    content = {"application/json": {"schema": wrong}}
    refusals = {"400": "no JSON", "413": "too much at once", "422": "wrong fields"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [row, many]}}}},
        "responses": {status: {"description": text, "content": content} for status, text in refusals.items()},
    }


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = figure
    return environment.from_string(files(__package__).joinpath("form.html").read_text(encoding="utf-8"))


def _page(
    model: Model, written: dict[str, str], answer: dict[str, Any] | None, errors: list[dict[str, Any]]
) -> HTMLResponse:
    values = {column.name: written.get(column.name, model.typical[column.name]) for column in model.columns}
    example = {column.name: model.typical[column.name] for column in model.columns}
    text = _template().render(
        style=Markup(read_part("style.css")),
        card=model.card,
        meaning=model.scorer.brief.data.columns,
        columns=model.columns,
        values=values,
        wrong={one["field"]: one for one in errors},
        answer=answer,
        flags=FLAGS,
        example=json.dumps(example, ensure_ascii=False),
        version=model.scorer.version,
    )
    return HTMLResponse(text, 422 if errors else 200, headers=HEADERS)
