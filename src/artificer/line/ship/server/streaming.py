"""The door for rows without end: a JSON object a line in, an answer a line out, in the memory of one batch.

Nothing is read while the client does not take its answers, so it must read as it writes (`curl -X POST -T` does).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from artificer.core.errors import BriefError, DataError
from artificer.line.ship.server.beside import Answered
from artificer.line.ship.server.choosing import PARAMETERS, Chosen, chosen
from artificer.line.ship.server.doors import (
    NO_MEMORY,
    SECURE,
    Door,
    RefusedError,
    limits_of,
    parsed,
    received,
    waits_of,
    wrong,
)
from artificer.line.ship.server.memory import SMALL, afford
from artificer.line.ship.server.openapi import ERROR, prediction_schema, refusals
from artificer.line.ship.server.predicting import flagged, with_keys
from artificer.line.ship.server.served import Model, Serving
from artificer_runtime import RowsError

KIND = "application/x-ndjson"
MOST_AT_ONCE = 500  # lines that are predicted together
Told = dict[str, Any]


class Streamed(Response):
    """An answer in parts, each sent when it is there; starlette's own reads the body meanwhile, to see the client go."""

    def __init__(self, parts: AsyncIterator[bytes], kind: str) -> None:
        self.status_code, self.background, self.parts = 200, None, parts
        self.raw_headers = [(b"content-type", kind.encode()), *SECURE]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def doors(serving: Serving) -> tuple[Door, ...]:
    """Predict a stream."""

    async def stream(request: Request) -> Response:
        chosen(serving, request)  # a version that does not answer here is refused before anything is read
        return Streamed(_answers(request, serving), KIND)

    return (Door("POST", "/predict/stream", stream, operation=_described(serving.model)),)


async def _answers(request: Request, serving: Serving) -> AsyncIterator[bytes]:
    """Answers to the lines as they come; each batch is answered by the version that is named, or those that answer then."""
    n_before = 0
    try:
        async for lines in _batches(request):
            who = chosen(serving, request)
            content, n_rows, raised = await run_in_threadpool(_answered, lines, n_before, serving, who)
            serving.metrics.predicted(n_rows, raised)
            n_before += len(lines)
            yield content
    except RefusedError as error:
        yield _line(_refused(n_before, error.errors))
    except MemoryError:
        yield _line(_refused(n_before, [NO_MEMORY]))
    except ClientDisconnect:
        return


async def _batches(request: Request) -> AsyncIterator[list[bytes]]:
    """Whole lines, blank ones left out, up to 500 together.

    Raises
    ------
    RefusedError
        When a line is larger than a body may be, or nothing comes for too long.
    """
    limits = limits_of(request)
    rest, parts, waits = bytearray(), received(request).__aiter__(), waits_of(request)
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(limits.timeout_s) as until:
                waits.began(until)
                try:
                    part = await anext(parts)
                finally:
                    waits.ended(until)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            said = f"nothing came for {min(time.monotonic() - began, limits.timeout_s):.2g} s"
            raise RefusedError(408, [wrong(said, "send on, or end")]) from error
        first, *lines = part.split(b"\n")
        rest += first  # only what is new is looked at: a long line may come in many small parts
        if lines:
            lines, rest = [bytes(rest), *lines[:-1]], bytearray(lines[-1])
        if len(rest) > limits.most_bytes:
            raise RefusedError(413, [wrong(f"a line is larger than {limits.max_mb:g} MiB", "send a row a line")])
        if len(rest) > SMALL:
            afford(2 * len(rest))
        lines = [line for line in lines if line.strip()]
        for start in range(0, len(lines), MOST_AT_ONCE):
            yield lines[start : start + MOST_AT_ONCE]
    if rest.strip():
        yield [bytes(rest)]


def _answered(
    lines: list[bytes], n_before: int, serving: Serving, who: Chosen
) -> tuple[bytes, int, list[tuple[str, int]]]:
    """The answer lines, how many rows were predicted, and which flags they raised."""
    model = who.model
    told: list[Told] = [{"row": n_before + place} for place in range(len(lines))]
    rows, places = [], []
    for place, line in enumerate(lines):
        try:
            row = parsed(line)
        except RefusedError as error:
            told[place] = _refused(n_before + place, error.errors)
            continue
        row = model.fields.filled(row)
        errors = model.fields.wrong(row, n_before + place)
        errors = errors or model.fields.unknown(model.scorer.predictor.schema, [row], n_before + place)
        if errors:
            told[place]["errors"] = errors
            continue
        rows.append(row)
        places.append(place)
    found = _each(rows, serving, who)
    for place, answer in zip(places, found, strict=True):
        told[place] |= answer
        for one in answer.get("errors", ()):
            one["row"] = n_before + place
    found = [answer for answer in found if "errors" not in answer]
    return b"".join(map(_line, told)), len(found), flagged(found)


def _each(rows: Sequence[Told], serving: Serving, who: Chosen) -> list[Told]:
    """Answers to lines that were checked; where all together are refused, each by itself, with why it is."""
    try:
        answers, version, _ = who.predictions(serving, rows) if rows else Answered([], "", "")
    except (RowsError, DataError, BriefError) as error:
        if len(rows) == 1:
            return [{"errors": [wrong(str(error), "see /schema")]}]
        return [answer for row in rows for answer in _each([row], serving, who)]
    if serving.log is not None:
        serving.log.answered(version, rows, answers)
    return with_keys(rows, answers, who.model)


def _refused(row: int, errors: list[Told]) -> Told:
    """What is told of a line that was no row: its place, in each of its errors too."""
    return {"row": row, "errors": [one | {"row": row} for one in errors]}


def _line(value: Told) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _described(model: Model) -> dict[str, Any]:
    row = model.fields.schema
    one = prediction_schema(model)
    answer = {
        "type": "object",
        "required": ["row"],
        "properties": one["properties"]
        | {"row": {"type": "integer", "minimum": 0}, "errors": {"type": "array", "items": ERROR}},
        "description": "A line for each line that is not blank: its place among these, from 0; prediction, or what is wrong.",
    }
    return {
        "summary": "Predict rows as they come, a JSON object a line; read the answers while you send",
        "parameters": PARAMETERS,
        "requestBody": {"required": False, "content": {KIND: {"schema": row}}},
        "responses": {
            "200": {"description": "a line for each line that is not blank", "content": {KIND: {"schema": answer}}}
        }
        | refusals("404"),
    }
