"""Rows of a database, by URL or file and a query, in a session that can read and nothing else: SQLite and PostgreSQL.

No message shows a password, and no value of a row.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from artificer.core.errors import BriefError, DataError, closest, reason

if TYPE_CHECKING:
    from sqlalchemy import URL

CONNECT_S = 10
ROWS_AT_ONCE = 50_000
# PostgreSQL's numbers of its types (pg_type.dat); all others are read as text.
KINDS: dict[int, pl.DataType] = {
    16: pl.Boolean(),
    **dict.fromkeys((20, 21, 23, 26), pl.Int64()),
    **dict.fromkeys((700, 701, 1700), pl.Float64()),
    1082: pl.Date(),
    1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"),
}


def shown(url: str) -> str:
    """A URL without its password and without what follows a question mark.

    >>> shown("postgresql://ann:secret@host/sales?sslkey=k")
    'postgresql://ann:***@host/sales'
    """
    return re.sub(r"(://[^/\s:@]*):[^/\s]*@", r"\1:***@", url).partition("?")[0]


def url_of(name: str, place: str) -> str:
    """The URL that an environment variable holds.

    Parameters
    ----------
    name : str
        Of the variable.
    place : str
        What names it, for the message: "data.url_env".

    Raises
    ------
    BriefError
        When the variable is not set, or holds no URL of a database that can be read.
    """
    url = os.environ.get(name, "").strip()
    if not url:
        raise BriefError(
            f"[{place}] names the environment variable '{name}', which is not set; set it to the database's URL, such as "
            "postgresql://user@host/database or sqlite:///path"
        )
    try:
        kind = _parsed(url).get_backend_name()
    except ValueError as error:
        raise BriefError(
            f"the environment variable '{name}' that [{place}] names holds no URL; it looks like "
            "postgresql://user@host/database or sqlite:///path"
        ) from error
    if kind not in ("postgresql", "postgres", "sqlite"):
        raise BriefError(
            f"the environment variable '{name}' that [{place}] names holds a URL of '{kind}'; databases that can be read "
            "are PostgreSQL and SQLite"
        )
    return url


def query_rows(url: str, query: str, place: str) -> pl.DataFrame:
    """Rows that a query gives.

    Parameters
    ----------
    place : str
        What asked for them, for messages: "data".

    Raises
    ------
    DataError
        When the database cannot be reached, refuses the query, or psycopg is not installed.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return query_file(Path(parsed.database or ""), query, place)
    return _query_postgres(parsed, query, place)


def _parsed(url: str) -> URL:
    from sqlalchemy import exc, make_url  # 12 MB, which rows from files and frames do without

    try:
        return make_url(url)
    except exc.ArgumentError as error:
        raise ValueError("no URL") from error


def query_file(path: Path, query: str, place: str) -> pl.DataFrame:
    """Rows that a query gives from an SQLite file.

    Raises
    ------
    DataError
        When the file is absent or no database, or the query is wrong or would write.
    """
    try:
        with closing(_opened(path)) as connection:
            cursor = connection.execute(query)
            if cursor.description is None:
                raise DataError(f"the query of [{place}] gives no rows; it must be a select")
            names = [column[0] for column in cursor.description]
            _refuse_twins(names, place)
            return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None, strict=False)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DataError(_refused(place, str(error), f"'{path.name}'")) from error


def read_table_of(path: Path, table: str) -> pl.DataFrame:
    """All rows of one table of an SQLite file; "" takes the only one.

    Raises
    ------
    DataError
        When the table is absent, or several are there and none is named.
    """
    tables = tables_of(path)
    if not table and len(tables) == 1:
        table = tables[0]
    if table not in tables:
        if not tables:
            raise DataError(f"the SQLite database '{path.name}' holds no table")
        said = f"has no table '{table}'{closest(table, tables)}" if table else "holds several tables"
        raise DataError(
            f"the SQLite database '{path.name}' {said}; name one of {', '.join(tables)}: '{path.name}#{tables[0]}'"
        )
    quoted = table.replace('"', '""')
    return query_file(path, f'select * from "{quoted}"', path.name)


def tables_of(path: Path) -> list[str]:
    """Tables and views of an SQLite file.

    Raises
    ------
    DataError
        When it is absent, locked or no database.
    """
    listed = "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name"
    try:
        with closing(_opened(path)) as connection:
            return [str(name) for (name,) in connection.execute(listed)]
    except sqlite3.Error as error:
        raise DataError(
            f"'{path.name}' cannot be read as an SQLite database: {error}; make or copy it again"
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        near = closest(path.name, [one.name for one in path.parent.glob("*")], "closest name there")
        raise DataError(f"there is no SQLite database '{path}'{near}")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=CONNECT_S)
    connection.execute("pragma query_only = on")
    return connection


def _query_postgres(url: URL, query: str, place: str) -> pl.DataFrame:
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise DataError("PostgreSQL needs psycopg: install Artificer with its extra 'postgres'") from error
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    where = shown(url.set(drivername="postgresql").render_as_string(hide_password=True))
    try:
        with psycopg.connect(plain, connect_timeout=CONNECT_S) as connection:
            connection.read_only = True
            # A cursor on the server's side: rows come in parts, and what is no plain select is refused.
            with connection.cursor(name="rows") as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(query.strip().rstrip(";").encode())
                return _fetched(cursor, place)
    except psycopg.OperationalError as error:
        raise DataError(
            f"the database '{where}' of [{place}] cannot be read: {_said(error, url)}; see that the server runs, and that "
            "host, port, database, user and password in the environment variable are right"
        ) from None  # the driver's own error may hold the password
    except psycopg.Error as error:
        raise DataError(_refused(place, _said(error, url), f"'{where}'")) from None


def _fetched(cursor: Any, place: str) -> pl.DataFrame:
    rows = cursor.fetchmany(ROWS_AT_ONCE)
    columns = cursor.description
    names = [column.name for column in columns]
    _refuse_twins(names, place)
    kinds = [KINDS.get(column.type_code, pl.String()) for column in columns]
    parts = [_framed(rows, names, kinds)]
    while rows:
        rows = cursor.fetchmany(ROWS_AT_ONCE)
        parts.append(_framed(rows, names, kinds))
    return pl.concat(parts)


def _framed(rows: Sequence[tuple[Any, ...]], names: Sequence[str], kinds: Sequence[pl.DataType]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else iter([()] * len(names))
    return pl.DataFrame([_column(name, values, kind) for name, values, kind in zip(names, columns, kinds, strict=True)])


def _column(name: str, values: tuple[Any, ...], kind: pl.DataType) -> pl.Series:
    if kind == pl.String():
        return pl.Series(name, [None if value is None else str(value) for value in values], pl.String)
    if kind == pl.Float64():
        return pl.Series(name, [None if value is None else float(value) for value in values], pl.Float64)
    return pl.Series(name, values, kind, strict=False)


def _said(error: Any, url: URL) -> str:
    said = error.diag.message_primary or reason(error)
    if error.diag.statement_position:
        said = f"{said} (at character {error.diag.statement_position})"
    return str(said).replace(str(url.password), "***") if url.password else str(said)


def _refused(place: str, said: str, where: str) -> str:
    writes = any(sign in said.lower() for sign in ("read-only", "readonly", "data-modifying", "attempt to write"))
    why = "; the session may only read: write a plain select" if writes else "; mend the query"
    return f"the query of [{place}] is refused by {where}: {said}{why}"


def _refuse_twins(names: Sequence[str], place: str) -> None:
    twins = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if twins:
        raise DataError(f"the query of [{place}] gives two columns named '{twins[0]}'; rename one with \"as\"")


def iter_hosts(urls: Sequence[str]) -> Iterator[str]:
    """Hosts that would be contacted for some databases' URLs."""
    for url in urls:
        host = _parsed(url).host
        if host:
            yield host
