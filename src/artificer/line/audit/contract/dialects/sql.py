"""Conditions in SQL that each row must keep, as dbt and ODCS write them, and relations and queries, as ours are."""

from __future__ import annotations

import ast
import re

from artificer.core.stages import Rule
from artificer.line.audit.contract.dialects.shapes import Unreadable
from artificer.line.audit.contract.relations import nameable

NAME = r'([^\W\d]\w*|"(?:[^"]|"")+")'
ORDER = re.compile(rf"\s*{NAME}\s*(<=|>=|<|>)\s*{NAME}\s*")
SIGNS_OF = {"Eq": "=", "NotEq": "<>", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">="}
SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/"}
# What PostgreSQL and DuckDB read as a name in double quotes alone. Others stay bare: some databases tell quoted names by case.
WORDS = """
all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate
collation column columns concurrently constraint create cross current_catalog current_date current_role current_schema
current_time current_timestamp current_user default deferrable desc describe distinct do else end except false fetch for
foreign freeze from full generated glob grant group having ilike in initially inner intersect into is isnull join lambda
lateral leading left like limit localtime localtimestamp map natural not notnull null offset on only or order outer overlaps
pivot pivot_longer pivot_wider placing positional primary qualify references returning right select semi session_user show
similar some struct summarize symmetric system_user table tablesample then to trailing true try_cast tuple union unique
unpack unpivot user using variadic verbose when where window with
"""
RESERVED = frozenset(WORDS.split())


def expressed(text: str, severity: str, name: str = "") -> Rule:
    """A condition in SQL that each row must keep: an order of two columns, or a query of the rows that break it."""
    if order := ORDER.fullmatch(text):
        one, other = (_bare(order[place]) for place in (1, 3))
        if nameable(one) and nameable(other):
            said = f"{one} {order[2]} {other}"
            return Rule("relation", (one, other), text=said, severity=severity, name=name)  # type: ignore[arg-type]
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
            return _quoted(name)
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
            return " AND ".join(f"{_sql(a)} {SIGNS_OF[type(op).__name__]} {_sql(b)}" for op, a, b in pairs)
    raise Unreadable(ast.unparse(node))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if name.lower() in RESERVED else name


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
