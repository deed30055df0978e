"""Which version answers a request: the one that it names, else those to which its rows fall. One way for all doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from starlette.requests import Request

from artificer.line.ship.server.beside import Answered, Ask, predictions
from artificer.line.ship.server.doors import RefusedError, wrong
from artificer.line.ship.server.served import Model, Serving

HEADER, FIELD = "x-artificer-version", "version"
_HEADER = HEADER.encode()
_SAYS = "the version that is to answer: the served one, or one in a canary or an A/B test; default: the one that a row falls to"
PARAMETERS = [
    {"name": name, "in": where, "required": False, "description": _SAYS, "schema": {"type": "string"}}
    for name, where in ((FIELD, "query"), ("X-Artificer-Version", "header"))
]


class Chosen(NamedTuple):
    """Who answers a request.

    Attributes
    ----------
    model : Model
        Whose fields the rows must hold.
    named : bool
        Whether the request names it: it alone answers then, and nobody stands in for it.
    """

    model: Model
    named: bool

    def answers(self, serving: Serving, rows: Sequence[dict[str, Any]], ask: Ask) -> Answered:
        """Answers to rows that were checked, one a row."""
        if self.named:
            scorer = self.model.scorer
            return Answered(ask(self.model, rows), scorer.version, scorer.predictor.model_hash)
        return serving.beside.answers(self.model, rows, ask)

    def predictions(self, serving: Serving, rows: Sequence[dict[str, Any]]) -> Answered:
        """Predictions of rows that were checked; a shadow hears of those that no request named a version for."""
        if self.named:
            return self.answers(serving, rows, predictions)
        return serving.beside.predictions(self.model, rows)


def chosen(serving: Serving, request: Request) -> Chosen:
    """The version that a request names by path, header or query, in that order; the served one where it names none.

    Raises
    ------
    RefusedError
        When the named version does not answer here.
    """
    model, version = serving.model, _named(request)
    if not version:
        return Chosen(model, False)
    found = model if version == model.scorer.version else serving.beside.answering(version)
    if found is None:
        known = ", ".join(f"'{one}'" for one in answering(serving))
        said = wrong("that version does not answer here", f"these do: {known}; or name none", FIELD)
        raise RefusedError(404, [said])
    return Chosen(found, True)


def answering(serving: Serving) -> tuple[str, ...]:
    """Versions that may be named: the served one, and those in a canary or an A/B test."""
    return tuple(dict.fromkeys((serving.model.scorer.version, *serving.beside.sharing)))


def _named(request: Request) -> str:
    scope = request.scope
    version: str = scope.get("path_params", {}).get("version", "")
    if version:
        return version
    for name, value in scope["headers"]:
        if name == _HEADER:
            return str(value.decode("latin-1"))
    query = scope.get("query_string", b"")
    return parse_qs(query.decode("latin-1")).get(FIELD, [""])[0] if query else ""
