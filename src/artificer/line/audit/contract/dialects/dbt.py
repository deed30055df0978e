"""dbt's schema.yml: not_null, unique, accepted_values, relationships, and tests of dbt_utils and dbt_expectations."""

from __future__ import annotations

import re
from typing import Any

from artificer.core.records import Severity
from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.dialects.gathered import (
    Gathered,
    allowance,
    bound,
    is_written,
    levels_of,
    names_of,
    titled,
    written_bound,
)
from artificer.line.audit.contract.dialects.regexes import searched, whole
from artificer.line.audit.contract.dialects.shapes import VALUE, Unreadable, reading
from artificer.line.audit.contract.dialects.sql import condition_of, expressed
from artificer.line.audit.contract.learned import rules_of
from artificer_runtime.values import canonical_text

TYPES = {"number": "double", "time": "timestamp", "boolean": "boolean"}
SEVERITY: dict[str, Severity] = {"warn": "warning", "error": "blocker"}
CONFIG = ("severity", "where", "enabled", "error_if", "warn_if")
CONDITIONS = ("row_condition", "group_by", "group_by_columns")
STRICT = ("strictly", "strict_min", "strict_max")
_UNIQUE = {"combination_of_columns": [VALUE]}
_TESTS = (VALUE, [(VALUE, {"config": {}, "*": (VALUE, {"config": {}, "arguments": _UNIQUE, **_UNIQUE})})])
_CONSTRAINTS = [{"type!": VALUE, "columns": [VALUE], "to_columns": [VALUE]}]
_COLUMN = {"name!": VALUE, "constraints": _CONSTRAINTS, "tests": _TESTS, "data_tests": _TESTS}
_MODEL = {"columns": [_COLUMN], "constraints": _CONSTRAINTS, "tests": _TESTS, "data_tests": _TESTS}
SHAPE = {"models": [_MODEL], "sources": [{"tables": [_MODEL]}]}


def read(written: dict[str, Any]) -> Gathered:
    """Read the one model, or the one table of a source."""
    models = [*(written.get("models") or ())]
    models += [table for source in written.get("sources") or () for table in source.get("tables") or ()]
    if len(models) != 1:
        raise Unreadable(f"it has {len(models)} models; leave the one that the data are of")
    (model,) = models
    found = Gathered()
    for column in model.get("columns") or ():
        found.rules.append(Rule("present", (column["name"],)))
        found.typed(column["name"], column.get("data_type"))
        for constraint in column.get("constraints") or ():
            with reading(f"a constraint of '{column['name']}'"):
                _constraint(found, constraint, (column["name"],))
        for test in _tests(column):
            with reading(f"the test {_called(test)} of '{column['name']}'"):
                _test(found, test, column["name"])
    for constraint in model.get("constraints") or ():
        with reading("a constraint of the model"):
            _constraint(found, constraint, tuple(constraint.get("columns") or ()))
    for test in _tests(model):
        with reading(f"the test {_called(test)} of the model"):
            _test(found, test, "")
    return found


def _tests(part: dict[str, Any]) -> list[Any]:
    named = (part.get(key) or () for key in ("data_tests", "tests"))
    return [test for given in named for test in (given if isinstance(given, list | tuple) else [given])]


def _called(test: Any) -> str:
    return str(next(iter(test), "")) if isinstance(test, dict) else str(test)


def _constraint(found: Gathered, given: dict[str, Any], at: tuple[str, ...]) -> None:
    """What the model's contract has the database demand."""
    kind, where = str(given.get("type")), ", ".join(at) or "rows"
    if kind in ("not_null", "primary_key"):
        found.rules += [Rule("missing", (name,), high=0.0, severity="blocker") for name in at]
    if kind in ("unique", "primary_key") and at:
        found.rules.append(Rule("unique", at, severity="blocker"))
    elif kind == "check" and given.get("expression"):
        found.rules.append(expressed(str(given["expression"]), "blocker", str(given.get("name") or "")))
    elif kind == "foreign_key" and len(at) == 1 and given.get("to") and len(given.get("to_columns") or ()) == 1:
        values = (_table(given["to"]), str(given["to_columns"][0]))
        found.rules.append(Rule("reference", at, values=values, severity="blocker"))
    elif kind != "not_null":
        found.skip(where, f"the constraint {kind}")


def _table(to: Any) -> str:
    """The table that ref('a') or source('s', 'a') names."""
    named: list[str] = re.findall(r"['\"]([^'\"]+)['\"]", str(to))
    return named[-1] if named else str(to)


def _test(found: Gathered, test: Any, column: str) -> None:
    ((kind, given),) = test.items() if isinstance(test, dict) and len(test) == 1 else ((test, {}),)
    if isinstance(kind, dict):  # test_name: …, beside its arguments
        given = {key: value for key, value in kind.items() if key not in ("test_name", "name")}
        kind = kind.get("test_name") or kind.get("name")
    given = dict(given or {})
    config = {
        **(given.pop("config", None) or {}),
        **{key: given.pop(key) for key in CONFIG if key in given},
    }
    given |= given.pop("arguments", None) or {}
    at = (column,) if column else ()
    severity = _severity(found, str(kind), config, given, column or "rows")
    if severity is None:
        return
    match str(kind).rpartition(".")[2]:
        case "not_null":
            rule = Rule("missing", at, high=0.0, severity=severity)
        case "not_null_proportion":
            rule = Rule("missing", at, high=1 - float(given.get("at_least", 1)), severity=severity)
        case "unique":
            rule = Rule("unique", at, severity=severity)
        case "unique_combination_of_columns":
            rule = Rule("unique", tuple(given["combination_of_columns"]), severity=severity)
        case "accepted_values" | "expect_column_values_to_be_in_set":
            values = given.get("values") or given["value_set"]
            rule = Rule("set", at, values=tuple(map(canonical_text, values)), severity=severity)
        case "relationships":
            rule = Rule("reference", at, values=(_table(given["to"]), str(given["field"])), severity=severity)
        case "accepted_range" | "expect_column_values_to_be_between" if _holds_ends(given):
            low, high = (bound(given.get(key), column) for key in ("min_value", "max_value"))
            rule = Rule("range", at, low, high, severity=severity)
        case "expression_is_true":
            text = f'"{column}" {given["expression"]}' if column else str(given["expression"])
            rule = expressed(text, severity)
        case "expect_column_values_to_match_regex" if not given.get("flags"):
            rule = Rule("pattern", at, text=whole(str(given["regex"])), severity=severity)
        case "expect_table_row_count_to_be_between":
            low, high = (bound(given.get(key), "rows") for key in ("min_value", "max_value"))
            rule = Rule("rows", (), low, high, severity=severity)
        case _:
            found.skip(column or "rows", f"the test {kind}")
            return
    found.rules.append(rule)


def _severity(found: Gathered, kind: str, config: dict[str, Any], given: dict[str, Any], where: str) -> Severity | None:
    """How grave it is where a test fails; None where it is not run on all rows."""
    if config.get("enabled") is False:
        return None
    if config.get("where") or any(given.get(key) for key in CONDITIONS):
        found.skip(where, f"the test {kind} with a condition")
        return None
    for key in ("error_if", "warn_if"):
        if key in config:
            found.skip(where, f"{key} '{config[key]}' of the test {kind}")
    return SEVERITY.get(str(config.get("severity", "error")).lower(), "blocker")


def _holds_ends(given: dict[str, Any]) -> bool:
    """Whether a value may be an end of the range."""
    return bool(given.get("inclusive", True)) and not any(given.get(key) for key in STRICT)


def write(contract: Contract) -> tuple[dict[str, Any], list[str]]:
    """Write one model named rows."""
    kinds = {column.name: column.kind for column in contract.schema.columns}
    columns: dict[str, dict[str, Any]] = {name: {"name": name} for name in names_of(contract)}
    for name, kind in kinds.items():
        columns[name]["data_type"] = TYPES.get(kind, "varchar")
    of_model: list[Any] = []
    unsaid: list[str] = []
    for rule in rules_of(contract):
        if rule.kind in ("present", "type"):
            continue
        said = _said(rule, kinds.get(rule.columns[0], "") if rule.columns else "")
        if said is None:
            unsaid.append(titled(rule))
            continue
        if rule.allow and rule.kind != "missing":  # a test may tolerate a number of rows, and no share
            unsaid.append(allowance(rule))
        name, given = said
        if rule.severity != "blocker":
            given["config"] = {"severity": "warn"}
        test = {name: given} if given else name
        alone = rule.kind not in ("relation", "sql") and len(rule.columns) == 1
        (columns[rule.columns[0]].setdefault("data_tests", []) if alone else of_model).append(test)
    model: dict[str, Any] = {"name": "rows"} | ({"data_tests": of_model} if of_model else {})
    return {"version": 2, "models": [model | {"columns": list(columns.values())}]}, unsaid


def _said(rule: Rule, kind: str) -> tuple[str, dict[str, Any]] | None:
    if not is_written(rule, kind):
        return None
    ends = {"min_value": rule.low, "max_value": rule.high}
    given = {key: written_bound(end, kind) for key, end in ends.items() if end is not None}
    match rule.kind:
        case "missing":
            most = rule.high or rule.allow
            return ("dbt_utils.not_null_proportion", {"at_least": 1 - most}) if most else ("not_null", {})
        case "unique" if len(rule.columns) == 1:
            return "unique", {}
        case "unique":
            return "dbt_utils.unique_combination_of_columns", {"combination_of_columns": list(rule.columns)}
        case "set":
            values = levels_of(rule, kind)
            plain = {} if any(isinstance(value, str) for value in values) else {"quote": False}
            return "accepted_values", {"values": values, **plain}
        case "reference":
            return "relationships", {"to": f"ref('{rule.values[0]}')", "field": rule.values[1]}
        case "range":
            quoted = {
                key: f"'{str(end).replace('T', ' ').removesuffix('Z')}'" if kind == "time" else end
                for key, end in given.items()
            }
            return "dbt_utils.accepted_range", quoted
        case "relation" | "sql" if (condition := condition_of(rule)) is not None:
            return "dbt_utils.expression_is_true", {"expression": condition}
        case "pattern":
            return "dbt_expectations.expect_column_values_to_match_regex", {"regex": searched(rule.text)}
        case "rows":
            return "dbt_expectations.expect_table_row_count_to_be_between", given
    return None
