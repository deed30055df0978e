"""A database that the ledger stands in: an SQLite file (WAL) or PostgreSQL, with numbered migrations under its own lock.

What was committed is on disk: SQLite forces its log to disk at each commit, PostgreSQL does not answer before it has.
No connection to a server is held between calls, and no message shows a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from artificer.core.errors import DamagedError, WorkspaceError
from artificer.core.store import sqlite_remedy

MIGRATING = 20_260_401  # any number: PostgreSQL's name for the lock under which migrations run
SPELT = {
    "sqlite": {"identity": "integer primary key", "clustered": "without rowid"},
    "postgresql": {"identity": "bigint generated always as identity primary key", "clustered": ""},
}
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
VERSION_TABLE = "ledger_version"
_DURABLE = "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'"


class Database:
    """One database. An empty one is brought to the newest version; one of an older version only if that is asked for.

    Parameters
    ----------
    where : Path or str
        An SQLite file, made when absent; or a URL ``postgresql://…``.
    migrations : sequence of sequences of str, or None
        Statements of each version; ``{identity}`` stands for a primary key that counts by itself, ``{clustered}``
        ends a table whose rows lie in the order of their primary key. None takes it as it is, to be looked at.
    upgrade : bool
        Bring an older one to the newest version.

    Raises
    ------
    WorkspaceError
        When it cannot be reached or written, is no database of this kind, or is of another version.
    """

    def __init__(self, where: Path | str, migrations: Sequence[Sequence[str]] | None, *, upgrade: bool = False) -> None:
        self.file = where if isinstance(where, Path) else None
        url = _url(where)
        self.shown = str(where) if self.file else url.render_as_string(hide_password=True)
        self.kind = "sqlite" if self.file else "postgresql"
        seconds = {"timeout": 30} if self.file else {"connect_timeout": 10}
        try:
            pool = None if self.file else sa.pool.NullPool
            self._engine = sa.create_engine(url, connect_args=seconds, poolclass=pool)
        except ModuleNotFoundError as error:
            raise WorkspaceError(
                "a ledger in PostgreSQL needs psycopg: install Artificer with its extra 'postgres'"
            ) from error
        if self.file:
            sa.event.listen(self._engine, "connect", _use_wal)
        if migrations is None:
            return
        try:
            self._migrate(migrations, upgrade)
        except WorkspaceError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def read(self, statement: str, **values: Any) -> list[Any]:
        """Rows that a query gives."""
        with self._told(), self._engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with self._told(), self._engine.connect() as connection:
            if self.file:
                connection.exec_driver_sql("begin immediate")
            else:  # a server may be set to answer before a commit is on disk
                connection.exec_driver_sql(_DURABLE)
            yield connection
            connection.commit()

    @contextmanager
    def still(self) -> Iterator[sa.Connection]:
        """One moment of the database: whatever others write meanwhile is not seen."""
        with self._told(), self._engine.connect() as connection:
            if self.file:
                connection.exec_driver_sql("begin")
            else:
                connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
            yield connection
            connection.rollback()

    def columns(self) -> dict[str, list[str]]:
        """Names of all tables, and of the columns of each."""
        with self._told():
            found = sa.inspect(self._engine)
            return {
                table: [str(column["name"]) for column in found.get_columns(table)]
                for table in sorted(found.get_table_names())
                if table != VERSION_TABLE
            }

    @property
    def version(self) -> int:
        """How many migrations it has been through."""
        with self._told(), self._engine.connect() as connection:
            return self._version(connection)

    def write(self, statement: str, **values: Any) -> int:
        """Run one statement as a transaction and give the number of rows that it changed."""
        with self.writing() as connection:
            return int(connection.execute(sa.text(statement), values).rowcount)

    def add(self, connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add some rows to a table, leaving those that are there already as they are."""
        raw: Any = connection.connection.driver_connection
        marks = ", ".join(("?" if self.kind == "sqlite" else "%s",) * len(columns))
        statement = f"insert into {table} ({', '.join(columns)}) values ({marks}) on conflict do nothing"
        with closing(raw.cursor()) as cursor:
            cursor.executemany(statement, rows)

    def fill(
        self, connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]
    ) -> None:
        """Add many rows to a table, leaving those that are there already as they are."""
        if self.kind == "sqlite":
            # 64 MiB: indexes of many rows do not fit the usual 2 MB.
            connection.exec_driver_sql("pragma cache_size = -65536")
            self.add(connection, table, columns, rows)
            return
        names = ", ".join(columns)
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor:
            cursor.execute(f"create temporary table filling (like {table}) on commit drop")
            with cursor.copy(f"copy filling ({names}) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"insert into {table} ({names}) select {names} from filling on conflict do nothing")

    def scrub(self) -> None:
        """See that nothing of what was deleted can be read from the file any more.

        An SQLite file is written anew, and its log emptied. PostgreSQL gives the room of deleted rows free; what its own
        log and its backups hold is for whoever runs it to let expire.

        Raises
        ------
        WorkspaceError
            When others read on and on: what was deleted still stands in the log.
        """
        with self._told(), self._engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("vacuum")
            if self.file and alone.exec_driver_sql("pragma wal_checkpoint(truncate)").one()[0]:
                raise WorkspaceError(
                    f"'{self.shown}' is being read by another process, so that its log could not be emptied; "
                    "do the same again when that has ended"
                )

    def damage(self) -> list[str]:
        """What an SQLite file's own check finds; PostgreSQL checks itself."""
        if not self.file:
            return []
        return [str(said) for (said,) in self.read("pragma integrity_check") if said != "ok"]

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Hold a name that one process at a time can hold: True for who has it; its death sets it free."""
        if self.file:
            lock = FileLock(self.file.with_name(f"{self.file.name}.{_number(name):x}.lock"), timeout=0)
            try:
                lock.acquire()
            except Timeout:
                yield False
                return
            except OSError as error:
                raise WorkspaceError(
                    f"the lock '{lock.lock_file}' cannot be made: {error}; see that its folder can be written, or name another "
                    "with --workspace"
                ) from error
            try:
                yield True
            finally:
                lock.release()
            return
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            held = bool(connection.exec_driver_sql(f"select pg_try_advisory_lock({_number(name)})").scalar_one())
            try:
                yield held
            finally:
                if held:
                    connection.exec_driver_sql(f"select pg_advisory_unlock({_number(name)})")

    def _migrate(self, migrations: Sequence[Sequence[str]], upgrade: bool) -> None:
        # Asked first without a lock: one that another process holds for seconds, or may not write, can still be read.
        if self.version == len(migrations):
            return
        with self.writing() as connection:
            if not self.file:
                connection.exec_driver_sql(f"select pg_advisory_xact_lock({MIGRATING})")
                connection.exec_driver_sql(f"create table if not exists {VERSION_TABLE} (version integer not null)")
            at = self._version(connection)
            if at > len(migrations):
                raise WorkspaceError(
                    f"'{self.shown}' was written by a newer Artificer (ledger version {at}, this one knows "
                    f"{len(migrations)}); upgrade Artificer, or name another folder with --workspace"
                )
            if 0 < at < len(migrations) and not upgrade:
                raise WorkspaceError(
                    f"'{self.shown}' was written by an older Artificer (ledger version {at}, this one writes "
                    f"{len(migrations)}); stop what uses it, then `artificer ledger upgrade` keeps a copy and brings it up"
                )
            for migration in migrations[at:]:
                for statement in migration:
                    connection.exec_driver_sql(statement.format(**SPELT[self.kind]))
            if self.file:
                connection.exec_driver_sql(f"pragma user_version = {len(migrations)}")
            elif at < len(migrations):
                connection.exec_driver_sql(f"delete from {VERSION_TABLE}")
                connection.exec_driver_sql(f"insert into {VERSION_TABLE} values ({len(migrations)})")

    def _version(self, connection: sa.Connection) -> int:
        if self.file:
            return int(connection.exec_driver_sql("pragma user_version").scalar_one())
        if connection.exec_driver_sql(f"select to_regclass('{VERSION_TABLE}')").scalar_one() is None:
            return 0
        return int(connection.exec_driver_sql(f"select coalesce(max(version), 0) from {VERSION_TABLE}").scalar_one())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, self._engine.dialect.loaded_dbapi.Error) as error:
            cause = getattr(error, "orig", error)
            remedy = (
                sqlite_remedy(cause) or "name another folder with --workspace"
                if self.file
                else "see that the server runs and that the URL is right"
            )
            kind = DamagedError if getattr(cause, "sqlite_errorname", "") in DAMAGED else WorkspaceError
            raise kind(f"the ledger '{self.shown}' cannot be used: {cause}; {remedy}") from error


def _url(where: Path | str) -> sa.URL:
    if isinstance(where, Path):
        return sa.URL.create("sqlite", database=str(where))
    try:
        url = sa.make_url(where)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise WorkspaceError("the ledger's URL is none; it looks like postgresql://user@host/database") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise WorkspaceError(
            f"a ledger stands in a file or in PostgreSQL, not in '{url.drivername}'; its URL begins with postgresql://"
        )
    return url.set(drivername="postgresql+psycopg")


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


def _use_wal(connection: Any, _: Any) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
