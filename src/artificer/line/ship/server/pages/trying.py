"""The page that predicts: a form made from the schema, the answer and why, and what changes when a field does.

Without a script the form is sent as forms are. With it, each change of a field sends the form and puts the answer,
which the server writes in either case, in its place.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import numpy as np
from starlette.responses import Response

from artificer.core.life import Reference
from artificer.line.ship.server.pages import fields
from artificer.line.ship.server.pages.frame import Seen, shown
from artificer.line.ship.server.pages.why import why
from artificer_runtime import RowsError

BEGAN = "artificer:began"
FLAGS = {
    "unseen": "a value that training never saw",
    "outside": "a number or moment beyond the range of training",
    "clipped": "a number too large to be told apart",
}


def answer(seen: Seen) -> Response:
    """The form, filled with usual values, and the answer to them."""
    model = seen.model
    written = {one.name: one.value for _, group in fields.groups(model, seen.material, {}) for one in group}
    return _page(seen, written)


def attempt(seen: Seen) -> Response:
    """The answer to what was sent; alone, where a script asks for it."""
    return _page(seen, seen.form)


def _page(seen: Seen, written: dict[str, str]) -> Response:
    model = seen.model
    row = fields.row_of(model, written)
    wrong = model.fields.wrong(row, 0) or model.fields.unknown(model.scorer.predictor.schema, [row])
    errors = {one["field"]: one for one in wrong}
    told = None if errors else _told(seen, fields.typed(row, model), written.get(BEGAN, ""))
    alone = seen.request.headers.get("x-part") == "answer"
    return shown(
        seen,
        "answer.html" if alone else "predict.html",
        422 if errors else 200,
        groups=fields.groups(model, seen.material, written),
        wrong=errors,
        answer=told,
        flags=FLAGS,
        began=BEGAN,
        program="" if errors else _program(seen, fields.typed(row, model)),
        meaning=model.scorer.brief.data.columns,
    )


def _program(seen: Seen, row: dict[str, Any]) -> str:
    """The command that asks this server for the same prediction."""
    request = seen.request
    scheme = "https" if seen.serving.gate.proxies.encrypted(request.scope) else request.url.scheme
    key = ["-H", "authorization: Bearer KEY"] if seen.caller.way == "session" else []
    sent = json.dumps({name: _short(value) for name, value in row.items()}, ensure_ascii=False)
    kind = ["-H", "content-type: application/json"]
    return shlex.join(["curl", f"{scheme}://{request.url.netloc}/predict", *key, *kind, "-d", sent])


def _short(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _told(seen: Seen, row: dict[str, Any], began: str) -> dict[str, Any]:
    """The prediction, and what a person wants to know beside it."""
    model = seen.model
    predictor = model.scorer.predictor
    told = dict(model.predictions([row])[0])
    told["figure"] = _figure(told)
    told["positive"] = predictor.contents.classes[model.scorer.positive] if model.scorer.positive >= 0 else ""
    told["above"] = _above(seen.material.reference, told["figure"])
    try:
        told["why"], told["why_not"] = why(model, row), ""
    except RowsError as error:
        told["why"], told["why_not"] = None, str(error)
    try:
        told["change"] = told["figure"] - float(began)
    except (TypeError, ValueError):
        told["change"] = None
    return told


def _figure(told: dict[str, Any]) -> float | None:
    """The number that goes up or down: probability of success, or the value; None among many classes."""
    if "score" in told:
        return float(told["score"])
    return float(told["prediction"]) if "probabilities" not in told else None


def _above(reference: Reference | None, value: float | None) -> float | None:
    """Share of the judged rows that had a lower prediction, from their bins."""
    bins = next((one for one in reference.columns if one.name == ""), None) if reference else None
    if bins is None or value is None or not bins.edges:
        return None
    counts = np.asarray(bins.counts[1:])
    below = counts[: int(np.searchsorted(bins.edges, value, side="right"))].sum()
    return float(below / counts.sum()) if counts.sum() else None
