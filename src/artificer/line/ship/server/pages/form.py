"""The page to try a model: a form made from its schema, and the answer."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from artificer.core.figures import figure
from artificer.core.report.page import read_part
from artificer.line.ship.server.doors import Door, body
from artificer.line.ship.server.fields import wrong_fields
from artificer.line.ship.server.served import Model, Serving

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


def doors(serving: Serving) -> tuple[Door, ...]:
    """The form, and what it sends."""

    async def page(_: Request) -> Response:
        return _page(serving.model, {}, None, [])

    async def attempt(request: Request) -> Response:
        model = serving.model
        written = dict(parse_qsl((await body(request)).decode("utf-8", "replace"), keep_blank_values=True))
        row = {column.name: written.get(column.name, "") or None for column in model.columns}
        errors = list(wrong_fields(row, 0, model.columns))
        answer = None if errors else model.predictions([_typed(row, model)])[0]
        return _page(model, written, answer, errors)

    return Door("GET", "/", page), Door("POST", "/try", attempt)


def _typed(row: dict[str, Any], model: Model) -> dict[str, Any]:
    numbers = {column.name for column in model.columns if column.kind == "number"}
    return {name: float(value) if name in numbers and value is not None else value for name, value in row.items()}


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
