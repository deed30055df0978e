"""The Open Data Contract Standard v3 (bitol.io): properties, their logical types, and quality rules of its library."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.dialects.forms import read_form, written_form
from artificer.line.audit.contract.dialects.gathered import (
    Gathered,
    allowance,
    bound,
    is_written,
    levels_of,
    names_of,
    never_missing,
    severities,
    short,
    titled,
    written_bound,
)
from artificer.line.audit.contract.dialects.regexes import searched, whole
from artificer.line.audit.contract.dialects.shapes import VALUE, Unreadable, reading
from artificer.line.audit.contract.dialects.sql import condition_of, expressed
from artificer.line.audit.contract.learned import rules_of
from artificer_runtime.values import canonical_text, is_missing

SHARED = ("missing", "unique", "set", "pattern")  # what a percentage of the rows may break
PLAIN = ("range", "reference")  # what has no severity there
TYPES = {"number": "number", "time": "timestamp", "boolean": "boolean"}
SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("min", "minute"), 60),
    **dict.fromkeys(("h", "hr", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
    **dict.fromkeys(("w", "week"), 604_800),
    **dict.fromkeys(("y", "yr", "year"), 31_536_000),
}
MILD = ("warning", "low", "minor")
COUNT = re.compile(
    r"(?is)\s*SELECT\s+COUNT\(\*\)\s+FROM\s+(?:\{object\}|\$\{object\}|\$\{table\}|rows)\s+WHERE\s+(.*?);?\s*"
)
_VALUES = {"validValues": [VALUE], "missingValues": [VALUE], "properties": [VALUE]}
_QUALITY = [{**_VALUES, "arguments": _VALUES, "mustBeBetween": [VALUE]}]
_PROPERTY: dict[str, Any] = {
    "name!": VALUE,
    "logicalTypeOptions": {},
    "enum": [(VALUE, {})],
    "relationships": [{"to!": VALUE}],
    "quality": _QUALITY,
}
SHAPE = {"schema": [{"properties": [_PROPERTY], "quality": _QUALITY}], "slaProperties": [{}]}


def read(written: dict[str, Any]) -> Gathered:
    """Read the one object of the contract's schema."""
    objects: list[dict[str, Any]] = written.get("schema") or []
    if len(objects) != 1:
        raise Unreadable(f"its schema has {len(objects)} objects; leave the one that the data are of")
    (table,) = objects
    found = Gathered()
    for one in table.get("properties") or ():
        with reading(f"the property '{one['name']}'"):
            _property(found, one)
    keys = [one for one in table.get("properties") or () if one.get("primaryKey")]
    if keys:
        with reading("primaryKeyPosition of the keys"):
            keys.sort(key=lambda one: one.get("primaryKeyPosition", 0))
        found.rules.append(Rule("unique", tuple(one["name"] for one in keys), severity="blocker"))
    for quality in table.get("quality") or ():
        with reading(f"the quality rule {quality.get('name') or quality.get('metric') or ''} of all rows"):
            _quality(found, quality, "")
    for agreed in written.get("slaProperties") or ():
        with reading(f"{agreed.get('property')} of slaProperties"):
            _agreed(found, agreed, table)
    return found


def _agreed(found: Gathered, agreed: dict[str, Any], table: dict[str, Any]) -> None:
    """How fresh a column of moments must be; what is agreed else has no counterpart."""
    what, element = agreed.get("property"), str(agreed.get("element") or "")
    unit = str(agreed.get("unit") or "d").lower()
    unit_s = SECONDS.get(unit if unit in SECONDS else unit.removesuffix("s"))
    if what not in ("latency", "freshness") or not element or unit_s is None:
        found.skip("slaProperties", f"the property {what}" + ("" if unit_s else f" in the unit '{unit}'"))
        return
    names = [str(one["name"]) for one in table.get("properties") or ()]
    ways = (
        element,
        element.removeprefix(f"{table.get('name')}."),
        element.partition(".")[2],
        element.rpartition(".")[2],
    )
    column = next((one for one in ways if one in names), ways[-1])
    found.rules.append(Rule("fresh", (column,), high=float(agreed["value"]) * unit_s))


def _property(found: Gathered, one: dict[str, Any]) -> None:
    name = str(one["name"])
    at = (name,)
    found.rules.append(Rule("present", at))
    found.typed(name, one.get("logicalType") or one.get("physicalType"))
    if one.get("required"):
        found.rules.append(Rule("missing", at, high=0.0, severity="blocker"))
    if one.get("unique"):
        found.rules.append(Rule("unique", at, severity="blocker"))
    options = dict(one.get("logicalTypeOptions") or {})
    low, high = (bound(options.pop(key, None), name) for key in ("minimum", "maximum"))
    if low is not None or high is not None:
        found.rules.append(Rule("range", at, low, high, severity="blocker"))
    if "pattern" in options:
        found.rules.append(Rule("pattern", at, text=whole(str(options.pop("pattern"))), severity="blocker"))
    if "enum" in one:
        levels = (canonical_text(level.get("value") if isinstance(level, dict) else level) for level in one["enum"])
        found.rules.append(Rule("set", at, values=tuple(levels), severity="blocker"))
    if "format" in options:
        _format(found, name, str(options.pop("format")))
    for option in options:
        if option not in ("timezone", "defaultTimezone"):
            found.skip(name, f"the option {option}")
    for relation in one.get("relationships") or ():
        table, _, column = str(relation["to"]).removeprefix("schema/").replace("/properties/", ".").rpartition(".")
        found.rules.append(Rule("reference", at, values=(table, column), severity="blocker"))
    for quality in one.get("quality") or ():
        with reading(f"the quality rule {quality.get('name') or quality.get('metric') or ''} of '{name}'"):
            _quality(found, quality, name)


def _format(found: Gathered, name: str, written: str) -> None:
    """How a column's moments are written; the width of numbers says nothing here, and forms of texts have no counterpart."""
    column = found.columns.get(name)
    if column is not None and column.kind == "number":
        return
    form = read_form(written) if column is not None and column.kind == "time" else None
    if column is None or form is None:
        found.skip(name, f"the format {written}")
    else:
        found.columns[name] = replace(column, form=form)


def _quality(found: Gathered, quality: dict[str, Any], column: str) -> None:
    metric = quality.get("metric") or quality.get("rule") or quality.get("type")
    given = {**quality, **(quality.get("arguments") or {})}
    severity: Any = "warning" if str(quality.get("severity", "")).lower() in MILD else "blocker"
    at, name = (column,) if column else (), str(quality.get("name") or "")
    low, high = _operator(quality)
    share = None if high is None else high / 100 if quality.get("unit") == "percent" else high if high == 0 else None
    rule = None
    if high is not None and share is None and metric not in ("rowCount", "sql"):
        metric = "counted in rows"  # a number of rows that may break it, where shares are allowed here
    match metric:
        case "nullValues" | "missingValues" | "nullCheck" if column and share is not None:
            meant = [one for one in given.get("missingValues") or () if not is_missing(one)]
            if meant:
                found.skip(column, f"that {meant[0]!r} is missing")
            rule = Rule("missing", at, high=share, severity=severity)
        case "invalidValues" | "validValues" if column and "validValues" in given:
            values = tuple(map(canonical_text, given["validValues"]))
            rule = Rule("set", at, values=values, allow=share or 0.0, severity=severity)
        case "invalidValues" if column and "pattern" in given:
            rule = Rule("pattern", at, text=whole(str(given["pattern"])), allow=share or 0.0, severity=severity)
        case "duplicateValues" | "duplicateCount" if share is not None:
            rule = Rule("unique", at or tuple(given.get("properties") or ()), allow=share, severity=severity)
        case "rowCount" if not column and (low, high) != (None, None):
            rule = Rule("rows", (), low, high, severity=severity)
        case "sql" if high == 0 and (counted := COUNT.fullmatch(str(quality.get("query", "")))):
            condition = counted[1].replace("{property}", f'"{column}"')
            kept = re.fullmatch(r"(?is)NOT\s*\((.*)\)", condition)
            query = f"SELECT * FROM rows WHERE {condition}"
            rule = expressed(kept[1], severity, name) if kept else Rule("sql", text=query, severity=severity, name=name)
    if rule is None:
        found.skip(column or "rows", f"the quality rule {name or metric}")
    else:
        found.rules.append(rule)


def _operator(quality: dict[str, Any]) -> tuple[float | None, float | None]:
    """Bounds of a count, or of a percentage, that whole numbers keep."""
    step = 0.0 if quality.get("unit") == "percent" else 1.0
    if "mustBeBetween" in quality:
        low, high = quality["mustBeBetween"]
        return bound(low, "mustBeBetween"), bound(high, "mustBeBetween")
    ends = {key: end for key in quality if key.startswith("mustBe") and (end := bound(quality[key], key)) is not None}
    if "mustBe" in ends:
        return ends["mustBe"], ends["mustBe"]
    low = high = None
    for key, moved in (("mustBeGreaterThan", step), ("mustBeGreaterOrEqualTo", 0.0)):
        low = ends[key] + moved if key in ends else low
    for key, moved in (("mustBeLessThan", step), ("mustBeLessOrEqualTo", 0.0)):
        high = ends[key] - moved if key in ends else high
    return low, high


def write(contract: Contract) -> tuple[dict[str, Any], list[str]]:
    """Write one object named rows."""
    kinds = {column.name: column.kind for column in contract.schema.columns}
    properties: dict[str, dict[str, Any]] = {name: {"name": name} for name in names_of(contract)}
    for column in contract.schema.columns:
        properties[column.name]["logicalType"] = TYPES.get(column.kind, "string")
        if column.kind == "time" and column.form:
            properties[column.name]["logicalTypeOptions"] = {"format": written_form(column.form)}
    whole: list[dict[str, Any]] = []
    agreed: list[dict[str, Any]] = []
    unsaid, blocking, shared = list[str](), list[Rule](), list[Rule]()
    never = never_missing(contract)
    for rule in rules_of(contract):
        at = properties[rule.columns[0]] if rule.columns else {}
        if rule.kind in ("present", "type"):
            continue
        of_kind: str = kinds.get(at.get("name", ""), "")
        if not (is_written(rule, of_kind) and _say(rule, at, whole, agreed, of_kind)):
            unsaid.append(titled(rule))
        elif rule.allow and rule.kind not in SHARED:
            unsaid.append(allowance(rule))
        elif rule.allow and rule.kind != "missing" and not never.issuperset(rule.columns):
            shared.append(rule)
        if rule.kind in PLAIN and rule.severity != "blocker" and titled(rule) not in unsaid:
            blocking.append(rule)
    table: dict[str, Any] = {"name": "rows", "logicalType": "object", "properties": list(properties.values())}
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "rows",
        "version": "1.0.0",
        "status": "active",
        "schema": [table | ({"quality": whole} if whole else {})],
    }
    if shared:
        unsaid.append(
            f"that shares are of the values there are: of all rows there, so that more may break {short(shared)}"
        )
    unsaid += severities(blocking)
    return document | ({"slaProperties": agreed} if agreed else {}), unsaid


def _say(rule: Rule, at: dict[str, Any], whole: list[Any], agreed: list[Any], kind: str) -> bool:
    grave = {} if rule.severity == "blocker" else {"severity": "warning"}
    none: dict[str, Any] = _percent(rule.allow) if rule.allow else {"mustBe": 0}
    match rule.kind:
        case "missing" if not (rule.high or rule.allow or grave):
            at["required"] = True
        case "missing":
            most = {"metric": "nullValues", **(_percent(rule.high) if rule.high else none)}
            at.setdefault("quality", []).append(most | grave)
        case "unique" if len(rule.columns) == 1 and not (rule.allow or grave):
            at["unique"] = True
        case "unique" if len(rule.columns) == 1:
            at.setdefault("quality", []).append({"metric": "duplicateValues", **none, **grave})
        case "unique":
            whole.append(
                {"metric": "duplicateValues", "arguments": {"properties": list(rule.columns)}, **none, **grave}
            )
        case "set":
            values = {"metric": "invalidValues", "arguments": {"validValues": levels_of(rule, kind)}}
            at.setdefault("quality", []).append(values | none | grave)
        case "pattern" if rule.allow or grave or "pattern" in at.get("logicalTypeOptions", {}):
            values = {"metric": "invalidValues", "arguments": {"pattern": searched(rule.text)}}
            at.setdefault("quality", []).append(values | none | grave)
        case "pattern":
            at.setdefault("logicalTypeOptions", {})["pattern"] = searched(rule.text)
        case "range":
            ends = {"minimum": rule.low, "maximum": rule.high}
            options = {key: written_bound(end, kind) for key, end in ends.items() if end is not None}
            if options.keys() & at.get("logicalTypeOptions", {}).keys():  # of two ranges the first is written
                return False
            at.setdefault("logicalTypeOptions", {}).update(options)
        case "reference":
            at.setdefault("relationships", []).append({"to": f"{rule.values[0]}.{rule.values[1]}"})
        case "relation" | "sql" if (condition := condition_of(rule)) is not None:
            query = f"SELECT COUNT(*) FROM {{object}} WHERE NOT ({condition})"
            whole.append(
                {"type": "sql", "query": query, "mustBe": 0, **({"name": rule.name} if rule.name else {}), **grave}
            )
        case "rows":
            ends = {"mustBeGreaterOrEqualTo": rule.low, "mustBeLessOrEqualTo": rule.high}
            whole.append(
                {"metric": "rowCount", **{key: int(end) for key, end in ends.items() if end is not None}, **grave}
            )
        case "fresh":
            hours = (rule.high or 0) / 3600
            agreed.append({"property": "latency", "value": hours, "unit": "h", "element": f"rows.{rule.columns[0]}"})
        case _:
            return False
    return True


def _percent(share: float) -> dict[str, Any]:
    return {"mustBeLessOrEqualTo": round(100 * share, 9), "unit": "percent"}
