"""A contract → TOML for people: a section a column, a line a rule, and in comments what was learned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from artificer.core.stages import Alarms, Contract, Rule
from artificer.line.audit.contract.learned import rules_of
from artificer.line.audit.contract.limits import predicted
from artificer_runtime.schema import Column

VERSION = 2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_S, END_S = -62_135_596_800.0, 253_402_300_799.0
OF_DELIVERY = ("rows", "fresh")
KEYS = {"present": "required", "reference": "in"}
HEAD = """\
# What the rows must look like. Learned from training rows; yours to edit: change, add or remove a line.
# `artificer audit DATA --contract FILE` holds data against it, and ends with 3 where a blocker is found.
#
# A rule's line may say more:  range = { value = [0, 120], allow = 0.01, severity = "blocker" }
#   allow: share that may break it in silence of the rows that could (those that have the values that it is about; of `missing`,
#     all), and of few rows as many as chance makes of that share; else none
#   severity: "note", "warning" or "blocker"; by default it follows from that share; own rules block
#   where: "training" or "serving", the rows that must keep it; rows with labels are for training. By default all must; a
#     rule that reads the target, those for training. In a column's section, a line `where = "training"` is for all its rules
# Two rules of one name are a list:  range = [{ at_least = 0 }, { at_most = 99, severity = "note" }]
# More rules a column may have:
#   missing = 0.02   at most this share;  required = false;  unique = true;  pattern = '[A-Z]{2}[0-9]{4}'
#   form = "%d.%m.%Y"   how moments in texts are written, beside ISO 8601;  zone = "+01:00"   moments must name their zone
#   in = { file = "customers.csv", column = "id" };  mean = [20, 30];  range = { at_least = 0 }
# And a delivery:
#   [delivery]
#   rows = { at_least = 1 }
#   fresh = { column = "day", within = "7d" }
#   [[unique]]
#   columns = ["customer", "day"]
#   [[relation]]                              # holds in each row that has both
#   rule = "start <= end"
#   [[determined]]                            # rows of one zip have one city
#   by = ["zip"]
#   column = "city"
#   [[sql]]                                   # selects rows that offend; reads nothing but rows
#   name = "no refund above the price"
#   query = "SELECT * FROM rows WHERE refund > price"
#   [[polars]]                                # holds in each row
#   name = "adults only"
#   expression = "age >= 18"
"""


def page_of(contract: Contract) -> str:
    """Write a contract as TOML; `read_toml` gives it back."""
    rules = rules_of(contract)
    typed = {column.name: column for column in contract.schema.columns}
    parts = [HEAD, f"contract = {VERSION}"]
    if contract.target:
        parts.append(f"target = {_text(contract.target)}")
    if contract.schema.missing:
        parts.append(
            f"missing = {_array(contract.schema.missing)}  # spellings of a missing value, beside the usual ones"
        )
    limits = _Limits(contract.alarms, sum(rule.about is not None for rule in rules))
    if contract.alarms:
        parts += ["", *_alarms(contract.alarms, limits.n)]
    whole = [rule for rule in rules if rule.kind in OF_DELIVERY]
    if whole:
        parts += ["", "[delivery]", *_lines(whole, "", limits)]
    of_column: dict[str, list[Rule]] = {name: [] for name in typed}
    for rule in rules:
        if rule.columns and rule.kind not in OF_DELIVERY and not _stands_alone(rule):
            of_column.setdefault(rule.columns[0], []).append(rule)
    for name, ours in of_column.items():
        parts += ["", *_section(name, typed.get(name), ours, limits)]
    for rule in rules:
        if _stands_alone(rule):
            parts += ["", *_alone(rule)]
    return "\n".join(parts) + "\n"


class _Limits:
    """For comments: what limits come to in a delivery of usual size."""

    def __init__(self, alarms: Alarms | None, n: int) -> None:
        self.alarms, self.n = alarms, n

    def told(self, rule: Rule) -> str:
        if rule.about is None or self.alarms is None:
            return ""
        usual = max(1, round(self.alarms.n_rows / max(1, self.alarms.n_deliveries)))
        low, high = predicted(rule, usual, self.alarms, self.n)
        form = ",.0f" if rule.kind == "rows" else ".4g" if rule.kind == "mean" else ".2%"
        return f"{low:{form}} to {high:{form}}" + ("" if rule.kind == "rows" else f" in {usual:,} rows")


def _alarms(alarms: Alarms, n_limits: int) -> Iterator[str]:
    yield "[alarms]"
    yield f"# {n_limits} limits below follow from earlier deliveries (about, spread, sd, skew) and from these two lines."
    yield f"per_month = {_number(alarms.per_month)}  # false ones that are tolerable, all limits together"
    yield f"deliveries_per_month = {_number(alarms.deliveries_per_month)}"
    yield f"n_deliveries = {alarms.n_deliveries}  # what the limits were learned from"
    yield f"n_rows = {alarms.n_rows}"


def _section(name: str, column: Column | None, rules: Sequence[Rule], limits: _Limits) -> Iterator[str]:
    yield f"[columns.{_key(name)}]"
    (where,) = found if len(found := {rule.where for rule in rules}) == 1 else ("",)
    rules = [replace(rule, where="") for rule in rules] if where else rules
    kind: str = column.kind if column else ""
    if column:
        yield from _read_as(column, next((rule for rule in rules if rule.kind == "type"), None))
    if where:
        yield f"where = {_text(where)}"
    present = next((rule for rule in rules if rule.kind == "present"), None)
    if present is None:
        yield "required = false"
    elif present.severity or present.where:
        yield f"required = {_value('true', present)}"
    yield from _lines([rule for rule in rules if rule.kind not in ("type", "present", "share")], kind, limits)
    shares = [rule for rule in rules if rule.kind == "share"]
    if shares:
        yield f"[columns.{_key(name)}.shares]"
        yield from _lines(shares, kind, limits)


def _read_as(column: Column, typed: Rule | None) -> Iterator[str]:
    """How a column's values are read: its type, and what tells moments in texts."""
    kind = _text(column.kind)
    yield _with(f"type = {_value(kind, typed) if typed else kind}", typed.learned if typed else "not checked")
    if not typed:
        yield "check_type = false"
    if column.form:
        yield f"form = {_text(column.form)}"
    if column.zone:
        yield f"zone = {_text(column.zone)}"


def _lines(rules: Sequence[Rule], kind: str, limits: _Limits) -> Iterator[str]:
    """A line a key; rules that have one key stand in a list, each as a table."""
    by_key: dict[str, list[Rule]] = {}
    for rule in rules:
        key = _key(rule.values[0]) if rule.kind == "share" else KEYS.get(rule.kind, rule.kind)
        by_key.setdefault(key, []).append(rule)
    for key, ours in by_key.items():
        notes = (note for rule in ours for note in (limits.told(rule), rule.learned if rule.about is None else ""))
        written = [_written(rule, kind) for rule in ours]
        tables = [one if one.startswith("{") else f"{{ value = {one} }}" for one in written]
        value = written[0] if len(ours) == 1 else f"[{', '.join(tables)}]"
        yield _with(f"{key} = {value}", "; ".join(filter(None, dict.fromkeys(notes))))


def _written(rule: Rule, kind: str) -> str:
    if rule.about is not None:
        more = {"about": _number(rule.about), "spread": _number(rule.spread)}
        return _value(
            "", rule, more | ({"sd": _number(rule.sd), "skew": _number(rule.skew)} if rule.kind == "mean" else {})
        )
    match rule.kind:
        case "set":
            return _value(_array(rule.values), rule)
        case "pattern":
            return _value(_text(rule.text), rule)
        case "unique":
            return _value("true", rule)
        case "reference":
            return _value("", rule, {"file": _text(rule.values[0]), "column": _text(rule.values[1])})
        case "fresh":
            return _value("", rule, {"column": _text(rule.columns[0]), "within": _text(f"{rule.high or 0:.0f}s")})
        case "missing":
            return _value(_number(rule.high or 0.0), rule)
    bound = _moment if kind == "time" else _number
    if rule.low is not None and rule.high is not None:
        return _value(f"[{bound(rule.low)}, {bound(rule.high)}]", rule)
    ends = {"at_least": rule.low, "at_most": rule.high}
    return _value("", rule, {name: bound(end) for name, end in ends.items() if end is not None})


def _value(plain: str, rule: Rule, more: Mapping[str, str] | None = None) -> str:
    """A rule's value, in a table where the rule says more than it."""
    parts = dict(more or {}) or {"value": plain}
    if rule.allow:
        parts["allow"] = _number(rule.allow)
    if rule.severity:
        parts["severity"] = _text(rule.severity)
    if rule.where:
        parts["where"] = _text(rule.where)
    if list(parts) == ["value"]:
        return plain
    return "{ " + ", ".join(f"{key} = {value}" for key, value in parts.items()) + " }"


def _stands_alone(rule: Rule) -> bool:
    return rule.kind in ("relation", "determined", "sql", "polars") or (rule.kind == "unique" and len(rule.columns) > 1)


def _alone(rule: Rule) -> Iterator[str]:
    yield _with(f"[[{rule.kind}]]", rule.learned)
    if rule.kind == "unique":
        yield f"columns = {_array(rule.columns)}"
    elif rule.kind == "determined":
        yield f"by = {_array(rule.columns[:-1])}"
        yield f"column = {_text(rule.columns[-1])}"
    else:
        yield f"{ {'relation': 'rule', 'sql': 'query', 'polars': 'expression'}[rule.kind] } = {_text(rule.text)}"
    if rule.name:
        yield f"name = {_text(rule.name)}"
    if rule.allow:
        yield f"allow = {_number(rule.allow)}"
    if rule.severity:
        yield f"severity = {_text(rule.severity)}"
    if rule.where:
        yield f"where = {_text(rule.where)}"


def _with(line: str, note: str) -> str:
    return f"{line}  # {note}" if note else line


def _array(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _text(value: str) -> str:
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def is_dated(seconds: float) -> bool:
    """Whether a moment lies in the years 1 to 9999, the only ones that have a date here."""
    return FIRST_S <= seconds < END_S


def _moment(seconds: float) -> str:
    """A date and time; in years that have none the seconds since 1970, which are read as well."""
    if not is_dated(seconds):
        return _number(seconds)
    moment: Any = EPOCH + timedelta(microseconds=round(seconds * 1e6))
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.%f")).zfill(26).removesuffix(".000000") + "Z"
