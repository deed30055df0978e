"""What an OpenAPI document says, in the few shapes that types are written of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

JSON = "application/json"
_IN_PATH = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Plain:
    """A value of one kind; "any" is whatever JSON holds."""

    kind: Literal["string", "number", "integer", "boolean", "null", "any"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Texts, of which others are answered too unless `closed`."""

    texts: tuple[str, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose names are not known before."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Either:
    """Any of some shapes."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    shape: Shape
    required: bool
    says: str


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with known fields, and the name of its type."""

    name: str
    fields: tuple[Field, ...]


Shape = Plain | OneOf | ListOf | MapOf | Either | Fields


@dataclass(frozen=True, slots=True)
class Operation:
    """One door as a method.

    Attributes
    ----------
    name : str
        In lower case with underscores.
    places : tuple of str
        Names that stand in the path.
    query : tuple of str
    body, answer : Shape or None
        None where there is none in JSON.
    """

    name: str
    method: str
    path: str
    says: str
    places: tuple[str, ...]
    query: tuple[str, ...]
    body: Shape | None
    answer: Shape


def operations(document: dict[str, Any]) -> tuple[Operation, ...]:
    """All operations that answer with JSON and take JSON or nothing."""
    found = []
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            asked = said.get("requestBody", {}).get("content", {})
            given: dict[str, Any] = next((one for code, one in said["responses"].items() if code.startswith("2")), {})
            if (asked and JSON not in asked) or JSON not in given.get("content", {}):
                continue
            found.append(_operation(document, path, method.upper(), said, asked, given))
    return tuple(found)


def _operation(
    document: dict[str, Any], path: str, method: str, said: dict[str, Any], asked: dict[str, Any], given: dict[str, Any]
) -> Operation:
    name = re.sub(r"\W+", "_", path).strip("_").lower() or "root"
    if method not in ("GET", "POST") or sum(1 for _ in document["paths"][path]) > 1:
        name = f"{method.lower()}_{name}"
    title = "".join(part.capitalize() for part in name.split("_"))
    body = shape(asked[JSON]["schema"], title, document) if asked else None
    query = tuple(one["name"] for one in said.get("parameters", ()) if one.get("in") == "query")
    answer = shape(given["content"][JSON].get("schema", {}), f"{title}Answer", document)
    return Operation(name, method, path, said.get("summary", ""), tuple(_IN_PATH.findall(path)), query, body, answer)


def shape(schema: dict[str, Any], name: str, document: dict[str, Any]) -> Shape:
    """The shape that a JSON Schema describes; what the few shapes do not hold is any value."""
    if "$ref" in schema:
        named = schema["$ref"].rpartition("/")[2]
        return shape(document["components"]["schemas"][named], named, document)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            parts = (
                shape(one, one.get("title") or f"{name}{place or ''}", document)
                for place, one in enumerate(schema[several])
            )
            return either(tuple(parts))
    kinds = schema.get("type") or _told(schema.get("enum", ()))
    return either(tuple(_kind(kind, schema, name, document) for kind in ([kinds] if isinstance(kinds, str) else kinds)))


def _told(values: Any) -> str:
    """The kind of values that are listed without it."""
    if values and all(isinstance(one, str) for one in values):
        return "string"
    numbers = values and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    return "number" if numbers else "any"


def either(shapes: tuple[Shape, ...]) -> Shape:
    """Some shapes as one; those that say the same are told once."""
    flat = [one for part in shapes for one in (part.shapes if isinstance(part, Either) else (part,))]
    different = tuple(dict.fromkeys(flat))
    return different[0] if len(different) == 1 else Either(different)


def _kind(kind: str, schema: dict[str, Any], name: str, document: dict[str, Any]) -> Shape:
    if kind == "array":
        item = schema.get("items", {})
        return ListOf(shape(item, item.get("title") or f"{name}Item", document))
    if kind == "object":
        return _object(schema, name, document)
    if kind == "string" and ("enum" in schema or schema.get("examples")):
        texts = tuple(str(one) for one in schema.get("enum", schema.get("examples", ())) if one is not None)
        return OneOf(texts, "enum" in schema) if schema.get("format") is None else Plain("string")
    return Plain(kind) if kind in ("string", "number", "integer", "boolean", "null") else Plain("any")  # type: ignore[arg-type]


def _object(schema: dict[str, Any], name: str, document: dict[str, Any]) -> Shape:
    if schema.get("properties"):
        needed = set(schema.get("required", ()))
        fields = (
            Field(
                key,
                shape(one, one.get("title") or f"{name}{_title(key)}", document),
                key in needed,
                one.get("description", ""),
            )
            for key, one in schema["properties"].items()
        )
        return Fields(name, tuple(fields))
    values = schema.get("additionalProperties")
    return MapOf(shape(values, f"{name}Value", document) if isinstance(values, dict) else Plain("any"))


def _title(key: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"\W+|_", key) if part.isascii()) or "Field"


def records(all_of: tuple[Operation, ...]) -> Iterator[Fields]:
    """All objects that get a type of their own, the inner ones first, each once."""
    seen: dict[str, Fields] = {}
    for one in all_of:
        for part in (one.body, one.answer):
            for found in _inside(part) if part is not None else ():
                if found.name not in seen:
                    seen[found.name] = found
                    yield found


def _inside(one: Shape) -> Iterator[Fields]:
    match one:
        case ListOf(item):
            yield from _inside(item)
        case MapOf(value):
            yield from _inside(value)
        case Either(shapes):
            for part in shapes:
                yield from _inside(part)
        case Fields(_, fields):
            for each in fields:
                yield from _inside(each.shape)
            yield one
