"""A client in Python: types by TypedDict, requests by urllib."""

from __future__ import annotations

from artificer.line.ship.clients.shapes import (
    Either,
    Fields,
    ListOf,
    MapOf,
    OneOf,
    Operation,
    Plain,
    Shape,
    records,
)

PLAIN = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None", "any": "Any"}

HEAD = '''"""{title}, version {version}: a typed client, written from the server's OpenAPI document.

Needs Python 3.11 and its standard library alone.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Literal, NotRequired, TypedDict, cast


class RefusedError(Exception):
    """The server would not answer: its status, and an error for each wrong field."""

    def __init__(self, status: int, errors: list[dict[str, Any]]) -> None:
        said = (f"{{one.get('field', '')}} {{one.get('says', '')}}".strip() for one in errors)
        super().__init__(f"{{status}}: " + "; ".join(said))
        self.status, self.errors = status, errors
'''

CLIENT = '''

class Client:
    """The doors of one server.

    Parameters
    ----------
    address : str
        Such as ``"http://127.0.0.1:8000"``.
    key : str
        An API key, where the server asks for one.
    """

    def __init__(self, address: str, key: str = "", timeout_s: float = 30.0) -> None:
        self.address, self.key, self.timeout_s = address.rstrip("/"), key, timeout_s

    def _ask(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> Any:
        given = {{name: value for name, value in (query or {{}}).items() if value is not None}}
        address = self.address + path + ("?" + urllib.parse.urlencode(given) if given else "")
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, content, method=method, headers={{"content-type": "application/json"}})
        if self.key:
            request.add_header("authorization", f"Bearer {{self.key}}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                told = error.read()
            try:
                errors = json.loads(told)["errors"]
            except (ValueError, KeyError, TypeError):
                errors = [{{"says": told.decode("utf-8", "replace")}}]
            raise RefusedError(error.code, errors) from None
'''


def module(title: str, version: str, operations: tuple[Operation, ...]) -> str:
    """The source of the client."""
    head = HEAD.format(title=_words(title), version=_words(version))
    types = [_record(one) for one in records(operations)]
    return "\n".join([head, *types]) + CLIENT.format() + "".join(map(_method, operations))


def _record(one: Fields) -> str:
    """In the functional form, since names of columns need not be names in Python."""
    lines = [f"{one.name} = TypedDict(", f'    "{one.name}",', "    {"]
    for field in one.fields:
        said = _type(field.shape)
        lines.append(f"        {field.name!r}: {said if field.required else f'NotRequired[{said}]'},")
    return "\n".join([*lines, "    },", ")", ""])


def _type(one: Shape) -> str:
    match one:
        case Plain(kind):
            return PLAIN[kind]
        case OneOf(texts, closed):
            levels = f"Literal[{', '.join(map(repr, texts))}]"
            return levels if closed else f"{levels} | str"
        case ListOf(item):
            return f"list[{_type(item)}]"
        case MapOf(value):
            return f"dict[str, {_type(value)}]"
        case Either(shapes):
            return " | ".join(dict.fromkeys(map(_type, shapes)))
        case Fields(name, _):
            return name


def _method(one: Operation) -> str:
    places = [f"{name}: str" for name in one.places]
    body = [f"body: {_type(one.body)}"] if one.body is not None else []
    query = [f"{name}: str | int | float | None = None" for name in one.query]
    path = f'"{one.path}"' if not one.places else "f" + repr(_quoted(one))
    given = [f'"{one.method}"', path, *(["body"] if body else []), *([_query(one)] if query else [])]
    answer = _type(one.answer)
    asked = f"self._ask({', '.join(given)})"
    return (
        f"\n    def {one.name}({', '.join(['self', *places, *body, *query])}) -> {answer}:\n"
        f'        """{_words(one.says) or one.path}."""\n'
        f"        return cast({answer!r}, {asked})\n"
    )


def _query(one: Operation) -> str:
    return "query={" + ", ".join(f'"{name}": {name}' for name in one.query) + "}"


def _quoted(one: Operation) -> str:
    path = one.path
    for name in one.places:
        path = path.replace("{" + name + "}", "{urllib.parse.quote(" + name + ", safe='')}")
    return path


def _words(text: str) -> str:
    """A client's words inside a docstring."""
    return text.replace("\\", "").replace('"', "'").strip().rstrip(".")
