"""Filling a table that is a file: read, merged, written beside it and put in its place at once."""

from __future__ import annotations

import csv
import io
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
from filelock import FileLock
from pyarrow import parquet

from artificer.core.errors import DataError, reason
from artificer.core.figures import counted
from artificer.core.store import REMEDIES
from artificer.data.arrow import unheld
from artificer.data.fill import Filled, Filling, Place, fitted
from artificer.data.keys import key_texts
from artificer.data.table import csv_bytes, unquoted

PLACE = "artificer:place"
MANY, FEW = 100_000, 1_000  # texts of which there are fewer repeat
ROWS_AT_ONCE = 1_000_000
CSV, LINES, ARROW = (".csv",), (".jsonl", ".ndjson"), (".arrow", ".feather", ".ipc")


def fill_file(filling: Filling, place: Place) -> Filled:
    """Fill a file's table; two at once wait for each other.

    Raises
    ------
    DataError
        As for `artificer.data.fill.fill`.
    """
    path = place.file
    assert path is not None
    filling = _plain(filling, path.suffix.lower())
    with _told(path), FileLock(path.with_name(f".{path.name}.lock")):
        held = _read(path, filling) if path.exists() else None
        if held is None:
            _write(path, filling.frame, filling.key)
            return Filled(filling.frame.height, 0, 0)
        lacking = filling.lacking(held.columns)
        held = held.with_columns(pl.lit(None, filling.frame.schema[name]).alias(name) for name in lacking)
        frame = fitted(filling, dict(held.schema), path.name)
        merged, filled = merge(held.select(frame.columns), filling, frame)
        if filled.n_new or filled.n_changed or lacking:
            _write(path, merged, filling.key)
        return filled


def merge(held: pl.DataFrame, filling: Filling, frame: pl.DataFrame) -> tuple[pl.DataFrame, Filled]:
    """Rows of a table with those of a filling in their place, and new ones after them.

    Parameters
    ----------
    held : DataFrame
        The table; each key once.
    frame : DataFrame
        The filling's rows in the table's types.
    """
    held = held.with_row_index(PLACE).with_columns(pl.col(PLACE).cast(pl.Int64))
    before = held.rename({name: f"{PLACE}:{name}" for name in held.columns if name not in (*filling.key, PLACE)})
    both = frame.join(before, on=list(filling.key), how="left", maintain_order="left")
    alike = [pl.col(name).eq_missing(pl.col(f"{PLACE}:{name}")) for name in filling.compared]
    known = pl.col(PLACE).is_not_null()
    both = both.with_columns(alike=known & pl.all_horizontal(alike), known=known)
    stamp = pl.when("alike").then(pl.col(f"{PLACE}:{filling.stamp}")).otherwise(pl.col(filling.stamp))
    place = pl.when("known").then(pl.col(PLACE)).otherwise(pl.int_range(pl.len()) + held.height)
    rows = both.with_columns(stamp.alias(filling.stamp), place.cast(pl.Int64).alias(PLACE)).select(held.columns)
    rest = held.join(rows.select(PLACE), on=PLACE, how="anti")
    merged = pl.concat([rest, rows]).sort(PLACE).drop(PLACE)
    n_known, n_same = int(both["known"].sum()), int(both["alike"].sum())
    n_beside = (
        int(rest[filling.group].is_in(frame[filling.group].drop_nulls().unique().implode()).sum())
        if filling.group
        else 0
    )
    return merged, Filled(frame.height - n_known, n_known - n_same, n_same, n_beside)


def _plain(filling: Filling, suffix: str) -> Filling:
    """Keys as a file of text holds them: what reads them back cannot tell 7 from "7", or a date from its text."""
    if suffix not in (*CSV, *LINES):
        return filling
    texts = [
        key_texts(filling.frame, (name,), ()).alias(name)
        for name in filling.key
        if suffix in CSV or filling.frame.schema[name].is_temporal()
    ]
    return replace(filling, frame=filling.frame.with_columns(texts))


def _read(path: Path, filling: Filling) -> pl.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix in CSV:
            held = unquoted(_read_csv(path.read_bytes()))
        elif suffix in LINES:
            held = pl.read_ndjson(path.read_bytes(), infer_schema_length=None)
        elif suffix in ARROW:
            held = _read_arrow(path)
        else:
            held = _read_parquet(path, filling.key)
    except (pl.exceptions.PolarsError, pa.ArrowException, ValueError, csv.Error) as error:
        raise DataError(f"'{path.name}' is no table that can be filled: {reason(error)}; {_ANOTHER}") from error
    held = _typed(held, filling, path.name)
    if all(name in held.columns for name in filling.key):
        n_doubles = held.height - held.select(filling.key).n_unique()
        if n_doubles:
            raise DataError(
                f"'{path.name}' holds {counted(n_doubles, 'row')} whose key another of its rows has; remove them, or {_ANOTHER}"
            )
    return held


def _read_arrow(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        odd = unheld(pa.ipc.open_file(file).schema)
    if odd:
        raise ValueError(f"its column '{odd}' is of a type that would not come back as it is")
    return pl.read_ipc(path.read_bytes())


def _read_parquet(path: Path, key: Sequence[str]) -> pl.DataFrame:
    """Column by column: texts that repeat, as decisions do, then take 4 bytes a row and not 16."""
    whole = io.BytesIO(path.read_bytes())
    columns = []
    for name in pl.read_parquet_schema(whole):
        whole.seek(0)
        column = pl.read_parquet(whole, columns=[name])[name]
        columns.append(column if name in key else _narrow(column))
    return pl.DataFrame(columns)


def _narrow(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column
    return column.cast(pl.Categorical) if column.head(MANY).n_unique() < FEW else column


def _read_csv(data: bytes) -> pl.DataFrame:
    # polars leaves the doubled quotes of a name in the header doubled.
    names = next(csv.reader(io.StringIO(data.decode("utf-8-sig"))), [])
    return pl.read_csv(data, infer_schema=False, new_columns=names)


def _typed(held: pl.DataFrame, filling: Filling, name: str) -> pl.DataFrame:
    """What was read from text, in the types of the filling's columns beside the key."""
    wanted = filling.frame.schema
    for column in held.columns:
        textual = held.schema[column] in (pl.String, pl.Null, pl.Categorical)
        if column not in wanted or not textual or wanted[column] == held.schema[column]:
            continue
        if {wanted[column], held.schema[column]} == {pl.String, pl.Categorical}:
            continue
        if column in filling.key and held.schema[column] == pl.String:
            continue
        try:
            held = held.with_columns(pl.col(column).cast(wanted[column]))
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"the table '{name}' is of another shape: its column '{column}' holds texts, not "
                f"{wanted[column]}; {_ANOTHER}"
            ) from error
    return held


def _write(path: Path, frame: pl.DataFrame, key: Sequence[str]) -> None:
    suffix = path.suffix.lower()
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("wb") as file:
            if suffix in CSV:
                frame = frame.with_columns(_numbers(frame[name]) for name in key)
                for number, piece in enumerate(_pieces(frame)):
                    file.write(csv_bytes(piece, header=number == 0))
            elif suffix in LINES:
                for piece in _pieces(frame):
                    file.write(piece.write_ndjson().encode())
            elif suffix in ARROW:
                # Held before it is written: polars' own writing to a full disk ends in no error that can be told.
                whole = io.BytesIO()
                _texts(frame).write_ipc(whole)
                file.write(whole.getbuffer())
            else:
                _write_parquet(frame, file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_parquet(frame: pl.DataFrame, file: BinaryIO) -> None:
    with parquet.ParquetWriter(file, _texts(frame.head(0)).to_arrow().schema, compression="zstd") as writer:
        for piece in _pieces(frame):
            writer.write_table(piece.to_arrow())


def _pieces(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A frame in pieces, at least one: a whole table as bytes is several times as large as its columns."""
    for start in range(0, max(frame.height, 1), ROWS_AT_ONCE):
        yield _texts(frame[start : start + ROWS_AT_ONCE])


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _numbers(texts: pl.Series) -> pl.Series:
    """Whole numbers where all are: -5 as a text would be taken for a formula, and quoted."""
    numbers = texts.cast(pl.Int64, strict=False)
    return numbers if (numbers.cast(pl.String) == texts).all(ignore_nulls=False) else texts


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "see what stands there").replace("with --workspace", "to write to")
        raise DataError(f"'{path}' cannot be written ({error.strerror or error}); {remedy}") from error


_ANOTHER = "name another table to write to, or remove this one"
