"""Filling a table of an SQLite file, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import polars as pl

from artificer.core.errors import DataError
from artificer.core.store import sqlite_remedy
from artificer.data.fill import Filled, Filling, Place, fitted
from artificer.data.upsert import Upsert, quoted

WAIT_S = 60.0


def fill_sqlite(filling: Filling, place: Place) -> Filled:
    """Fill a table of an SQLite file; both are made when absent, and two at once wait for each other.

    Raises
    ------
    DataError
        As for `artificer.data.fill.fill`.
    """
    assert place.file is not None
    with _told(place), closing(sqlite3.connect(place.file, timeout=WAIT_S, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        filled = _fill(connection, filling, place)
        connection.execute("commit")
    return filled


def _fill(connection: sqlite3.Connection, filling: Filling, place: Place) -> Filled:
    upsert = Upsert(quoted(place.table), filling, "is not")
    declared = {name: _declared(kind) for name, kind in filling.frame.schema.items()}
    connection.execute(upsert.table(declared))
    shape, keyed = _shape(connection, place.table)
    for name in filling.lacking(shape):
        connection.execute(upsert.column(name, declared))
        shape, keyed = _shape(connection, place.table)
    frame = fitted(filling, shape, place.shown)
    if keyed != set(filling.key):
        raise DataError(upsert.not_keyed(place.shown))
    connection.execute(upsert.incoming(declared))
    marks = ", ".join("?" * frame.width)
    connection.executemany(f"insert into {upsert.rows} values ({marks})", frame.iter_rows())
    n_new, n_changed = connection.execute(upsert.counts).fetchone()
    n_beside = connection.execute(upsert.beside).fetchone()[0] if filling.group else 0
    connection.execute(upsert.replacing)
    return Filled(n_new, n_changed, frame.height - n_new - n_changed, n_beside)


def _declared(kind: pl.DataType) -> str:
    """SQLite knows numbers and texts: a moment or a truth value is written as it is spelled."""
    if kind.is_integer():
        return "integer"
    return "real" if kind.is_numeric() else "text"


def _shape(connection: sqlite3.Connection, table: str) -> tuple[dict[str, pl.DataType], set[str]]:
    """The table's columns, and those of its primary key."""
    shape: dict[str, pl.DataType] = {}
    keyed = set()
    for _, name, declared, _, _, in_key in connection.execute(f"pragma table_info({quoted(table)})"):
        kind = declared.lower()
        if "int" in kind:
            shape[name] = pl.Int64()
        elif any(part in kind for part in ("real", "floa", "doub", "num", "dec")):
            shape[name] = pl.Float64()
        else:
            shape[name] = pl.String()
        if in_key:
            keyed.add(name)
    return shape, keyed


@contextmanager
def _told(place: Place) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        remedy = sqlite_remedy(error) or "see that the file is an SQLite database that may be written"
        raise DataError(
            f"the table '{place.shown}' cannot be filled: {error}; {remedy.replace('with --workspace', 'to write to')}"
        ) from error
