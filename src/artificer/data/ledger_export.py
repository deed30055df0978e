"""A ledger as plain tables, in files that any tool reads: all of one moment, and a manifest that says what they hold."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import sqlalchemy as sa

from artificer.core.database import Database
from artificer.core.errors import WorkspaceError
from artificer.core.store import flush, told
from artificer.data.table import csv_bytes

FORMATS = ("parquet", "csv", "jsonl")
MANIFEST = "manifest.json"
_PIECE = 50_000


@dataclass(frozen=True, slots=True)
class Exported:
    """One table in its file."""

    table: str
    file: str
    n_rows: int
    columns: tuple[str, ...]
    sha256: str


def export(database: Database, folder: Path, kind: str = "parquet") -> tuple[Exported, ...]:
    """Write all tables into a folder, which is there whole or not at all.

    Parameters
    ----------
    folder : Path
        Made; one that is there must be empty.
    kind : str
        "parquet", "csv" (no text of which starts a formula) or "jsonl".

    Raises
    ------
    WorkspaceError
        When the folder holds something, or cannot be written; when the ledger cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"'{folder}' holds something already; name another folder with --out")
    staging = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    with told(folder):
        staging.mkdir(parents=True)
        try:
            with database.still() as connection:
                done = tuple(_table(connection, name, staging, kind) for name in database.columns())
            manifest = {
                "ledger": database.shown,
                "version": database.version,
                "exported": datetime.now(UTC).isoformat(timespec="seconds"),
                "tables": [asdict(one) for one in done],
            }
            (staging / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
            flush(staging)
            if folder.exists():
                folder.rmdir()
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return done


def _table(connection: sa.Connection, name: str, folder: Path, kind: str) -> Exported:
    columns = sa.inspect(connection).get_columns(name)
    schema = {str(column["name"]): _kind(column["type"]) for column in columns}
    found = connection.execution_options(stream_results=True).execute(
        sa.text(f"select {', '.join(schema)} from {name}")
    )
    path, n_rows = folder / f"{name}.{kind}", 0
    with path.open("wb") as file:
        write = _writer(file, schema, kind)
        while rows := found.fetchmany(_PIECE):
            frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
            write(frame, False)
            n_rows += frame.height
        write(pl.DataFrame(schema=schema), True)
    return Exported(name, path.name, n_rows, tuple(schema), hashlib.sha256(path.read_bytes()).hexdigest())


def _kind(declared: Any) -> pl.DataType:
    if isinstance(declared, sa.types.Integer):
        return pl.Int64()
    return pl.Float64() if isinstance(declared, sa.types.Numeric | sa.types.Float) else pl.String()


def _writer(file: BinaryIO, schema: dict[str, pl.DataType], kind: str) -> Callable[[pl.DataFrame, bool], None]:
    """What takes a piece of the table, and at last an empty one."""
    if kind == "parquet":
        import pyarrow.parquet as pq

        empty = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = pq.ParquetWriter(file, empty.schema)

        def parquet(frame: pl.DataFrame, last: bool) -> None:
            if frame.height:
                writer.write_table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(empty.schema))
            if last:
                writer.close()

        return parquet
    if kind == "csv":
        file.write(csv_bytes(pl.DataFrame(schema=schema)))
        return lambda frame, last: _without_head(file, frame)
    return lambda frame, last: frame.write_ndjson(file) if frame.height else None


def _without_head(file: BinaryIO, frame: pl.DataFrame) -> None:
    file.write(csv_bytes(frame, header=False))
