"""Filling a table of a PostgreSQL database, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import sqlalchemy as sa

from artificer.core.errors import DataError, reason
from artificer.data.fill import Filled, Filling, Place, fitted
from artificer.data.upsert import Upsert, quoted

CONNECT_S = 10
KINDS: dict[str, pl.DataType] = {
    **dict.fromkeys(("bigint", "integer", "smallint"), pl.Int64()),
    **dict.fromkeys(("double precision", "real", "numeric"), pl.Float64()),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp with time zone": pl.Datetime("us", "UTC"),
    "timestamp without time zone": pl.Datetime("us"),
}


def fill_postgres(filling: Filling, place: Place) -> Filled:
    """Fill a table of a PostgreSQL database; it is made when absent, and two at once wait for each other.

    Raises
    ------
    DataError
        As for `artificer.data.fill.fill`, and when psycopg is not installed.
    """
    with connected(place) as connection, connection.transaction(), connection.cursor() as cursor:
        return _fill(cursor, filling, place)


@contextmanager
def connected(place: Place) -> Iterator[Any]:
    """A connection to the database; what goes wrong is told without the password and without values of rows.

    Raises
    ------
    DataError
        When the server cannot be reached or refuses what is done.
    """
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise DataError("PostgreSQL needs psycopg: install Artificer with its extra 'postgres'") from error
    url = sa.make_url(place.url)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=CONNECT_S, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        said = error.diag.message_primary or reason(error)
        if url.password:
            said = said.replace(str(url.password), "***")
        raise DataError(
            f"the table '{place.shown}' cannot be filled: {said}; see that the server runs, that the URL is right, and "
            "that its user may write there"
        ) from None  # the driver's own error may hold the password


def _fill(cursor: Any, filling: Filling, place: Place) -> Filled:
    schema, _, table = place.table.rpartition(".")
    name = f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)
    upsert = Upsert(name, filling, "is distinct from")
    # Whoever fills the same table waits here: two that make it at once would stumble over each other.
    cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", (name,))
    declared = {column: _declared(kind) for column, kind in filling.frame.schema.items()}
    cursor.execute(upsert.table(declared))
    shape = _shape(cursor, name)
    for column in filling.lacking(shape):
        cursor.execute(upsert.column(column, declared))
        shape = _shape(cursor, name)
    frame = fitted(filling, {column: kind for column, (kind, _) in shape.items()}, place.shown)
    if _keyed(cursor, name) != set(filling.key):
        raise DataError(upsert.not_keyed(place.shown))
    cursor.execute(f"lock table {name} in share row exclusive mode")
    cursor.execute("set local client_min_messages = warning")
    cursor.execute(f"drop table if exists pg_temp.{upsert.rows}")
    cursor.execute(upsert.incoming({column: shape[column][1] for column in frame.columns}))
    with cursor.copy(f"copy {upsert.rows} from stdin") as copy:
        for row in frame.iter_rows():
            copy.write_row(row)
    cursor.execute(f"analyze {upsert.rows}")
    n_new, n_changed = cursor.execute(upsert.counts).fetchone()
    n_beside = cursor.execute(upsert.beside).fetchone()[0] if filling.group else 0
    cursor.execute(upsert.replacing)
    cursor.execute(f"drop table {upsert.rows}")
    return Filled(n_new, n_changed, frame.height - n_new - n_changed, n_beside)


def _declared(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "bigint"
    if kind.is_numeric():
        return "double precision"
    if isinstance(kind, pl.Datetime):
        return "timestamp with time zone" if kind.time_zone else "timestamp without time zone"
    return {pl.Boolean(): "boolean", pl.Date(): "date"}.get(kind, "text")


def _shape(cursor: Any, name: str) -> dict[str, tuple[pl.DataType, str]]:
    """The table's columns: what they hold, and their types as declared."""
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod), format_type(atttypid, null) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        (name,),
    )
    return {column: (KINDS.get(bare, pl.String()), declared) for column, declared, bare in cursor.fetchall()}


def _keyed(cursor: Any, name: str) -> set[str]:
    cursor.execute(
        "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) "
        "where i.indrelid = %s::regclass and i.indisprimary",
        (name,),
    )
    return {row[0] for row in cursor.fetchall()}
