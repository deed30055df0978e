"""Arrow tables as polars frames: what polars does not hold is made plain before, as on some types it panics."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import compute, parquet

from artificer.core.errors import DataError

STREAM = b"\xff\xff\xff\xff"
DIGITS = 38  # of the longest decimal that polars holds
PLAIN: tuple[Callable[[Any], bool], ...] = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_null,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_duration,
)
NESTED: tuple[Callable[[Any], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_struct,
    pa.types.is_map,
)


def read_arrow(data: bytes) -> pl.DataFrame:
    """Read the bytes of a Parquet or Arrow file, or of an Arrow stream.

    Raises
    ------
    DataError, PolarsError, ArrowException or OSError
        When two columns have one name; when the file is damaged.
    """
    with suppress(pa.ArrowNotImplementedError):  # integers of 128 bits, which polars alone reads
        table = _read_table(pa.py_buffer(data), data[:4])
        if table is not None:
            return from_arrow(table)
    read = {b"PAR1": pl.read_parquet, STREAM: pl.read_ipc_stream}.get(data[:4], pl.read_ipc)
    return read(io.BytesIO(data))


def _read_table(held: Any, start: bytes) -> Any:
    """The table, where polars does not hold its types; else None."""
    if start == b"PAR1":
        return parquet.read_table(held) if unheld(parquet.read_schema(held)) else None
    with (pa.ipc.open_stream if start == STREAM else pa.ipc.open_file)(held) as file:
        return file.read_all() if unheld(file.schema) else None


def from_arrow(table: Any) -> pl.DataFrame:
    """The rows of an Arrow table or batch.

    Raises
    ------
    DataError
        When two columns have one name.
    """
    refuse_twins(table.schema.names, "the frame")
    if unheld(table.schema):
        return pl.DataFrame([series_of(name, table[name]) for name in table.schema.names])
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def series_of(name: str, column: Any) -> pl.Series:
    """A column: numbers of more digits than polars holds as float64; of what is no single value, objects without any."""
    column = _plain(column)
    return pl.Series(name, column) if _is_held(column.type) else pl.Series(name, [None] * len(column), dtype=pl.Object)


def unheld(schema: Any) -> str:
    """The first column of an Arrow schema that polars does not hold as it is; "" where it holds all."""
    return next((field.name for field in schema if not _is_held(field.type)), "")


def refuse_twins(names: Sequence[str], where: str) -> None:
    """Refuse two columns of one name.

    Raises
    ------
    DataError
        When there are such.
    """
    twins = sorted({name for name in names if list(names).count(name) > 1})
    if twins:
        raise DataError(f"{where} has two columns named '{twins[0]}'; rename or drop one of them")


def _is_held(kind: Any) -> bool:
    """Whether polars holds a type as it is."""
    if isinstance(kind, pa.BaseExtensionType):
        return False
    if pa.types.is_dictionary(kind):
        return _is_held(kind.value_type)
    if pa.types.is_decimal(kind):
        return bool(kind.precision <= DIGITS and 0 <= kind.scale <= kind.precision and kind.bit_width <= 128)
    if pa.types.is_timestamp(kind):
        return _is_zone(kind.tz)
    if any(test(kind) for test in NESTED):
        return all(_is_held(kind.field(place).type) for place in range(kind.num_fields))
    return any(test(kind) for test in PLAIN)


def _plain(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.cast(kind.storage_type))
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return _plain(compute.run_end_decode(column))
    if pa.types.is_decimal(kind) and not _is_held(kind):
        return column.cast(pa.float64())
    if pa.types.is_timestamp(kind) and not _is_held(kind):
        return column.cast(pa.timestamp(kind.unit, "UTC"))  # the same moments: a zone only says how they are shown
    return column


def _is_zone(name: str | None) -> bool:
    try:
        pl.Series(dtype=pl.Datetime("us", name))
    except pl.exceptions.PolarsError:
        return False
    return True
