"""What a request must hold, derived from the package: checks field by field, and the same as JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from artificer.core.errors import closest
from artificer_runtime.schema import Column

TYPES = {
    "number": ["number", "null"],
    "category": ["string", "number", "boolean", "null"],
    "boolean": ["boolean", "string", "null"],
    "time": ["string", "null"],
    "text": ["string", "null"],
}
MOST_LEVELS = 50


def wrong_fields(row: Any, place: int, columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    """Everything that is wrong with one row, a record a field: field, row, says, fix."""
    if not isinstance(row, dict):
        yield _wrong("", place, f"a row is an object of fields, not {_kind(row)}", 'send {"column": value, …}')
        return
    for column in columns:
        if column.name not in row:
            near = closest(column.name, [name for name in row if name not in {one.name for one in columns}])
            yield _wrong(
                column.name, place, f"the field is absent{near}", "send it, or null where the value is missing"
            )
            continue
        said = _unfit(row[column.name], column)
        if said:
            yield _wrong(column.name, place, *said)


def ignored_fields(row: dict[str, Any], columns: Sequence[Column], known: Sequence[str]) -> list[str]:
    """Fields that nobody reads."""
    read = {column.name for column in columns} | set(known)
    return [name for name in row if name not in read]


def row_schema(columns: Sequence[Column], meaning: dict[str, str]) -> dict[str, Any]:
    """JSON Schema of one row; ranges and levels are training's: values beyond them are answered, and flagged."""
    return {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _property(column, meaning.get(column.name, "")) for column in columns},
        "additionalProperties": True,
    }


def _property(column: Column, meaning: str) -> dict[str, Any]:
    about: dict[str, Any] = {"type": TYPES[column.kind]}
    said = [meaning] if meaning else []
    if column.kind == "number" and column.low is not None and column.high is not None:
        said.append(f"in training from {column.low:g} to {column.high:g}; beyond it the answer is flagged 'outside'")
    if column.levels:
        about["examples"] = list(column.levels[:MOST_LEVELS])
        said.append(f"{len(column.levels)} values in training; others are flagged 'unseen'")
    if column.kind == "time":
        about["format"] = "date-time"
    if said:
        about["description"] = "; ".join(said)
    return about


def _unfit(value: Any, column: Column) -> tuple[str, str] | None:
    if value is None:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "the number is not finite", "send a finite number, or null where the value is missing"
    if isinstance(value, dict | list):
        return f"one value is needed, not {_kind(value)}", "send a single value"
    if column.kind == "number" and (isinstance(value, bool) or not _is_number(value)):
        return f"a number is needed, not {_kind(value)}", "send a number, or null where the value is missing"
    if column.kind == "number" and abs(float(value)) > 1e308:
        return "the number is too large", "send a smaller number"
    if column.kind == "time" and not _is_moment(value):
        return f"a date or time is needed, not {_kind(value)}", "send ISO text, such as 2026-01-31T08:00:00"
    if column.kind == "text" and not isinstance(value, str):
        return f"a text is needed, not {_kind(value)}", "send a text, or null where the value is missing"
    return None


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        try:
            return math.isfinite(float(value))
        except ValueError:
            return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_moment(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False
    return True


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), "something else")


def _wrong(field: str, row: int, says: str, fix: str) -> dict[str, Any]:
    return {"field": field, "row": row, "says": says, "fix": fix}
