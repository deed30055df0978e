"""What is read from another tool's contract, and what all forms share: types, bounds, texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from artificer.core.records import Finding
from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.breaks import told
from artificer.line.audit.contract.learned import rules_of
from artificer.line.audit.contract.page import EPOCH
from artificer_runtime.schema import Column, Kind, Schema

TRUTH = ("false", "true")
TYPES: tuple[tuple[str, Kind], ...] = (
    (r"(?i)bool", "boolean"),
    (r"(?i)date|time", "time"),
    (r"(?i)int|float|double|numeric|decimal|real|number", "number"),
    (r"(?i)char|text|string|str\b|object|category", "text"),
)
ORDER = re.compile(r"\s*([^\W\d]\w*)\s*(<=|>=|<|>)\s*([^\W\d]\w*)\s*")
SQL = {"Eq": "=", "NotEq": "<>", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">="}
SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/"}


class Unreadable(Exception):  # noqa: N818 - told as a ContractError
    """A part that must be there, or be of another kind."""


@dataclass
class Gathered:
    """Rules read so far."""

    columns: dict[str, Column] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def typed(self, name: str, written: Any) -> None:
        """Note a column's type, where one is given that says its kind."""
        kind = next((kind for form, kind in TYPES if written and re.search(form, str(written))), None)
        if kind is None:
            return
        self.columns[name] = Column(name, kind, TRUTH if kind == "boolean" else ())
        self.rules.append(Rule("type", (name,), severity="blocker"))
        if kind == "boolean":
            self.rules.append(Rule("set", (name,), values=TRUTH, severity="blocker"))

    def skip(self, where: str, what: str) -> None:
        """Note what has no counterpart."""
        self.unread.append((where, what))

    def contract(self) -> Contract:
        """All as a contract."""
        return Contract(Schema(tuple(self.columns.values())), rules=_merged(self.rules))

    def findings(self) -> tuple[Finding, ...]:
        """What is not enforced."""
        return tuple(
            Finding(
                "contract:unread",
                "note",
                where,
                f"{what} of '{where}' is not enforced: it has no counterpart here",
                "write it as [[sql]] into a contract.toml",
            )
            for where, what in self.unread
        )


def _merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules without those that came twice; of a column that has a least and a greatest value apart, one range."""
    merged: dict[Rule, Rule] = {}
    for rule in rules:
        bare = replace(rule, low=None, high=None) if rule.kind == "range" else rule
        found = merged.get(bare)
        one = rule if found is None else _both(found, rule)
        merged[bare if one is not None else rule] = one or rule
    return tuple(merged.values())


def _both(one: Rule, other: Rule) -> Rule | None:
    """The bounds of both; None where nothing could keep them."""
    lows = [end for end in (one.low, other.low) if end is not None]
    highs = [end for end in (one.high, other.high) if end is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else replace(one, low=low, high=high)


def expressed(text: str, severity: str, name: str = "") -> Rule:
    """A condition in SQL that each row must keep: an order of two columns, or a query of the rows that break it."""
    if order := ORDER.fullmatch(text):
        return Rule("relation", (order[1], order[3]), text=text.strip(), severity=severity, name=name)  # type: ignore[arg-type]
    return Rule("sql", text=f"SELECT * FROM rows WHERE NOT ({text})", severity=severity, name=name)  # type: ignore[arg-type]


def condition_of(rule: Rule) -> str | None:
    """The condition in SQL that a relation, or a query that `expressed` made, demands."""
    if rule.kind == "relation":
        return _sql(ast.parse(rule.text, mode="eval").body)
    found = re.fullmatch(r"SELECT \* FROM rows WHERE NOT \((.*)\)", rule.text, re.S)
    return found[1] if found else None


def _sql(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(value)):
            return "'" + value.replace("'", "''") + "'"
        case ast.Constant(value=value):
            return repr(value).lower()
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"NOT ({_sql(operand)})"
        case ast.UnaryOp(operand=operand):
            return f"-({_sql(operand)})"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_sql(left)} {SIGNS[type(op).__name__]} {_sql(right)})"
        case ast.BoolOp(op=op, values=values):
            word = " AND " if isinstance(op, ast.And) else " OR "
            return "(" + word.join(_sql(value) for value in values) + ")"
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [left, *others]
            pairs = zip(ops, sides[:-1], sides[1:], strict=True)
            return " AND ".join(f"{_sql(a)} {SQL[type(op).__name__]} {_sql(b)}" for op, a, b in pairs)
    raise Unreadable(ast.unparse(node))


def bound(value: Any, where: str) -> float | None:
    """A number, or a moment in seconds since 1970."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().strip("'"))
        except ValueError as error:
            raise Unreadable(f"the bound {value!r} of '{where}' is neither a number nor a moment") from error
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def written_bound(value: float, kind: str) -> Any:
    """A bound as YAML holds it: a whole number without a point, a moment as a text."""
    if kind == "time":
        return (EPOCH + timedelta(microseconds=round(value * 1e6))).isoformat().replace("+00:00", "Z")
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def text_of(value: Any) -> str:
    """A level as text: YAML's true is "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def titled(rule: Rule) -> str:
    """What a rule that cannot be said is called."""
    if rule.name or (rule.text and rule.kind != "pattern"):
        return rule.name or rule.text
    return f"{rule.kind} of {', '.join((*rule.columns, *rule.values[:1])) or 'the delivery'}"


def allowance(rule: Rule) -> str:
    """What is lost of a rule that is written without the share that may break it."""
    return f"the allowance of {told(rule.allow)} of {titled(rule)}, which is strict there"


def names_of(contract: Contract) -> Iterable[str]:
    """All columns, in order."""
    typed = [column.name for column in contract.schema.columns]
    return dict.fromkeys([*typed, *(name for rule in rules_of(contract) for name in rule.columns)])
