"""Rows of one key taken out of a table that was filled: all else stays as it stands."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from artificer.core.errors import DataError
from artificer.core.store import write_bytes
from artificer.data.fill import Place
from artificer.data.keys import key_texts
from artificer.data.row_key import key_of
from artificer.data.table import bare
from artificer.data.upsert import quoted

ROW = ("row",)  # the key's column in a table of rows without a key
WAIT_S = 60.0


def unfill(place: Place, columns: Sequence[str], key: str, *, remove: bool) -> int:
    """Count the rows of one key in a table and, if wanted, take them out.

    Parameters
    ----------
    columns : sequence of str
        The key's columns; none for a table of rows that are named by source and position.
    key : str
        As `artificer.data.keys` writes it.

    Returns
    -------
    int
        0 too where there is no such table.

    Raises
    ------
    DataError
        When the table cannot be read or written, or lacks a column of the key.
    """
    names = tuple(columns) or ROW
    if place.url:
        return _of_postgres(place, names, key, remove)
    assert place.file is not None
    if not place.file.exists():
        return 0
    if place.table:
        return _of_sqlite(place, names, key, remove)
    with FileLock(place.file.with_name(f".{place.file.name}.lock")):
        return _of_file(place.file, names, key, remove)


def _of_file(path: Path, names: Sequence[str], key: str, remove: bool) -> int:
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            n_rows, rest = _of_csv(path.read_text(encoding="utf-8-sig"), names, key)
        elif suffix in (".jsonl", ".ndjson"):
            n_rows, rest = _of_lines(path.read_bytes(), names, key)
        else:
            n_rows, rest = _of_columns(path, names, key)
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, csv.Error) as error:
        raise DataError(f"'{path}' is no table that holds the key {', '.join(names)}: {error}") from error
    if n_rows and remove:
        write_bytes(path, rest())
    return n_rows


def _of_csv(text: str, names: Sequence[str], key: str) -> tuple[int, Callable[[], bytes]]:
    (head, first), *rows = _records(text)
    places = [head.index(name) for name in names]
    kept = [raw for row, raw in rows if key_of([bare(row[place]) for place in places]) != key]
    return len(rows) - len(kept), lambda: "".join([first, *kept]).encode()


def _records(text: str) -> Iterator[tuple[list[str], str]]:
    """Rows of a CSV with the text that each was read from: written anew, "" and a missing value would be the same."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    for row in csv.reader(lines()):
        yield row, "".join(taken)
        taken.clear()


def _of_lines(data: bytes, names: Sequence[str], key: str) -> tuple[int, Callable[[], bytes]]:
    lines = [line for line in data.split(b"\n") if line.strip()]
    kept = [line for line in lines if _key_in(json.loads(line), names) != key]
    return len(lines) - len(kept), lambda: b"".join(line + b"\n" for line in kept)


def _key_in(row: dict[str, Any], names: Sequence[str]) -> str:
    return key_of([row[name] for name in names])


def _of_columns(path: Path, names: Sequence[str], key: str) -> tuple[int, Callable[[], bytes]]:
    parquet = path.suffix.lower() == ".parquet"
    frame = pl.read_parquet(path.read_bytes()) if parquet else pl.read_ipc(path.read_bytes())
    other = (key_texts(frame, names, ()) != key).fill_null(True)

    def rest() -> bytes:
        held, kept = io.BytesIO(), frame.filter(other)
        kept.write_parquet(held) if parquet else kept.write_ipc(held)
        return held.getvalue()

    return int((~other).sum()), rest


def _of_sqlite(place: Place, names: Sequence[str], key: str, remove: bool) -> int:
    assert place.file is not None
    try:
        with closing(sqlite3.connect(place.file, timeout=WAIT_S, isolation_level=None)) as connection:
            if not connection.execute("select 1 from sqlite_master where name = ?", (place.table,)).fetchone():
                return 0
            connection.execute("pragma secure_delete = on")
            connection.execute("begin immediate" if remove else "begin")
            found = _found(connection.execute(_select(quoted(place.table), names)), key)
            for values in found if remove else ():
                where = " and ".join(f"{quoted(name)} is ?" for name in names)
                connection.execute(f"delete from {quoted(place.table)} where {where}", values)
            connection.execute("commit")
            return len(found)
    except sqlite3.Error as error:
        raise DataError(f"the table '{place.shown}' cannot be used: {error}; see that it may be written") from error


def _of_postgres(place: Place, names: Sequence[str], key: str, remove: bool) -> int:
    from artificer.data.fill_postgres import connected

    table = ".".join(quoted(part) for part in place.table.rsplit(".", 1))
    with connected(place) as connection, connection.transaction():
        if connection.execute("select to_regclass(%s)", (table,)).fetchone() == (None,):
            return 0
        with connection.cursor(name="keys") as cursor:
            cursor.itersize = 50_000
            cursor.execute(_select(table, names))
            found = _found(cursor, key)
        for values in found if remove else ():
            where = " and ".join(f"{quoted(name)} is not distinct from %s" for name in names)
            connection.execute(f"delete from {table} where {where}", values)
        return len(found)


def _select(table: str, names: Sequence[str]) -> str:
    return f"select {', '.join(map(quoted, names))} from {table}"


def _found(rows: Iterable[tuple[Any, ...]], key: str) -> list[tuple[Any, ...]]:
    return [values for values in rows if key_of(values) == key]
