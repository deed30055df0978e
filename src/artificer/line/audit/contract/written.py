"""TOML that people wrote → a contract; a mistake is told with its line, what is wrong, why, and how to mend it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, get_args

import polars as pl

from artificer.core.errors import BriefError, ContractError, closest
from artificer.core.records import Severity
from artificer.core.stages import Alarms, Contract, Rule, Where
from artificer.data.expression import expression, named
from artificer.line.ask.durations import seconds
from artificer.line.audit.contract.page import VERSION
from artificer_runtime.schema import Column, Kind, Schema, canonical_text

ALONE = (
    ("unique", "columns"),
    ("relation", "rule"),
    ("determined", "column"),
    ("sql", "query"),
    ("polars", "expression"),
)
TOP = ("contract", "target", "missing", "alarms", "delivery", "columns", *(kind for kind, _ in ALONE))
OF_COLUMN = {
    "missing": "missing",
    "range": "range",
    "set": "set",
    "pattern": "pattern",
    "unique": "unique",
    "in": "reference",
    "mean": "mean",
}
SETTINGS = ("type", "check_type", "form", "zone", "required", "shares", "where")
OPTIONS = ("allow", "severity", "where")
PARTS = ("value", "at_least", "at_most", "about", "spread", "sd", "skew", "file", "column", "within")
BOUNDED = ("missing", "range", "rows", "mean", "share")
Path = tuple[str | int, ...]


class _Mistake(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, path: Path, says: str) -> None:
        self.path, self.says = path, says


def read_toml(text: str, where: str) -> Contract:
    """Read a contract.

    Parameters
    ----------
    where : str
        The file's name, for messages.

    Raises
    ------
    ContractError
        When it is no TOML, or holds a rule that is none.
    """
    try:
        return _contract(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"the contract '{where}' is not valid TOML: {error}; mend it there") from error
    except _Mistake as error:
        raise ContractError(f"the contract '{where}', line {_line(text, error.path)}: {error.says}") from error


def _contract(written: Mapping[str, Any]) -> Contract:
    if isinstance(written.get("target"), Mapping):
        raise _Mistake(
            ("target",),
            "this is a brief; `artificer audit BRIEF --write-contract FILE` writes the contract of its rows",
        )
    _refuse_unknown(written, TOP, (), "a part of a contract")
    if written.get("contract", VERSION) != VERSION:
        raise _Mistake(
            ("contract",), f"version {written['contract']} is not read; this Artificer reads version {VERSION}"
        )
    sections = _table(written.get("columns", {}), ("columns",))
    columns, rules = [], []
    for name, section in sections.items():
        here: Path = ("columns", name)
        where = _where(_table(section, here).get("where", ""), (*here, "where"))
        of_column = [replace(rule, where=rule.where or where) for rule in _column(name, section)]
        rules += of_column
        if "type" in section:
            columns.append(_typed(name, section, of_column))
    missing = _texts(written.get("missing", []), ("missing",))
    rules += [*_delivery(_table(written.get("delivery", {}), ("delivery",))), *_alone(written)]
    alarms = _alarms(_table(written["alarms"], ("alarms",))) if "alarms" in written else None
    unsupported = next((rule for rule in rules if rule.about is not None), None)
    if unsupported and alarms is None:
        raise _Mistake((), "rules have 'about', which needs [alarms]; write bounds, or add [alarms]")
    return Contract(Schema(tuple(columns), missing), (), (), str(written.get("target", "")), tuple(rules), alarms)


def _column(name: str, section: Mapping[str, Any]) -> Iterator[Rule]:
    here: Path = ("columns", name)
    _refuse_unknown(section, (*SETTINGS, *OF_COLUMN), here, "a rule of a column")
    required, more = _options(section.get("required", True), (*here, "required"))
    if _truth(required.pop("value", True), (*here, "required")):
        yield Rule("present", (name,), **more)
    if "type" in section:
        kind, more = _options(section["type"], (*here, "type"))
        if kind.get("value") not in get_args(Kind):
            near = closest(str(kind.get("value")), get_args(Kind))
            raise _Mistake(
                (*here, "type"), f"{kind.get('value')!r} is no type; write one of {', '.join(get_args(Kind))}{near}"
            )
        if _truth(section.get("check_type", True), (*here, "check_type")):
            yield Rule("type", (name,), **more)
    for key, kind_of_rule in OF_COLUMN.items():
        if key in section:
            yield from _rule(kind_of_rule, (name,), section[key], (*here, key))
    for level, value in _table(section.get("shares", {}), (*here, "shares")).items():
        yield from _rule("share", (name,), value, (*here, "shares", level), values=(level,))


def _rule(kind: Any, columns: tuple[str, ...], value: Any, path: Path, **given: Any) -> Iterator[Rule]:
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for one in value:
            yield from _rule(kind, columns, one, path, **given)
        return
    parts, more = _options(value, path)
    if kind in BOUNDED:
        more |= _bounds(kind, parts, path)
    elif kind == "set":
        more["values"] = _levels(parts.pop("value", None), path)
    elif kind == "pattern":
        more["text"] = _pattern(parts.pop("value", None), path)
    elif kind == "unique":
        if not _truth(parts.pop("value", None), path):
            return
    elif kind == "reference":
        more["values"] = tuple(_said(parts.pop(key, None), path, f"{key} = a text") for key in ("file", "column"))
    elif kind == "fresh":
        columns = (_said(parts.pop("column", None), path, 'column = "day"'),)
        try:
            more["high"] = seconds(_said(parts.pop("within", None), path, 'within = "7d"'), "within")
        except BriefError as error:
            raise _Mistake(path, str(error)) from error
    _refuse_unknown(parts, (), path, f"a part of '{path[-1]}'", (*PARTS, *OPTIONS))
    yield Rule(kind, columns, **(more | given))


def _options(value: Any, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A rule's own parts, and what every rule may say: `allow`, `severity` and `where`."""
    parts = dict(value) if isinstance(value, Mapping) else {"value": value}
    allow, severity = parts.pop("allow", 0.0), parts.pop("severity", "")
    if not _is_number(allow) or not 0 <= allow <= 1:
        raise _Mistake((*path, "allow"), f"allow is {allow!r}, and must be a share of rows, 0 to 1")
    if severity not in ("", *get_args(Severity)):
        raise _Mistake((*path, "severity"), f"severity is {severity!r}; write note, warning or blocker")
    where = _where(parts.pop("where", ""), (*path, "where"))
    return parts, {"allow": float(allow), "severity": severity, "where": where}


def _where(value: Any, path: Path) -> Where:
    if value not in get_args(Where):
        raise _Mistake(path, f"where is {value!r}; write training or serving: the rows that must keep it")
    found: Where = value
    return found


def _bounds(kind: str, parts: dict[str, Any], path: Path) -> dict[str, Any]:
    if "about" in parts:
        names = ("about", "spread", "sd", "skew") if kind == "mean" else ("about", "spread")
        found = {name: _bound(parts.pop(name, 0.0), path) for name in names}
        if found.get("spread", 0) < 0 or found.get("sd", 0) < 0:
            raise _Mistake(path, "spread and sd are standard deviations and cannot be below 0")
        return found
    if "value" in parts:
        value = parts.pop("value")
        if kind == "missing":
            most = _bound(value, path)
            if not 0 <= most <= 1:
                raise _Mistake(path, f"missing is {value}, and must be a share of rows, 0 to 1")
            return {"high": most}
        if not isinstance(value, list) or len(value) != 2:
            raise _Mistake(path, f"{path[-1]} is {value!r}; write [least, greatest], or {{ at_least = least }}")
        ends: list[float | None] = [_bound(one, path) for one in value]
    else:
        ends = [None if key not in parts else _bound(parts.pop(key), path) for key in ("at_least", "at_most")]
        if ends == [None, None]:
            raise _Mistake(path, f"{path[-1]} has no bound; write [least, greatest], or {{ at_least = least }}")
    low, high = ends
    if low is not None and high is not None and low > high:
        raise _Mistake(path, "the least value is above the greatest, so nothing could keep it; swap them")
    return {"low": low, "high": high}


def _bound(value: Any, path: Path) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    if not _is_number(value) or value != value:
        raise _Mistake(
            path, f"{value!r} is no bound; write a number, or a moment such as 2024-01-31T00:00:00Z without quotes"
        )
    return float(value)


def _pattern(value: Any, path: Path) -> str:
    text = _said(value, path, "pattern = '[A-Z]{2}[0-9]{4}'")
    try:
        pl.Series([""]).str.contains(f"^(?:{text})$")
    except pl.exceptions.PolarsError as error:
        raise _Mistake(
            path, f"{text!r} is no regular expression; mend it (what is meant as it stands needs \\ before it)"
        ) from error
    return text


def _typed(name: str, section: Mapping[str, Any], rules: list[Rule]) -> Column:
    kind = section["type"]["value"] if isinstance(section["type"], Mapping) else section["type"]
    levels = next((rule.values for rule in rules if rule.kind == "set"), ())
    low, high = next(((rule.low, rule.high) for rule in rules if rule.kind == "range"), (None, None))
    form, zone = (_said(section.get(key, ""), ("columns", name, key), "a text") for key in ("form", "zone"))
    return Column(name, kind, levels, low, high, form=form, zone=zone)


def _delivery(section: Mapping[str, Any]) -> Iterator[Rule]:
    _refuse_unknown(section, ("rows", "fresh"), ("delivery",), "a rule of a delivery")
    for kind in ("rows", "fresh"):
        if kind in section:
            yield from _rule(kind, (), section[kind], ("delivery", kind))


def _alone(written: Mapping[str, Any]) -> Iterator[Rule]:
    for kind, key in ALONE:
        for place, section in enumerate(_list(written.get(kind, []), (kind,))):
            here: Path = (kind, place)
            parts, more = _options(_table(section, here), here)
            value = parts.pop(key, None)
            more["name"] = _said(parts.pop("name", ""), (*here, "name"), "a text")
            by = _texts(parts.pop("by", None), (*here, "by")) if kind == "determined" else ()
            _refuse_unknown(parts, (), here, f"a part of [[{kind}]]", (key, "name", *OPTIONS))
            if kind == "unique":
                yield Rule("unique", _texts(value, (*here, key)), **more)
                continue
            text = _said(value, (*here, key), f"{key} = a text")
            if kind == "determined":
                yield Rule("determined", (*by, text), **more)
                continue
            columns = _read_by(text, (*here, key)) if kind == "relation" else ()
            yield Rule(kind, columns, text=text, **more)  # type: ignore[arg-type]


def _read_by(text: str, path: Path) -> tuple[str, ...]:
    """The columns of a relation, which must be an expression."""
    try:
        columns = in_order(text)
        expression(text, columns, "relation")
    except (BriefError, SyntaxError, ValueError) as error:
        raise _Mistake(
            path, f"{text!r} is no relation; write one such as start <= end, of columns, numbers and texts"
        ) from error
    return columns


def in_order(text: str) -> tuple[str, ...]:
    """Names of the columns that a valid expression reads, as they first occur."""
    names = named(text)
    return tuple(dict.fromkeys(word for word in re.findall(r"[^\W\d]\w*", text) if word in names))


def _alarms(section: Mapping[str, Any]) -> Alarms:
    names = ("per_month", "deliveries_per_month", "n_deliveries", "n_rows")
    _refuse_unknown(section, names, ("alarms",), "a part of [alarms]")
    for name, value in section.items():
        if not _is_number(value) or value <= 0:
            raise _Mistake(("alarms", name), f"{name} is {value!r}, and must be a number above 0")
    found = {name: float(value) if "per" in name else int(value) for name, value in section.items()}
    return Alarms(**found)  # type: ignore[arg-type]


def _refuse_unknown(
    section: Mapping[str, Any], known: tuple[str, ...], path: Path, what: str, near: tuple[str, ...] = ()
) -> None:
    for key in section:
        if key not in known:
            raise _Mistake(
                (*path, key), f"'{key}' is not {what}{closest(key, near or known)}; mend its name or remove the line"
            )


def _table(value: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Mistake(
            path, f"'{path[-1]}' is {value!r}, and must be a section of its own: [{'.'.join(map(str, path))}]"
        )
    return value


def _list(value: Any, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise _Mistake(path, f"'{path[-1]}' must be a section in double brackets: [[{path[-1]}]]")
    return value


def _texts(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _Mistake(path, f'\'{path[-1]}\' must be a list of texts in quotes: ["a", "b"]')
    return tuple(value)


def _levels(value: Any, path: Path) -> tuple[str, ...]:
    """Values that a column may hold: numbers and truth values are spelt as levels are."""
    if not isinstance(value, list) or not all(isinstance(one, str | int | float) for one in value):
        raise _Mistake(
            path, f'\'{path[-1]}\' must be a list of texts in quotes, numbers, or true and false: ["a", "b"]'
        )
    return tuple(one if isinstance(one, str) else canonical_text(one) for one in value)


def _said(value: Any, path: Path, wanted: str) -> str:
    if not isinstance(value, str):
        raise _Mistake(path, f"'{path[-1]}' {'is not there' if value is None else f'is {value!r}'}; write {wanted}")
    return value


def _truth(value: Any, path: Path) -> bool:
    if not isinstance(value, bool):
        raise _Mistake(path, f"'{path[-1]}' is {value!r}; write true or false")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _line(text: str, path: Path) -> int:
    """The line on which a part stands, or the nearest part around it."""
    places = _places(text)
    return next((places[path[:depth]] for depth in range(len(path), 0, -1) if path[:depth] in places), 1)


def _places(text: str) -> dict[Path, int]:
    places: dict[Path, int] = {}
    here: Path = ()
    n_of: dict[Path, int] = {}
    quoted = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not quoted and (header := re.match(r"\s*\[(\[?)\s*([^\[\]].*?)\s*\]\]?\s*(#.*)?$", line)):
            here = _keys(header[2])
            if header[1]:
                n_of[here] = n_of.get(here, -1) + 1
                here = (*here, n_of[here])
            for depth in range(1, len(here) + 1):
                places.setdefault(here[:depth], number)
        elif not quoted and (pair := re.match(r"""\s*((?:[\w.-]|"(?:[^"\\]|\\.)*"|'[^']*'|\s)+?)\s*=""", line)):
            places.setdefault((*here, *_keys(pair[1])), number)
        quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return places


def _keys(dotted: str) -> Path:
    try:
        found: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    keys = []
    while isinstance(found, dict):
        ((key, found),) = found.items()
        keys.append(key)
    return tuple(keys)
