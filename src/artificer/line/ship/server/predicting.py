"""The door that predicts one row or many, and the schema of what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from artificer.line.ship.server.beside import Answered
from artificer.line.ship.server.choosing import PARAMETERS, Chosen, chosen
from artificer.line.ship.server.doors import JSON, Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.limits import Limits
from artificer.line.ship.server.memory import ROW_BYTES, room
from artificer.line.ship.server.metrics import FLAGS
from artificer.line.ship.server.openapi import OF_VERSIONS, answers, predicted_schema
from artificer.line.ship.server.served import Model, Serving

INLINE_ROWS = 200  # more take long enough that others should not wait for them
MOST_ERRORS = 1_000


def doors(serving: Serving) -> tuple[Door, ...]:
    """Predict, and what a row must hold."""

    async def schema(_: Request) -> Response:
        return JSON(serving.model.fields.schema)

    said = {"type": "object", "description": "JSON Schema of a row"}
    operation = {"summary": "What a row must hold", "responses": answers(said)}
    return (
        Door("POST", "/predict", _predict(serving), operation=_described(serving)),
        Door("GET", "/schema", schema, operation=operation),
    )


def _predict(serving: Serving) -> Callable[[Request], Any]:
    async def predict(request: Request) -> Response:
        who = chosen(serving, request)
        rows, ignored = checked(parsed(await body(request)), who.model, serving.limits)
        found = await answered(serving, who, rows)
        return JSON(_told(rows, found, ignored, who.model))

    return predict


async def answered(serving: Serving, who: Chosen, rows: Sequence[dict[str, Any]]) -> Answered:
    """Answers to rows that were checked: counted, kept in the prediction log, each with its id and its row's key."""
    if len(rows) <= INLINE_ROWS:
        found = who.predictions(serving, rows)
    else:
        with room(len(rows) * ROW_BYTES):
            found = await run_in_threadpool(who.predictions, serving, rows)
    serving.metrics.predicted(len(rows), flagged(found.answers))
    if serving.log is not None:
        serving.log.answered(found.version, rows, found.answers)
    with_keys(rows, found.answers, who.model)
    return found


def checked(given: Any, model: Model, limits: Limits) -> tuple[Sequence[dict[str, Any]], Sequence[str]]:
    """The rows of a request, and the fields that nobody reads.

    Raises
    ------
    RefusedError
        With an error for each wrong field of each row.
    """
    fields = model.fields
    if not fields.strict and fields.plain(given) and type(given.get("rows")) is not list:
        return (given,), sorted(fields.ignored(given))
    if isinstance(given, list):
        raise RefusedError(
            422, [wrong("the body is a list", 'several rows go into an object: send {"rows": [{…}, …]}')]
        )
    rows = given.get("rows") if isinstance(given, dict) and isinstance(given.get("rows"), list) else [given]
    assert isinstance(rows, list)
    if isinstance(given, dict) and isinstance(given.get("rows"), dict):
        raise RefusedError(422, [wrong("rows is an object, not a list", 'send {"rows": [{…}]}, or the row itself')])
    if not rows:
        raise RefusedError(422, [wrong("no row was sent", 'send {"rows": [{…}]} with at least one')])
    if len(rows) > limits.max_rows:
        said = f"{len(rows):,} rows are more than {limits.max_rows:,}"
        raise RefusedError(413, [wrong(said, "send them in parts, or by /predict/stream")])
    if fields.fills:
        rows = [fields.filled(row) for row in rows]
    errors: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        if len(errors) < MOST_ERRORS:
            errors += fields.wrong(row, place)
    errors = errors or fields.unknown(model.scorer.predictor.schema, rows)
    if errors:
        raise RefusedError(422, errors[:MOST_ERRORS])
    return rows, sorted(set().union(*map(fields.ignored, rows)))


def with_keys(rows: Sequence[dict[str, Any]], found: list[dict[str, Any]], model: Model) -> list[dict[str, Any]]:
    """The same answers, with the key of each row that has one."""
    key = model.scorer.brief.data.key
    if key:
        for row, answer in zip(rows, found, strict=True):
            if all(name in row for name in key):
                answer["key"] = {name: row[name] for name in key}
    return found


def _told(rows: Sequence[dict[str, Any]], found: Answered, ignored: Sequence[str], model: Model) -> dict[str, Any]:
    """The whole answer: predictions, which version made them, and what was odd."""
    answers, version, model_hash = found
    whole: dict[str, Any] = {"predictions": answers, "version": version, "model_hash": model_hash}
    if ignored:
        whole["ignored"] = ignored
    notes = model.fields.notes(rows, answers) if any(answer["flags"] for answer in answers) else []
    if model.decider.draws:
        notes += model.fields.undrawn(rows, model.key)
    if notes:
        whole["notes"] = notes
    return whole


def flagged(found: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """How many rows raised each flag, of those that any raised."""
    raised = [flag for answer in found for flag in answer["flags"]]
    return [(name, raised.count(name)) for name in FLAGS if name in raised] if raised else []


def _described(serving: Serving) -> dict[str, Any]:
    """The request and its answers for the OpenAPI document."""
    model = serving.model
    row = model.fields.schema
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": serving.limits.max_rows}
    many = {"type": "object", "required": ["rows"], "properties": {"rows": rows}}
    return {
        "summary": "Predict one row, or many as {rows: […]}",
        "parameters": PARAMETERS,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [row, many]}, "example": model.typical}},
        },
        "responses": answers(predicted_schema(model), "a prediction for each row", OF_VERSIONS),
    }
