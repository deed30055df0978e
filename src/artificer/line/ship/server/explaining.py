"""The doors that say why: what each column adds to a prediction, and what the prediction would be of other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from artificer.line.ship.server.beside import Answered
from artificer.line.ship.server.choosing import PARAMETERS, chosen
from artificer.line.ship.server.doors import JSON, Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.memory import ROW_BYTES, room
from artificer.line.ship.server.openapi import OF_VERSIONS, answers, prediction_schema
from artificer.line.ship.server.predicting import INLINE_ROWS, checked, flagged, with_keys
from artificer.line.ship.server.served import Model, Serving

MOST_EXPLAINED = 100  # rows at once: a large model takes a millisecond a row
MOST_CHANGES = 1_000
CHANGES_ASKED = 'send {"row": {…}, "changes": [{"column": value}, …]}'


def doors(serving: Serving) -> tuple[Door, ...]:
    """Explain, and what if."""

    async def explain(request: Request) -> Response:
        who = chosen(serving, request)
        rows, ignored = checked(parsed(await body(request)), who.model, serving.limits)
        if len(rows) > MOST_EXPLAINED:
            said = f"{len(rows):,} rows are more than {MOST_EXPLAINED}, which are explained at once"
            raise RefusedError(413, [wrong(said, "send them in parts")])
        found = await run_in_threadpool(who.answers, serving, rows, _explained)
        return JSON(_signed({"explanations": found.answers}, ignored, found))

    async def what_if(request: Request) -> Response:
        who = chosen(serving, request)
        row, changes = _changes(parsed(await body(request)), who.model)
        rows, ignored = checked({"rows": [row, *({**row, **change} for change in changes)]}, who.model, serving.limits)
        # All of them are asked of one version, that to which the row itself falls.
        ask = partial(_supposed, rows, changes)
        if len(rows) <= INLINE_ROWS:
            found = who.answers(serving, rows[:1], ask)
        else:
            with room(len(rows) * ROW_BYTES):
                found = await run_in_threadpool(who.answers, serving, rows[:1], ask)
        told = found.answers[0]
        serving.metrics.predicted(len(rows), flagged([told["prediction"], *told["changed"]]))
        return JSON(_signed(told, ignored, found))

    return (
        Door("POST", "/explain", explain, operation=_explain_operation(serving.model)),
        Door("POST", "/what-if", what_if, operation=_what_if_operation(serving.model)),
    )


def _supposed(
    rows: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]], model: Model, _: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One record: the first row's prediction, and those of the others, each with what was changed in it."""
    base, *others = with_keys(rows, model.predictions(rows), model)
    changed = [{"changes": change} | answer for change, answer in zip(changes, others, strict=True)]
    return [{"prediction": base, "changed": changed}]


def _explained(model: Model, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A record for each row: its prediction, and what each column adds to it, the largest first."""
    predictor = model.scorer.predictor
    found = predictor.explain(list(rows))
    classes = predictor.contents.classes
    names = classes if found.base.size > 1 else (classes[-1] if classes else "value",)
    told = []
    for place, prediction in enumerate(model.predictions(rows)):
        added = found.contributions[place]
        outputs = {
            name: {
                "base": float(found.base[index]),
                "contributions": dict(
                    sorted(zip(found.columns, added[:, index].tolist(), strict=True), key=lambda one: -abs(one[1]))
                ),
                "total": float(found.totals[place, index]),
            }
            for index, name in enumerate(names)
        }
        told.append({**prediction, "scale": found.scale, "outputs": outputs})
    return told


def _changes(given: Any, model: Model) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row, and what is changed in it.

    Raises
    ------
    RefusedError
        When there are none, too many, or of columns that the model does not read.
    """
    row, changes = (given.get("row"), given.get("changes")) if isinstance(given, Mapping) else (None, None)
    if not isinstance(row, dict) or not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise RefusedError(422, [wrong("a row and changes of it are needed", CHANGES_ASKED)])
    if not changes:
        raise RefusedError(422, [wrong("no change was sent", CHANGES_ASKED, "changes")])
    if len(changes) > MOST_CHANGES:
        raise RefusedError(413, [wrong(f"{len(changes):,} changes are more than {MOST_CHANGES:,}", "send fewer")])
    read = {column.name for column in model.asked}
    unread = sorted({name for change in changes for name in change} - read)
    if unread:
        raise RefusedError(422, [wrong("the model does not read this column", "see /schema", one) for one in unread])
    return row, changes


def _signed(told: dict[str, Any], ignored: Sequence[str], by: Answered) -> dict[str, Any]:
    signed = told | {"version": by.version, "model_hash": by.model_hash}
    return signed | ({"ignored": list(ignored)} if ignored else {})


def _explain_operation(model: Model) -> dict[str, Any]:
    row = model.fields.schema
    many = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "items": row, "minItems": 1, "maxItems": MOST_EXPLAINED}},
    }
    number = {"type": "number"}
    output = {
        "type": "object",
        "required": ["base", "contributions", "total"],
        "properties": {
            "base": number | {"description": "what is predicted while nothing is known"},
            "contributions": {"type": "object", "additionalProperties": number},
            "total": number | {"description": "base and contributions, added up"},
        },
    }
    one = prediction_schema(model, kept=False) | {"title": "Explained"}
    one["properties"] = one["properties"] | {
        "scale": {"enum": ["log-odds", "log-probabilities", "value", "log1p"]},
        "outputs": {"type": "object", "additionalProperties": output},
    }
    return {
        "summary": "What each column adds to the prediction of one row, or of up to 100 as {rows: […]}",
        "parameters": PARAMETERS,
        "requestBody": _asked({"anyOf": [row, many]}, model.typical),
        "responses": answers(
            _named("explanations", {"type": "array", "items": one}), "an explanation for each row", OF_VERSIONS
        ),
    }


def _what_if_operation(model: Model) -> dict[str, Any]:
    row = model.fields.schema
    read = {column.name: row["properties"][column.name] for column in model.columns}
    change = {"type": "object", "properties": read, "additionalProperties": False}
    asked = {
        "type": "object",
        "required": ["row", "changes"],
        "properties": {
            "row": row,
            "changes": {"type": "array", "items": change, "minItems": 1, "maxItems": MOST_CHANGES},
        },
    }
    one = prediction_schema(model, kept=False) | {"title": "Supposed"}
    changed = one | {"title": "Changed", "properties": one["properties"] | {"changes": change}}
    told = _named("prediction", one)
    told["properties"]["changed"] = {"type": "array", "items": changed}
    first = next(iter(model.typical.items()), None)
    example = {"row": model.typical, "changes": [dict([first])] if first else []}
    return {
        "summary": "Predictions of a row with some of its values changed",
        "parameters": PARAMETERS,
        "requestBody": _asked(asked, example),
        "responses": answers(told, "the row's prediction, and one for each change", OF_VERSIONS),
    }


def _named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: schema, "version": {"type": "string"}, "model_hash": {"type": "string"}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _asked(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}
