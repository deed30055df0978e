"""Raw columns as a graph reads them: what `artificer_runtime.schema` does with rows.

Categories and booleans come as strings, "" where missing, without blanks around them; numbers as doubles, NaN where
missing; moments as seconds since 1970 in UTC, since a graph has no operator that reads a date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artificer.line.ship.onnx.graph import Graph
from artificer_runtime.schema import FLOAT32_MAX, GROUPS, Column, Group, Schema
from artificer_runtime.values import MISSING, missing_numbers

TAKEN = {"numbers": "double", "codes": "string", "times": "double", "texts": "string"}
BLANK = r"[\s\v\pZ]*"


@dataclass(frozen=True, slots=True)
class Raw:
    """Raw columns of a group side by side, and flags.

    Attributes
    ----------
    groups : dict of group to str
        Matrices: double numbers and times, int64 codes, string texts; a group that no column is of is absent.
    flags : dict of str to str
        Bool [n] each, as `artificer_runtime.schema.Encoded` has them.
    """

    groups: dict[Group, str]
    flags: dict[str, str]


def read_columns(schema: Schema) -> list[Column]:
    """The columns that a model reads, in the order of the schema."""
    return [column for column in schema.columns if column.kind in GROUPS]


def raw(graph: Graph, schema: Schema) -> Raw:
    """Take in the columns of a schema."""
    of: dict[Group, list[Column]] = {"numbers": [], "codes": [], "times": [], "texts": []}
    for column in read_columns(schema):
        group = GROUPS[column.kind]
        graph.input(column.name, TAKEN[group])
        of[group].append(column)
    spellings = MISSING | {text.strip().lower() for text in schema.missing}
    groups: dict[Group, str] = {}
    flags: dict[str, list[str]] = {"unseen": [], "outside": [], "clipped": []}
    if of["numbers"]:
        groups["numbers"] = _numbers(graph, of["numbers"], missing_numbers(schema.missing), flags)
    if of["codes"]:
        groups["codes"] = graph.beside([_codes(graph, column, spellings) for column in of["codes"]])
        flags["unseen"].append(graph.any(graph.add("Less", groups["codes"], graph.constant(0, np.int64))))
    if of["times"]:
        groups["times"] = graph.beside([column.name for column in of["times"]])
        low = graph.constant([-np.inf if one.low is None else one.low for one in of["times"]])
        flags["outside"].append(graph.any(graph.add("Less", groups["times"], low)))
    if of["texts"]:
        groups["texts"] = graph.beside([_text(graph, column, spellings) for column in of["texts"]])
    first = read_columns(schema)[0].name
    return Raw(groups, {name: _either(graph, found, first) for name, found in flags.items()})


def _either(graph: Graph, found: Sequence[str], column: str) -> str:
    if not found:  # no column of the schema could raise the flag
        rows = graph.add("Squeeze", graph.add("Shape", column, start=0, end=1))
        return graph.add(
            "Expand", graph.constant(False, np.bool_), graph.add("Reshape", rows, graph.constant([1], np.int64))
        )
    return found[0] if len(found) == 1 else graph.add("Or", *found)


def _numbers(graph: Graph, columns: Sequence[Column], gaps: Sequence[float], flags: dict[str, list[str]]) -> str:
    numbers = graph.beside([column.name for column in columns])
    own = [[*gaps, *column.gaps] for column in columns]
    for at in range(max(map(len, own))):  # a column that has fewer is compared with NaN, which equals nothing
        gap = graph.constant([one[at] if at < len(one) else np.nan for one in own])
        numbers = graph.where(graph.add("Equal", numbers, gap), graph.constant(np.nan), numbers)
    low = graph.constant([-np.inf if column.low is None else column.low for column in columns])
    high = graph.constant([np.inf if column.high is None else column.high for column in columns])
    outside = graph.add("Or", graph.add("Less", numbers, low), graph.add("Greater", numbers, high))
    flags["outside"].append(graph.any(outside))
    flags["clipped"].append(graph.any(graph.add("Greater", graph.add("Abs", numbers), graph.constant(FLOAT32_MAX))))
    within = np.array([column.within or (-FLOAT32_MAX, FLOAT32_MAX) for column in columns])
    return graph.bounded(numbers, within[:, 0], within[:, 1])


def _missing(graph: Graph, column: Column, spellings: frozenset[str]) -> str:
    words = "|".join(re.escape(one) for one in sorted(spellings) if one)
    return graph.add("RegexFullMatch", column.name, pattern=f"(?i){BLANK}(?:{words})?{BLANK}")


def _codes(graph: Graph, column: Column, spellings: frozenset[str]) -> str:
    lookup = {level: 1 + index for index, level in enumerate(column.levels)}
    lookup |= {written: lookup[level] for written, level in column.spellings if level in lookup}
    if column.kind == "boolean":
        spelled = {"0": "false", "1": "true"} | {
            how(one): one for one in ("false", "true") for how in (str.upper, str.title)
        }
        lookup |= {text: lookup[level] for text, level in spelled.items() if level in lookup and text not in lookup}
    known = {level: code for level, code in lookup.items() if level.lower() not in spellings} or {"": 0}
    codes = graph.encoded(column.name, list(known), list(known.values()), -1)
    return graph.where(_missing(graph, column, spellings), graph.constant(0, np.int64), codes)


def _text(graph: Graph, column: Column, spellings: frozenset[str]) -> str:
    return graph.where(_missing(graph, column, spellings), graph.constant("", np.object_), column.name)
