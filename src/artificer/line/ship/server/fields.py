"""What a request must hold, derived from the package: checks field by field, and the same as JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from types import NoneType
from typing import Any

from artificer.core.brief import Serve
from artificer.core.errors import closest
from artificer.line.ship.admitting import unknown
from artificer_runtime.schema import Column, Schema
from artificer_runtime.values import MISSING, canonical_text, is_missing, lacks_zone, number_of, seconds_of

TYPES = {
    "number": ["number", "null"],
    "category": ["string", "number", "boolean", "null"],
    "boolean": ["boolean", "string", "null"],
    "time": ["string", "null"],
    "text": ["string", "null"],
}
KEY_TYPES = ("string", "number", "boolean", "null")
# Types whose values are right whatever they are, but for a number's size and a moment's form.
_PLAIN: dict[str, frozenset[type]] = {
    "number": frozenset((int, float, NoneType)),
    "category": frozenset((str, int, float, bool, NoneType)),
    "boolean": frozenset((bool, str, NoneType)),
    "time": frozenset((str, NoneType)),
    "text": frozenset((str, NoneType)),
}
MOST_LEVELS = 50
MOST_NOTES = 10
MOST_COMPARED = 200  # levels that a value is compared with to find the nearest: half a millisecond
MOST = 10**300  # a float holds it
LARGEST = 1e308  # a number that is sent


class Fields:
    """What the rows of a request must hold.

    Parameters
    ----------
    columns : sequence of Column
        Those that the model reads.
    known : sequence of str
        Other columns that somebody reads: time, what a decision is priced by.
    meaning : dict of str to str
        What columns mean, in the client's words.
    serve : Serve
        What is done with a category that training never saw, and with a field that is absent.
    key : sequence of str
        Fields that hold the row's key; they need not be sent.
    spellings : collection of str
        Texts that stand for nothing, in lower case, whatever a column holds: as in a table.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        known: Sequence[str] = (),
        meaning: Mapping[str, str] = {},
        serve: Serve = Serve(),  # noqa: B008 - frozen
        key: Sequence[str] = (),
        spellings: Collection[str] = MISSING,
    ) -> None:
        self.columns, self.meaning, self.spellings = columns, meaning, spellings
        self.strict, self.fills = serve.unknown == "refuse", serve.missing == "answer"
        self._plan = tuple((one.name, _PLAIN[one.kind], one if one.kind == "time" else None) for one in columns)
        self._read = {one.name for one in columns} | {*known, *key}
        self._key = tuple(name for name in key if all(name != one.name for one in columns))

    def plain(self, row: Any) -> bool:
        """Whether a row is right at the first look: what `wrong_fields` would find nothing in; not so may still be right."""
        if type(row) is not dict:
            return False
        for name, kinds, moment in self._plan:
            value = row.get(name, Ellipsis)
            kind = type(value)
            if kind not in kinds:
                return False
            if kind is float:
                if not -MOST < value < MOST:  # nor NaN
                    return False
            elif (kind is int and not -MOST < value < MOST) or (
                moment and kind is str and not _is_moment(value, moment)
            ):
                return False
        return not any(type(row.get(name)) in (list, dict) for name in self._key)

    def filled(self, row: Any) -> Any:
        """A row with null in each field that it lacks, where the brief has such rows answered."""
        return (
            dict.fromkeys((one.name for one in self.columns), None) | row if self.fills and type(row) is dict else row
        )

    def wrong(self, row: Any, place: int) -> list[dict[str, Any]]:
        """Everything that is wrong with one row but unknown categories, a record a field."""
        if self.plain(row):
            return []
        return [*wrong_fields(row, place, self.columns, self.spellings), *self._wrong_key(row, place)]

    def unknown(self, schema: Schema, rows: Any, start: int = 0) -> list[dict[str, Any]]:
        """Categories that training never saw, a record each, where the brief has such rows refused; of right rows only."""
        if not self.strict:
            return []
        found = []
        columns = {one.name: one for one in self.columns}
        for place, name in unknown(schema, rows):
            value = canonical_text(rows[place][name]) if isinstance(rows, Sequence) else ""
            said = f"training never saw this value{_nearest(value, columns[name]) if value else ''}"
            found.append(_wrong(name, start + place, said, f"send one that /schema lists{_example(columns[name])}"))
        return found

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of one row."""
        found = row_schema(self.columns, self.meaning)
        for name in self._key:
            found["properties"][name] = {"type": list(KEY_TYPES), "description": "the row's key: no input to the model"}
        return found | ({"required": []} if self.fills else {})

    def _wrong_key(self, row: Any, place: int) -> list[dict[str, Any]]:
        return [
            _wrong(name, place, f"a key is a single value, not {_kind(row[name])}", "send the key as the rows have it")
            for name in self._key
            if isinstance(row, dict) and isinstance(row.get(name), list | dict)
        ]

    def ignored(self, row: dict[str, Any]) -> set[str]:
        """Fields that nobody reads."""
        return row.keys() - self._read if len(row) > len(self._plan) else set()

    def notes(self, rows: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Why rows were flagged, a record a field: what training knew, and the level that is likely meant; ten at most."""
        found: list[dict[str, Any]] = []
        for place, (row, answer) in enumerate(zip(rows, answers, strict=True)):
            if answer["flags"] and len(found) < MOST_NOTES:
                found += [
                    _wrong(column.name, place, *said)
                    for column in self.columns
                    if (said := self._odd(row.get(column.name), column))
                ]
        return found[:MOST_NOTES]

    def undrawn(self, rows: Sequence[dict[str, Any]], key: Sequence[str]) -> list[dict[str, Any]]:
        """That a row has no key, by which the control share is drawn: a record for the first such row."""
        for place, row in enumerate(rows):
            lacking = [name for name in key if row.get(name) is None]
            if lacking:
                said = "no key was sent, so this row cannot be drawn for the control share"
                return [
                    _wrong(lacking[0], place, said, "send it, so that the row falls as `artificer score` has it fall")
                ]
        return []

    def _odd(self, value: Any, column: Column) -> tuple[str, str] | None:
        if value is None:
            return None
        if column.kind in ("number", "time") and column.low is not None and column.high is not None:
            number = _moment_s(value, column) if column.kind == "time" else _number(value, column.form)
            late = column.kind == "number" and number > column.high
            if number in column.gaps or not (number < column.low or late):
                return None
            return f"beyond training, {_range(column)}", "see that it is meant, and in the unit of the training rows"
        if column.kind in ("category", "boolean") and isinstance(value, str | int | float):
            text = canonical_text(value).strip()
            if (
                is_missing(text, self.spellings)
                or (text.lower() if column.kind == "boolean" else text) in self._levels[column.name]
            ):
                return None
            return (
                f"training never saw this value{_nearest(text, column)}",
                "send one that /schema lists, if one is meant",
            )
        return None

    @cached_property
    def _levels(self) -> dict[str, frozenset[str]]:
        return {one.name: frozenset((*one.levels, *(written for written, _ in one.spellings))) for one in self.columns}


def wrong_fields(
    row: Any, place: int, columns: Sequence[Column], spellings: Collection[str] = MISSING
) -> Iterator[dict[str, Any]]:
    """Everything that is wrong with one row, a record a field: field, row, says, fix."""
    if not isinstance(row, dict):
        yield _wrong("", place, f"a row is an object of fields, not {_kind(row)}", 'send {"column": value, …}')
        return
    for column in columns:
        if column.name not in row:
            near = closest(column.name, [name for name in row if name not in {one.name for one in columns}])
            fix = f"send it{_example(column)}, or null where the value is missing"
            yield _wrong(column.name, place, f"the field is absent{near}", fix)
            continue
        if isinstance(row[column.name], str) and is_missing(row[column.name], spellings):
            continue
        said = unfit(row[column.name], column)
        if said:
            yield _wrong(column.name, place, *said)


def row_schema(columns: Sequence[Column], meaning: Mapping[str, str]) -> dict[str, Any]:
    """JSON Schema of one row; ranges and levels are training's: values beyond them are answered, and flagged."""
    return {
        "title": "Row",
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _property(column, meaning.get(column.name, "")) for column in columns},
        "additionalProperties": True,
    }


def _property(column: Column, meaning: str) -> dict[str, Any]:
    about: dict[str, Any] = {"type": TYPES[column.kind]}
    said = [meaning] if meaning else []
    if column.kind == "number":
        about |= {"minimum": -LARGEST, "maximum": LARGEST}
    if column.kind == "number" and column.low is not None and column.high is not None:
        said.append(f"{_range(column)}; beyond it the answer is flagged 'outside'")
        about["examples"] = [_middle(column)]
    if column.levels:
        about["examples"] = list(column.levels[:MOST_LEVELS])
        said.append(f"{len(column.levels)} values in training; others are flagged 'unseen'")
    if column.kind == "time":
        if not column.form:  # else moments come in a form of the data's own
            about["format"] = "date-time"
        if column.low is not None:
            said.append(f"{_range(column)}; before it the answer is flagged 'outside'")
    if said:
        about["description"] = "; ".join(said)
    return about


def unfit(value: Any, column: Column) -> tuple[str, str] | None:
    """Why a value cannot be a column's, and what to send; None where it can."""
    if value is None:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "the number is not finite", "send a finite number, or null where the value is missing"
    if isinstance(value, dict | list):
        return f"one value is needed, not {_kind(value)}", f"send a single value{_example(column)}"
    if column.kind == "number" and (isinstance(value, bool) or not _is_number(value, column.form)):
        fix = f"send a number{_example(column)}, or null where the value is missing"
        return f"a number is needed, not {_kind(value)}", fix
    if column.kind == "number" and abs(_number(value, column.form)) > LARGEST:
        return "the number is too large", f"send a smaller number{_example(column)}"
    if column.kind == "time" and _lacks_zone(value, column):
        said = f"the moment names no time zone, as those of training did ({column.zone})"
        return said, "send it with its zone, such as 2026-01-31T08:00:00+01:00"
    if column.kind == "time" and not _is_moment(value, column):
        other = f", or of the form '{column.form}'" if column.form else ""
        said = (
            "this text is no date or time"
            if isinstance(value, str)
            else f"a date or time is needed, not {_kind(value)}"
        )
        return said, f"send ISO text, such as 2026-01-31T08:00:00{other}"
    if column.kind == "text" and not isinstance(value, str):
        return f"a text is needed, not {_kind(value)}", "send a text, or null where the value is missing"
    return None


def _example(column: Column) -> str:
    """What training held, to be said in brackets."""
    if column.kind == "number" and column.low is not None and column.high is not None:
        return f" ({_range(column)})"
    if column.levels:
        shown = ", ".join(f"'{one}'" for one in column.levels[:3])
        return f" (in training {shown}{', …' if len(column.levels) > 3 else ''})"
    return ""


def _range(column: Column) -> str:
    assert column.low is not None
    assert column.high is not None
    if column.kind != "time":
        return f"in training from {column.low:g} to {column.high:g}"
    try:
        low, high = (datetime.fromtimestamp(one, UTC).isoformat()[:19] for one in (column.low, column.high))
    except (OverflowError, ValueError, OSError):
        return f"in training from {column.low:g} to {column.high:g} seconds since 1970"
    return f"in training from {low} to {high}"


def _middle(column: Column) -> float:
    assert column.low is not None
    assert column.high is not None
    middle = column.low / 2 + column.high / 2
    return int(middle) if "int" in column.dtype.lower() else float(f"{middle:.4g}")


def _nearest(value: str, column: Column) -> str:
    return closest(value[:50], column.levels, "did you mean") if len(column.levels) <= MOST_COMPARED else ""


def _number(value: Any, form: str) -> float:
    return number_of(value, (), form) if _is_number(value, form) else math.nan


def _moment_s(value: Any, column: Column) -> float:
    try:
        return seconds_of(value, column.form)
    except ValueError:
        return math.nan


def _is_number(value: Any, form: str) -> bool:
    try:
        return math.isfinite(number_of(value, (), form))
    except ValueError:
        return False


def _is_moment(value: Any, column: Column) -> bool:
    if not isinstance(value, str):
        return False
    try:
        if column.form:
            seconds_of(value, column.form)
        else:
            datetime.fromisoformat(value)  # the short way, which most go
    except ValueError:
        if column.form or math.isnan(_moment_s(value, column)):
            return False
    return not _lacks_zone(value, column)


def _lacks_zone(value: Any, column: Column) -> bool:
    """Whether a moment names no time zone, where it must."""
    return (
        bool(column.zone) and isinstance(value, str) and not math.isnan(_moment_s(value, column)) and lacks_zone(value)
    )


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
