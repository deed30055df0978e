"""The door that takes labels: late, one or many, and answered only when they are on disk."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from artificer.core.errors import WorkspaceError, closest
from artificer.data.row_key import key_of
from artificer.line.ship.server.doors import JSON, Door, RefusedError, body, parsed, wrong
from artificer.line.ship.server.forgetting import Forgetting
from artificer.line.ship.server.log import END_S, LONGEST_KEY, Log
from artificer.line.ship.server.openapi import answers, refusals
from artificer.line.ship.server.served import Serving, secret
from artificer_runtime.values import canonical_text

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger
    from artificer.line.ship.scorer import Scorer
    from artificer_runtime.package import Contents

MOST_LABELS = 10_000
LONGEST_S = 5.0  # that an id is waited for
AT_ONCE = 4  # requests that may wait for the ledger; predictions never wait behind them
LOG = logging.getLogger("artificer.serve")
_SHAPE = 'send {"key": …, "label": …}, or many as {"labels": [{…}, …]}'


@dataclass(frozen=True, slots=True)
class Given:
    """One label as it came: its row's key, or the id of a prediction; and when it came about, "" for now."""

    key: str
    prediction_id: str
    label: str
    at: str


def doors(serving: Serving) -> tuple[Door, ...]:
    """Feedback."""
    waiting = anyio.CapacityLimiter(AT_ONCE)

    async def feedback(request: Request) -> Response:
        scorer = serving.model.scorer
        if scorer.workspace is None:
            raise RefusedError(409, [wrong("nothing keeps labels: the package lies in no workspace", "serve a brief")])
        given = checked(parsed(await body(request)), scorer)
        keep = partial(_kept, scorer, given, serving.log)
        try:
            told = await anyio.to_thread.run_sync(keep, limiter=waiting)
        except WorkspaceError as error:
            LOG.warning("labels cannot be kept at the moment: %s", error)
            said = wrong("labels cannot be kept at the moment: none of these was", "send them again in a while")
            raise RefusedError(503, [said], {"retry-after": "5"}) from error
        return JSON(told)

    return (Door("POST", "/feedback", feedback, "feedback", _described(serving.model.scorer)),)


def checked(sent: Any, scorer: Scorer) -> list[Given]:
    """The labels of a request.

    Raises
    ------
    RefusedError
        With an error for each wrong field of each label.
    """
    many = sent.get("labels") if isinstance(sent, dict) and isinstance(sent.get("labels"), list) else [sent]
    assert isinstance(many, list)
    if not many:
        raise RefusedError(422, [wrong("no label was sent", _SHAPE)])
    if len(many) > MOST_LABELS:
        raise RefusedError(413, [wrong(f"{len(many):,} labels are more than {MOST_LABELS:,}", "send them in parts")])
    errors: list[dict[str, Any]] = []
    given: list[Given] = []
    for place, one in enumerate(many):
        found = list(_wrong(one, place, scorer))
        errors += found
        if not found:
            given.append(_given(one, scorer))
    if errors:
        raise RefusedError(422, errors)
    return given


def _wrong(one: Any, place: int, scorer: Scorer) -> Iterator[dict[str, Any]]:
    if not isinstance(one, dict):
        yield wrong("a label is an object", _SHAPE, row=place)
        return
    known = ("key", "prediction_id", "label", "at")
    for name in one:
        if name not in known:
            yield wrong(f"the field is not known{closest(name, known)}", _SHAPE, name, place)
    if "key" not in one and "prediction_id" not in one:
        yield wrong("whose label it is is absent", "send key or prediction_id", "key", place)
    if "key" in one:
        said = _wrong_key(one["key"], scorer.brief.data.key)
        if said:
            yield wrong(said, "send the key as the rows have it", "key", place)
    if "prediction_id" in one and not isinstance(one["prediction_id"], str):
        yield wrong("an id is a text", "send the prediction_id of an answer", "prediction_id", place)
    if "at" in one and not _moment(one["at"]):
        yield wrong("a moment is a text of ISO 8601", "send 2026-01-31T08:00:00Z, or leave it out", "at", place)
    if "label" not in one:
        yield wrong("the label is absent", _SHAPE, "label", place)
    else:
        unfit = _wrong_label(one["label"], scorer.predictor.contents)
        if unfit is not None:
            yield wrong(*unfit, "label", place)


def _wrong_key(key: Any, columns: Sequence[str]) -> str:
    if isinstance(key, dict):
        lacking = [name for name in columns if name not in key]
        if lacking or not columns:
            return f"the key lacks '{lacking[0]}'" if lacking else "the brief names no key's columns"
        values = [key[name] for name in columns]
    else:
        values = [key]
    if any(isinstance(value, dict | list) for value in values):
        return "a key is made of single values"
    text = key_of(values)
    if not text:
        return "the key is empty"
    if "\0" in text or text.encode("utf-8", "replace").decode() != text:
        return "the key holds characters that are none"
    return f"the key is longer than {LONGEST_KEY:,} characters" if len(text) > LONGEST_KEY else ""


def _could_be_class(label: Any, kind: str) -> bool:
    """Whether a label is of the kind that the classes are, so that it can be the name of another one."""
    if kind == "string":
        text = label.strip() if isinstance(label, str) else ""
        sound = "\0" not in text and text.encode("utf-8", "replace").decode() == text
        return bool(text) and sound and len(text) <= LONGEST_KEY
    if kind == "boolean" or isinstance(label, bool) or not isinstance(label, str | int | float):
        return False
    text = canonical_text(label)
    return re.fullmatch(r"-?[0-9]{1,15}" if kind == "integer" else r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text) is not None


def _wrong_label(label: Any, contents: Contents) -> tuple[str, str] | None:
    """What is wrong with a label; of several classes none is only for being unknown: a class may appear after training."""
    classes = contents.classes
    if classes:
        known = label is not None and not isinstance(label, dict | list) and canonical_text(label) in classes
        if not known and (len(classes) == 2 or not _could_be_class(label, contents.class_kind)):
            near = closest(canonical_text(label), classes, "closest class") if isinstance(label, str) else ""
            shown = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
            return f"the label is none of the classes that the model knows{near}", f"send one of {shown}"
        return None
    if isinstance(label, bool) or not isinstance(label, int | float) or not _finite(label):
        return "the label is no finite number", "send the number that was predicted, as it came about"
    return None


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _moment(at: Any) -> str:
    """A moment in UTC, as the ledger writes it; "" where it is none."""
    try:
        found = datetime.fromisoformat(at)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds")
    except (TypeError, ValueError, OverflowError):
        return ""


def _given(one: dict[str, Any], scorer: Scorer) -> Given:
    key = one.get("key")
    values = [key[name] for name in scorer.brief.data.key] if isinstance(key, dict) else [key]
    return Given(key_of(values), one.get("prediction_id", ""), canonical_text(one["label"]), _moment(one.get("at", "")))


def _kept(scorer: Scorer, given: Sequence[Given], log: Log | None) -> dict[str, Any]:
    """Keep them, and say what became of them; when this returns they are on disk."""
    ledger, name = scorer.ledger, scorer.brief.name
    assert ledger is not None
    assert scorer.workspace is not None
    keys = _keys(ledger, name, [one.prediction_id for one in given if not one.key], log)
    # A prediction without a key is labelled under its own id.
    placed = [(one.key or keys.get(one.prediction_id, ""), one) for one in given]
    unknown = [place for place, (key, _) in enumerate(placed) if not key]
    gone = _forgotten(ledger, scorer, [key for key, _ in placed])
    known = [(key, one) for key, one in placed if key and key not in gone]
    kept = ledger.labels.keep(name, ((key, one.label) for key, one in known), {key: one.at for key, one in known})
    Forgetting(name, partial(secret, scorer.workspace)).overtaken(ledger, (key for key, _ in known))
    told: dict[str, Any] = {"new": kept.n_new, "changed": kept.n_changed, "same": kept.n_same, "unknown": len(unknown)}
    if unknown:
        told["unknown_rows"] = unknown
    classes = scorer.predictor.contents.classes
    strange = [
        place
        for place, (key, one) in enumerate(placed)
        if classes and one.label not in classes and key and key not in gone
    ]
    if strange:
        told |= {"new_class": len(strange), "new_class_rows": strange}
    if gone:
        told["forgotten"] = sum(key in gone for key, _ in placed)
    return told


def _keys(ledger: Ledger, name: str, ids: Sequence[str], log: Log | None) -> dict[str, str]:
    """Keys that labels of predictions are kept under: their rows' keys, or the predictions' own ids."""
    if not ids:
        return {}
    found = ledger.answers.keys(name, ids)
    if len(found) < len(set(ids)) and log is not None:
        log.flush(END_S)  # it may have been told a moment ago
        found = ledger.answers.keys(name, ids)
        if any(one not in found and ledger.answers.knows_stream(one) for one in ids):
            time.sleep(min(log.wanted.window_s, LONGEST_S))  # by another process, which is about to write it
            found = ledger.answers.keys(name, ids)
    return {id: key or id for id, key in found.items()}


def _forgotten(ledger: Ledger, scorer: Scorer, keys: Sequence[str]) -> set[str]:
    """Keys of persons who asked to be forgotten: their labels are not kept."""
    name = scorer.brief.name
    if scorer.workspace is None or not ledger.forgotten.any(name):
        return set()
    try:
        return set(ledger.forgotten.met(name, secret(scorer.workspace), keys))
    except WorkspaceError as error:  # labels of all others are not to be lost for it
        LOG.warning("%s", error)
        return set()


def _described(scorer: Scorer) -> dict[str, Any]:
    """The request and its answers for the OpenAPI document."""
    classes, columns = scorer.predictor.contents.classes, scorer.brief.data.key
    label: dict[str, Any] = {"enum": list(classes)} if classes else {"type": "number"}
    if len(classes) > 2:
        said = f"one of {', '.join(classes[:10])}{', …' if len(classes) > 10 else ''}, or a class that is new since training"
        label = {"description": said, "type": ["string", "number", "boolean"]}
    key: dict[str, Any] = {
        "description": "the row's key",
        "type": ["string", "number", "boolean", "object"],
        "minLength": 1,
    }
    if columns:
        key["description"] += f": of {', '.join(columns)}, an object where there are several"
    one = {
        "type": "object",
        "required": ["label"],
        "properties": {
            "key": key,
            "prediction_id": {"type": "string", "description": "of an answer, in place of the key"},
            "label": label,
            "at": {"type": "string", "format": "date-time", "description": "when it came about; default: now"},
        },
    }
    many = {
        "type": "object",
        "required": ["labels"],
        "properties": {"labels": {"type": "array", "items": one, "maxItems": MOST_LABELS}},
    }
    counts = {name: {"type": "integer"} for name in ("new", "changed", "same", "unknown", "new_class", "forgotten")}
    rows = {"type": "array", "items": {"type": "integer"}}
    told = {"type": "object", "properties": counts | {"unknown_rows": rows, "new_class_rows": rows}}
    return {
        "summary": "Say what became of rows; answered when that is on disk",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [one, many]}}}},
        "responses": answers(told, "what became of the labels") | refusals("409", "503"),
    }
