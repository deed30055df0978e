"""Expressions in a brief: columns, numbers, texts, arithmetic, comparisons, and, or, not; never evaluated as code.

``"housing == 'no' and balance > 1500"`` becomes a polars expression over a normalised table. A comparison with a
missing value is false.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import BriefError, closest

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISON: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_RESULT = "artificer:result"
LONGEST = 2000
DEEPEST = 100


def expression(text: str, columns: Collection[str], where: str) -> pl.Expr:
    """Parse an expression over `columns`.

    Raises
    ------
    BriefError
        When it is too long, cannot be parsed, names an unknown column, or holds anything but the above.
    """
    if len(text) > LONGEST:
        raise BriefError(f"[{where}] is longer than {LONGEST} characters; shorten it")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BriefError(
            f"[{where}] '{text}' cannot be read: write it like \"housing == 'no' and balance > 1500\""
        ) from error
    if _depth(tree) > DEEPEST:
        raise BriefError(f"[{where}] is nested deeper than {DEEPEST} levels; simplify it")
    return _Reader(columns, where)(tree)


def amounts(text: str, frame: pl.DataFrame, where: str) -> np.ndarray:
    """Work an expression out on normalised rows: float64 (n_rows,); true is 1, false, missing and not finite are 0.

    Raises
    ------
    BriefError
        As for `expression`, and when it mixes kinds or gives texts.
    """
    found = expression(text, frame.columns, where)
    try:
        values = frame.with_columns(found.cast(pl.Float64).alias(_RESULT))[_RESULT]
    except pl.exceptions.PolarsError as error:  # its own words may hold values of the rows
        raise BriefError(
            f"[{where}] '{text}' mixes kinds of values: it must give a number or a truth value, and compare numbers with "
            "numbers and texts with texts in quotes"
        ) from error
    numbers: np.ndarray = values.fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(numbers), numbers, 0.0)


def named(text: str) -> set[str]:
    """Names of the columns that a valid expression reads."""
    return {node.id for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Name)}


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


class _Reader:
    def __init__(self, columns: Collection[str], where: str) -> None:
        self.columns = columns
        self.where = where

    def __call__(self, node: ast.expr) -> pl.Expr:
        match node:
            case ast.Name(id=name):
                return self._column(name)
            case ast.Constant(value=bool(value)):
                return pl.lit("true" if value else "false")
            case ast.Constant(value=int() | float() | str() as value):
                return pl.lit(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                joined: pl.Expr = _ARITHMETIC[type(op)](self(left), self(right))
                return joined
            case ast.BoolOp(op=op, values=values):
                parts = [self(value) for value in values]
                return pl.all_horizontal(parts) if isinstance(op, ast.And) else pl.any_horizontal(parts)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISON for op in ops):
                sides = [self(side) for side in (left, *others)]
                tests = [_COMPARISON[type(op)](a, b) for op, a, b in zip(ops, sides[:-1], sides[1:], strict=True)]
                return pl.all_horizontal(tests).fill_null(False)
        raise BriefError(
            f"[{self.where}] holds '{ast.unparse(node)}', which an expression may not; it may hold columns, numbers, "
            "texts in quotes, + - * /, comparisons, and, or, not"
        )

    def _column(self, name: str) -> pl.Expr:
        if name not in self.columns:
            raise BriefError(
                f"[{self.where}] names the column '{name}', which the data lacks{closest(name, self.columns)}"
            )
        return pl.col(name)
