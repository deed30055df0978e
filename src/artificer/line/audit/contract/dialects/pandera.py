"""pandera's schema of a frame, as its `to_yaml` writes and `from_yaml` reads it, in the old form and the flat one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.dialects.gathered import (
    Gathered,
    allowance,
    bound,
    is_written,
    levels_of,
    names_of,
    never_missing,
    severities,
    titled,
    written_bound,
)
from artificer.line.audit.contract.dialects.regexes import anchored, matched
from artificer.line.audit.contract.dialects.shapes import VALUE, reading
from artificer.line.audit.contract.dialects.sql import expressed
from artificer.line.audit.contract.learned import rules_of
from artificer_runtime.values import canonical_text

TYPES = {"number": "float64", "time": "datetime64[ns, UTC]", "boolean": "bool"}
OWN = (
    "title",
    "description",
    "dtype",
    "nullable",
    "unique",
    "coerce",
    "required",
    "regex",
    "checks",
    "name",
    "metadata",
)
ENDS = ("greater_than_or_equal_to", "less_than_or_equal_to")
PLAIN = ("missing", "unique")  # what has no severity there
_COLUMN: dict[str, Any] = {"checks": ([{"options!": {"check_name!": VALUE}}], {"*": (VALUE, [VALUE], {"options": {}})})}
SHAPE = {"columns": ([{"name!": VALUE, **_COLUMN}], {"*": _COLUMN}), "unique": (VALUE, [VALUE])}


def read(written: dict[str, Any]) -> Gathered:
    """Read columns, their checks, and unique columns."""
    found = Gathered()
    columns = written["columns"] or {}
    named = ((one["name"], one) for one in columns) if isinstance(columns, list) else columns.items()
    for name, one in named:
        with reading(f"the column '{name}'"):
            _column(found, str(name), one or {})
    unique = written.get("unique") or ()
    if unique:
        found.rules.append(Rule("unique", (unique,) if isinstance(unique, str) else tuple(unique), severity="blocker"))
    for check in written.get("checks") or ():
        found.skip("rows", f"the check {check if isinstance(check, str) else 'of the frame'}")
    return found


def _column(found: Gathered, name: str, one: dict[str, Any]) -> None:
    at = (name,)
    if one.get("regex"):
        found.skip(name, "the pattern of names")
        return
    if one.get("required", True):
        found.rules.append(Rule("present", at))
    found.typed(name, one.get("dtype"))
    if not one.get("nullable", False):
        found.rules.append(Rule("missing", at, high=0.0, severity="blocker"))
    if one.get("unique"):
        found.rules.append(Rule("unique", at, severity="blocker"))
    checks = one.get("checks") or {}
    listed = (
        [(check["options"]["check_name"], check) for check in checks] if isinstance(checks, list) else checks.items()
    )
    flat = [(key, value) for key, value in one.items() if key not in OWN]
    for kind, given in [*listed, *flat]:
        with reading(f"the check {kind} of '{name}'"):
            _check(found, name, str(kind), given)


def _check(found: Gathered, name: str, kind: str, given: Any) -> None:
    at, options = (name,), given.get("options") or {} if isinstance(given, dict) else {}
    severity: Any = "warning" if options.get("raise_warning") else "blocker"
    plain = given
    if isinstance(given, dict):
        plain = next(
            (given[key] for key in ("value", "allowed_values", "pattern", "min_value", "max_value") if key in given),
            None,
        )
    match kind:
        case "isin":
            rule = Rule("set", at, values=tuple(map(canonical_text, plain)), severity=severity)
        case "str_matches":
            rule = Rule("pattern", at, text=matched(str(plain)), severity=severity)
        case "greater_than_or_equal_to":
            rule = Rule("range", at, low=bound(plain, name), severity=severity)
        case "less_than_or_equal_to":
            rule = Rule("range", at, high=bound(plain, name), severity=severity)
        case "in_range" if given.get("include_min", True) and given.get("include_max", True):
            low, high = (bound(given.get(end), name) for end in ("min_value", "max_value"))
            rule = Rule("range", at, low, high, severity=severity)
        case "greater_than" | "less_than" if isinstance(plain, int | float):
            quoted = name.replace('"', '""')
            rule = expressed(f'"{quoted}" {">" if kind == "greater_than" else "<"} {plain}', severity)
        case _:
            found.skip(name, f"the check {kind}")
            return
    found.rules.append(rule)


def write(contract: Contract) -> tuple[dict[str, Any], list[str]]:
    """Write a schema of a pandas frame."""
    kinds = {column.name: column.kind for column in contract.schema.columns}
    rules = rules_of(contract)
    present = {rule.columns[0] for rule in rules if rule.kind == "present"}
    never = never_missing(contract)
    columns: dict[str, dict[str, Any]] = {}
    for name in names_of(contract):
        dtype = TYPES.get(kinds.get(name, ""), "str" if name in kinds else None)
        columns[name] = {
            "dtype": dtype,
            "nullable": name not in never,
            "required": name in present,
            "coerce": name in kinds,
            "checks": {},
        }
    unique: list[str] = []
    unsaid, blocking = list[str](), list[Rule]()
    for rule in rules:
        if rule.kind in ("present", "type"):
            continue
        if rule.kind == "missing" and not rule.high and rule.about is None:
            said = True  # as nullable above
        elif rule.kind == "unique" and len(rule.columns) > 1 and not unique:
            unique, said = list(rule.columns), True
        elif rule.kind == "unique" and len(rule.columns) == 1:
            columns[rule.columns[0]]["unique"] = said = True
        else:
            checks = _checks(rule, kinds.get(rule.columns[0], "") if rule.columns else "")
            said = bool(checks) and not checks.keys() & columns[rule.columns[0]]["checks"].keys()
            if said:
                columns[rule.columns[0]]["checks"] |= checks
        if not said:
            unsaid.append(titled(rule))
        elif rule.allow:
            unsaid.append(allowance(rule))
        if said and rule.kind in PLAIN and rule.severity != "blocker":
            blocking.append(rule)
    return {
        "schema_type": "dataframe",
        "columns": columns,
        **({"unique": unique} if unique else {}),
        "strict": False,
    }, [*unsaid, *severities(blocking)]


def _checks(rule: Rule, kind: str) -> dict[str, Any]:
    options = {"options": {"raise_warning": rule.severity != "blocker", "ignore_na": True}}
    if not is_written(rule, kind):
        return {}
    match rule.kind:
        case "set":
            return {"isin": {"value": levels_of(rule, kind), **options}}
        case "pattern":
            return {"str_matches": {"value": anchored(rule.text), **options}}
        case "range":
            if rule.low is not None and rule.high is not None:
                low, high = _end(rule.low, kind, math.floor), _end(rule.high, kind, math.ceil)
                return {"in_range": {"min_value": low, "max_value": high, **options}}
            ends = zip(ENDS, (rule.low, rule.high), strict=True)
            outward = {"greater_than_or_equal_to": math.floor, "less_than_or_equal_to": math.ceil}
            return {key: {"value": _end(end, kind, outward[key]), **options} for key, end in ends if end is not None}
    return {}


def _end(value: float, kind: str, outward: Callable[[float], int]) -> Any:
    """A bound; a moment in whole seconds, as pandera reads them."""
    if kind != "time":
        return written_bound(value, kind)
    return str(written_bound(outward(value), kind)).replace("T", " ").removesuffix("Z")
