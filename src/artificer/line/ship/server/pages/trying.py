"""The page that predicts: a form made from the schema, the answer and why, and what changes when a field does.

Without a script the form is sent as forms are. With it, each change of a field sends the form and puts the answer,
which the server writes in either case, in its place.
"""

from __future__ import annotations

import json
import math
import shlex
from typing import Any

import numpy as np
from starlette.responses import Response

from artificer.core.figures import figure
from artificer.core.life import Reference
from artificer.line.ship.server.pages import fields
from artificer.line.ship.server.pages.frame import Seen, shown
from artificer.line.ship.server.pages.why import why
from artificer_runtime import RowsError

BEGAN = "artificer:began"
MOST_CLASSES = 15
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
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _told(seen: Seen, row: dict[str, Any], began: str) -> dict[str, Any]:
    """The prediction, and what a person wants to know beside it."""
    model = seen.model
    predictor = model.scorer.predictor
    told = dict(model.predictions([row])[0])
    told["figure"] = _figure(told)
    told["positive"] = predictor.contents.classes[model.scorer.positive] if model.scorer.positive >= 0 else ""
    told["above"] = _above(seen.material.reference, told["figure"])
    told["chances"], told["others"] = _likeliest(told.get("probabilities", {}))
    told["within"] = _within(*told["interval"]) if "interval" in told else ""
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


def _likeliest(chances: dict[str, float]) -> tuple[list[tuple[str, float]], tuple[int, float] | None]:
    """Classes and their chances in their own order; of very many the likeliest, and how many others there are, with theirs."""
    if len(chances) <= MOST_CLASSES:
        return list(chances.items()), None
    ordered = sorted(chances.items(), key=lambda one: -one[1])
    rest = ordered[MOST_CLASSES:]
    return ordered[:MOST_CLASSES], (len(rest), sum(chance for _, chance in rest))


def _within(low: float | None, high: float | None) -> str:
    """Where the true value lies, in words: see `artificer_runtime.predictor.Predictions.intervals`.

    >>> _within(300.15, 300.45), _within(-2000.0, 15000.0)
    ('Nine in ten such rows lie between 300.15 and 300.45.', 'Nine in ten such rows lie between −2,000 and 15,000.')
    """
    if low is None and high is None:
        return "How far the true value may lie from it could not be told: training had too few rows."
    if low is None or high is None:
        known = f"above {figure(low)}" if low is not None else f"below {figure(high or 0.0)}"
        other = "upper" if high is None else "lower"
        return f"At least nine in ten such rows lie {known}; training had too few rows to tell the {other} end."
    ends = [figure(low), figure(high)]
    if ends[0] == ends[1] and low < high:
        digits = max(0, 1 - math.floor(math.log10(high - low)))
        ends = [f"{end:,.{digits}f}".replace("-", "−") for end in (low, high)]
    return f"Nine in ten such rows lie between {ends[0]} and {ends[1]}."


def _above(reference: Reference | None, value: float | None) -> float | None:
    """Share of the judged rows that had a lower prediction, from their bins."""
    bins = next((one for one in reference.columns if one.name == ""), None) if reference else None
    if bins is None or value is None or not bins.edges:
        return None
    counts = np.asarray(bins.counts[1:])
    below = counts[: int(np.searchsorted(bins.edges, value, side="right"))].sum()
    return float(below / counts.sum()) if counts.sum() else None
