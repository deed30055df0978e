"""How schemathesis writes and reads what is no JSON document: rows a line, and tables as Arrow streams and Parquet files.

Imported by the test, and named to schemathesis' command as its hooks by `bench/fuzzing.py`.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import schemathesis
from pyarrow import parquet
from schemathesis.transport.serialization import Binary

VALUES: tuple[Callable[[random.Random, int], pa.Array], ...] = (
    lambda draw, n: pa.array([draw.choice((0.5, -1e300, float("nan"), float("inf"), None)) for _ in range(n)]),
    lambda draw, n: pa.array([draw.randrange(-(2**63), 2**63) for _ in range(n)]),
    lambda draw, n: pa.array(
        [draw.choice(("a", "", "2026-01-31", "\0", "é" * 9, None)) for _ in range(n)], pa.string()
    ),
    lambda draw, n: pa.array([draw.choice((True, False, None)) for _ in range(n)]),
    lambda draw, n: pa.array([draw.randrange(2**40) for _ in range(n)], pa.timestamp("us", "UTC")),
    lambda draw, n: pa.array([draw.choice("ab") for _ in range(n)]).dictionary_encode(),
    lambda draw, n: pa.array([[1.0]] * n),
    lambda draw, n: pa.array([{"a": 1}] * n),
    lambda draw, n: pa.array([b"\xff"] * n),
    lambda draw, n: pa.nulls(n),
)


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """A line for each of a list, else one."""
    rows = value if isinstance(value, list) else [value]
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row, default=str).encode() for row in rows)


@schemathesis.deserializer("application/x-ndjson")
def last_line(context: Any, response: Any) -> Any:
    """The last line, since the document describes one."""
    told = response.content.splitlines()
    return json.loads(told[-1]) if told else {"row": 0}


@schemathesis.serializer("application/vnd.apache.arrow.stream")
def arrow(context: Any, value: Any) -> bytes:
    """A table, or what is none."""

    def write(table: pa.Table, sink: io.BytesIO) -> None:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)

    return _table(context, value, write)


@schemathesis.serializer("application/vnd.apache.parquet")
def file(context: Any, value: Any) -> bytes:
    """A table, or what is none."""
    return _table(context, value, parquet.write_table)


def _table(context: Any, value: Any, write: Callable[[pa.Table, io.BytesIO], None]) -> bytes:
    """A table of the model's columns, mostly; the value that was drawn is the seed of everything in it."""
    drawn = value.data if isinstance(value, Binary) else repr(value).encode(errors="replace")
    draw = random.Random(drawn)
    if draw.random() < 0.2:
        return bytes(drawn)
    rows = context.case.operation.schema.raw_schema["paths"]["/predict"]["post"]["requestBody"]["content"]
    names = list(rows["application/json"]["schema"]["anyOf"][0]["properties"])
    names = names[draw.random() < 0.1 :] + names[: draw.random() < 0.1]
    n_rows = draw.choice((0, 1, 2, 100))
    fitting = draw.random() < 0.5  # else columns of any kind: few such tables are answered
    columns = [draw.choice(VALUES[:3] if fitting else VALUES)(draw, n_rows) for _ in names]
    sink = io.BytesIO()
    write(pa.Table.from_arrays(columns, names), sink)
    content = sink.getvalue()
    return content[: draw.randrange(len(content))] if draw.random() < 0.1 else content
