"""The door that predicts one row or many, and the schema of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from artificer.line.ship.server.doors import Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.fields import ignored_fields, row_schema, wrong_fields
from artificer.line.ship.server.openapi import answers
from artificer.line.ship.server.served import Model, Serving

MOST_ROWS = 10_000
INLINE_ROWS = 200  # more take long enough that others should not wait for them


def doors(serving: Serving) -> tuple[Door, ...]:
    """Predict, and what a row must hold."""

    async def schema(_: Request) -> Response:
        return JSONResponse(row_schema(serving.model.columns, serving.model.scorer.brief.data.columns))

    operation = {"summary": "What a row must hold", "responses": answers({"type": "object"})}
    return (
        Door("POST", "/predict", _predict(serving), operation=_described(serving.model)),
        Door("GET", "/schema", schema, operation=operation),
    )


def _predict(serving: Serving) -> Callable[[Request], Any]:
    async def predict(request: Request) -> Response:
        model = serving.model
        rows, ignored = checked(parsed(await body(request)), model)
        if len(rows) <= INLINE_ROWS:
            found, version, model_hash = serving.beside.predictions(model, rows)
        else:
            found, version, model_hash = await run_in_threadpool(serving.beside.predictions, model, rows)
        key = model.scorer.brief.data.key
        for row, answer in zip(rows, found, strict=True):
            if key and all(name in row for name in key):
                answer["key"] = {name: row[name] for name in key}
        told: dict[str, Any] = {"predictions": found, "version": version, "model_hash": model_hash}
        if ignored:
            told["ignored"] = ignored
        return JSONResponse(told)

    return predict


def checked(given: Any, model: Model) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a request, and the fields that nobody reads.

    Raises
    ------
    RefusedError
        With an error for each wrong field of each row.
    """
    rows = given.get("rows") if isinstance(given, dict) and isinstance(given.get("rows"), list) else [given]
    assert isinstance(rows, list)
    if not rows:
        raise RefusedError(422, [wrong("no row was sent", 'send {"rows": [{…}]} with at least one')])
    if len(rows) > MOST_ROWS:
        raise RefusedError(413, [wrong(f"{len(rows):,} rows are more than {MOST_ROWS:,}", "send them in parts")])
    errors = [one for place, row in enumerate(rows) for one in wrong_fields(row, place, model.columns)]
    if errors:
        raise RefusedError(422, errors)
    known = (*model.scorer.brief.data.key, model.scorer.brief.data.time)
    ignored = {name for row in rows for name in ignored_fields(row, model.columns, known)}
    return rows, sorted(ignored)


def _described(model: Model) -> dict[str, Any]:
    """The request and its answers for the OpenAPI document."""
    row = row_schema(model.columns, model.scorer.brief.data.columns)
    rows = {"type": "array", "items": row, "maxItems": MOST_ROWS}
    many = {"type": "object", "required": ["rows"], "properties": {"rows": rows}}
    return {
        "summary": "Predict one row, or many as {rows: […]}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [row, many]}}}},
        "responses": answers({"type": "object"}, "a prediction for each row"),
    }
