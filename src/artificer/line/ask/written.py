"""A brief as a client writes it → `Brief`: a TOML file, checked key by key; nothing in it is ignored."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from math import inf
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from artificer.core import brief as vocabulary
from artificer.core.brief import Brief
from artificer.core.errors import BriefError, NotBuiltError, closest
from artificer.core.figures import figure
from artificer.line.ask.durations import seconds

# Parts of the vocabulary that no stage honours yet; a value that asks for nothing ("", "0d", [], 0) passes.
NOT_BUILT = {
    "target.lead": "the lead time before an outcome",
    "target.treated": "labels that our own action changed",
    "output.every": "a schedule for scoring",
    "authority.recalibrate": "recalibration by itself",
    "authority.notify_env": "notices sent elsewhere",
}

# Numbers that mean nothing outside these ends; others are held against the data or the task where they are used.
_WITHIN = {
    "run.limit_s": (1.0, inf),
    "run.cores": (0.0, inf),
    "run.memory_gb": (0.0, inf),
    "run.seed": (0.0, inf),
    "track.alarms_per_month": (0.0, inf),
    "authority.max_flipped": (0.0, 1.0),
}
_WANTED = {
    "tuple_type": 'a list is needed, such as ["…"]',
    "float_type": "a number is needed, such as 0.5, without quotes",
    "int_type": "a whole number is needed, without quotes",
    "int_from_float": "a whole number is needed",
    "bool_type": "true or false is needed, without quotes",
    "string_type": "a text in quotes is needed",
}

_SECRET_KEY = re.compile(r"^(password|passwd|pwd|secret|token|api_?key|credentials?)$", re.IGNORECASE)
_SECRET_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")

_TABLES: dict[str, type] = {
    "": Brief,
    "data": vocabulary.Data,
    "data.tables.*": vocabulary.Joined,
    "target": vocabulary.Target,
    "features": vocabulary.Features,
    "decision": vocabulary.DecisionPart,
    "decision.capacity": vocabulary.Capacity,
    "decision.value": vocabulary.Value,
    "decision.review": vocabulary.Review,
    "decision.reasons": vocabulary.Reasons,
    "accept.*": vocabulary.Accept,
    "serve": vocabulary.Serve,
    "output": vocabulary.Output,
    "track": vocabulary.Track,
    "authority": vocabulary.Authority,
    "legal": vocabulary.Legal,
    "legal.keep": vocabulary.Keep,
    "card": vocabulary.Card,
    "run": vocabulary.RunPart,
}


def read_brief(path: Path) -> Brief:
    """Read and check a brief.

    Raises
    ------
    BriefError
        When the file is absent or no TOML, or holds an unknown key, a wrong type or a secret.
    NotBuiltError
        When it asks for a part of the vocabulary that no stage honours yet.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        near = closest(path.name, [other.name for other in path.parent.glob("*.toml")], "closest file there")
        raise BriefError(
            f"there is no brief '{path}'{near}; `artificer ask DATA --target COLUMN` drafts one"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BriefError(f"the brief '{path}' cannot be read: {error}; it must be a text file in UTF-8") from error
    try:
        return check(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BriefError(f"the brief '{path}' is not valid TOML: {error}") from error


def check(written: Mapping[str, Any]) -> Brief:
    """Check what was written, as nested mappings, and give the brief.

    Raises
    ------
    BriefError, NotBuiltError
        As for `read_brief`.
    """
    _refuse_secrets(written)
    wanted = _without_neutral(written)
    try:
        # Strict checking of JSON takes arrays for tuples and nothing else for anything else.
        brief = TypeAdapter(Brief).validate_json(json.dumps(wanted, default=str))
    except ValidationError as error:
        raise BriefError("; ".join(_told(error))) from error
    _check_durations(brief)
    _check_ends(brief)
    return brief


def _check_durations(brief: Brief) -> None:
    """One that is wrong would be found when it is too late."""
    capacity = brief.decision.capacity
    durations = {f"legal.keep.{name}": text for name, text in asdict(brief.legal.keep).items()} | {
        "target.horizon": brief.target.horizon,
        "decision.capacity.every": capacity.every if capacity is not None else "",
        "track.every": brief.track.every,
    }
    for place, text in durations.items():
        if text:
            seconds(text, place)


def _check_ends(brief: Brief) -> None:
    for place, (low, high) in _WITHIN.items():
        table, _, key = place.rpartition(".")
        given = getattr(getattr(brief, table), key)
        if not low <= given <= high:
            told = f"from {figure(low)} up" if high == inf else f"from {figure(low)} to {figure(high)}"
            raise BriefError(f"[{place}] is {given}; write a number {told}")


def _refuse_secrets(written: Mapping[str, Any]) -> None:
    for place, value in _walk(written):
        key = place.rpartition(".")[2]
        if isinstance(value, str) and value and (_SECRET_KEY.match(key) or _SECRET_URL.search(value)):
            raise BriefError(
                f"[{place}] holds a secret in plain text; put it into an environment variable and name that variable "
                "here (url_env, notify_env): a brief is copied into packages and reports"
            )


def _walk(written: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in written.items():
        place = f"{prefix}.{key}" if prefix else key
        yield place, value
        if isinstance(value, Mapping):
            yield from _walk(value, place)


def _without_neutral(written: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in written.items():
        place = f"{prefix}.{key}" if prefix else key
        if place in NOT_BUILT:
            if not _asks_for_nothing(value):
                raise NotBuiltError(
                    f"[{place}] asks for {NOT_BUILT[place]}, which this version does not build yet; remove it from the "
                    "brief to run without"
                )
        elif isinstance(value, Mapping) and (place in _TABLES or f"{place}.*" in _TABLES):
            kept[key] = _without_neutral(value, place)
        else:
            kept[key] = value
    return kept


def _asks_for_nothing(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_asks_for_nothing(part) for part in value.values())
    return value in ("", "0d", 0) or value == []


def _told(error: ValidationError) -> Iterator[str]:
    told = set()
    for problem in error.errors(include_url=False, include_context=False):
        place = [
            str(part) for part in problem["loc"] if part not in ("float", "str", "constrained-str", "tuple[str, ...]")
        ]
        name = ".".join(place)
        if name in told:
            continue
        told.add(name)
        if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            yield f"the brief has an unknown key '{name}'{_closest_key(place)}"
        elif problem["type"] in ("missing", "missing_argument"):
            yield f"the brief lacks '{name}'; add it under [{'.'.join(place[:-1]) or name}]"
        else:
            given = json.dumps(problem["input"], ensure_ascii=False, default=str)
            yield f"[{name}] in the brief is {given}; {_wanted(problem['type'], place, problem['msg'])}"


def _wanted(kind: str, place: list[str], otherwise: str) -> str:
    """What a value of the wrong type should be, in TOML's words; where there are none, in pydantic's."""
    table = _table(place)
    if kind == "dataclass_type" and table is not None:
        first, *_ = known = [field.name for field in fields(table)]
        return f"a table is needed, such as {{ {first} = … }}; its keys: {', '.join(known)}"
    return _WANTED.get(kind, otherwise.replace("Input", "it"))


def _table(parts: list[str]) -> type | None:
    """What a table of the brief holds; None where there is no such table."""
    parts = list(parts)
    for free in ("accept.*", "data.tables.*"):  # the client's own names
        at = free.count(".")
        if len(parts) > at and ".".join(parts[:at]) == free[:-2]:
            parts[at] = "*"
    return _TABLES.get(".".join(parts))


def _closest_key(place: list[str]) -> str:
    *parts, last = place
    table, parent = _table(parts), ".".join(parts)
    if table is None:
        return ""
    known = [field.name for field in fields(table)]
    known += [name.rpartition(".")[2] for name in NOT_BUILT if name.rpartition(".")[0] == parent]
    return closest(last, known, "closest known key") or f"; known here: {', '.join(sorted(known))}"
