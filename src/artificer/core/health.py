"""Whether a ledger is whole: its file, its tables, and rows that belong to each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

from artificer.core.database import SPELT, Database
from artificer.core.errors import WorkspaceError

_LOST = {
    "select count(*) from predictions where scoring not in (select number from scorings)": (
        "predictions belong to no scoring"
    ),
    "select count(*) from answers where stream not in (select number from streams)": "answers belong to no stream",
    "select count(*) from answered_rows r where not exists "
    "(select 1 from answers a where a.stream = r.stream and a.number = r.number)": "rows belong to no answer",
    "select count(*) from served s where revision <> "
    "(select coalesce(max(revision), 0) from changes c where c.name = s.name)": (
        "models are served at another revision than their last change made"
    ),
}
_STRANGE = {
    "select distinct version from scorings where version not in (select version from packages) order by 1": (
        "predictions name the version '{}', which no run entered"
    ),
    "select distinct version from streams where version not in (select version from packages) order by 1": (
        "a server answered with the version '{}', which no run entered"
    ),
}


def troubles(database: Database, migrations: Sequence[Sequence[str]]) -> Iterator[str]:
    """What is wrong with a ledger, a sentence each; nothing when all is well."""
    try:
        yield from database.damage()
        missing = list(_missing(database, migrations))
        yield from missing
        if not missing:
            yield from _torn(database)
    except WorkspaceError as error:  # damaged so far that it cannot even be asked
        yield str(error)


def _missing(database: Database, migrations: Sequence[Sequence[str]]) -> Iterator[str]:
    """Tables and columns that the migrations make and that are not there."""
    held = database.columns()
    for table, columns in _made(migrations).items():
        if table not in held:
            yield f"the table '{table}' is absent"
            continue
        for column in columns:
            if column not in held[table]:
                yield f"the table '{table}' lacks the column '{column}'"


def _made(migrations: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for migration in migrations:
            for statement in migration:
                connection.execute(statement.format(**SPELT["sqlite"]))
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {table: [row[1] for row in connection.execute(f"pragma table_info({table})")] for table in tables}


def _torn(database: Database) -> Iterator[str]:
    for query, says in _LOST.items():
        ((count,),) = database.read(query)
        if count:
            yield f"{count:,} {says}"
    for query, says in _STRANGE.items():
        for (name,) in database.read(query):
            yield says.format(name)
