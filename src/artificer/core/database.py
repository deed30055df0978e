"""A database that the ledger stands in: an SQLite file (WAL) or PostgreSQL, with numbered migrations under its own lock.

No connection to a server is held between calls, and no message shows a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from artificer.core.errors import WorkspaceError

MIGRATING = 20_260_401  # any number: PostgreSQL's name for the lock under which migrations run
IDENTITY = {"sqlite": "integer primary key", "postgresql": "bigint generated always as identity primary key"}
BIG = 10_000


class Database:
    """One database, opened and brought to the newest version.

    Parameters
    ----------
    where : Path or str
        An SQLite file, made when absent; or a URL ``postgresql://…``.
    migrations : sequence of sequences of str
        Statements of each version; ``{identity}`` stands for a primary key that counts by itself.

    Raises
    ------
    WorkspaceError
        When it cannot be reached or written, is no database of this kind, or was written by a newer version.
    """

    def __init__(self, where: Path | str, migrations: Sequence[Sequence[str]]) -> None:
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
        try:
            self._migrate(migrations)
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
            yield connection
            connection.commit()

    def write(self, statement: str, **values: Any) -> int:
        """Run one statement as a transaction and give the number of rows that it changed."""
        with self.writing() as connection:
            return int(connection.execute(sa.text(statement), values).rowcount)

    def fill(
        self, connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]
    ) -> None:
        """Add many rows to a table, leaving those that are there already as they are."""
        names = ", ".join(columns)
        raw: Any = connection.connection.driver_connection
        with raw.cursor() if self.kind == "postgresql" else _closing(raw.cursor()) as cursor:
            if self.kind == "sqlite":
                marks = ", ".join("?" * len(columns))
                cursor.execute("pragma cache_size = -65536")  # 64 MiB: indexes of many rows do not fit the usual 2 MB
                cursor.executemany(f"insert into {table} ({names}) values ({marks}) on conflict do nothing", rows)
                return
            cursor.execute(f"create temporary table filling (like {table}) on commit drop")
            with cursor.copy(f"copy filling ({names}) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"insert into {table} ({names}) select {names} from filling on conflict do nothing")

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

    def _migrate(self, migrations: Sequence[Sequence[str]]) -> None:
        with self.writing() as connection:
            at = self._version(connection)
            if at > len(migrations):
                raise WorkspaceError(
                    f"'{self.shown}' was written by a newer Artificer (ledger version {at}, this one knows "
                    f"{len(migrations)}); upgrade Artificer, or name another folder with --workspace"
                )
            for migration in migrations[at:]:
                for statement in migration:
                    connection.exec_driver_sql(statement.format(identity=IDENTITY[self.kind]))
            if self.file:
                connection.exec_driver_sql(f"pragma user_version = {len(migrations)}")
            elif at < len(migrations):
                connection.exec_driver_sql("delete from ledger_version")
                connection.exec_driver_sql(f"insert into ledger_version values ({len(migrations)})")

    def _version(self, connection: sa.Connection) -> int:
        if self.file:
            return int(connection.exec_driver_sql("pragma user_version").scalar_one())
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({MIGRATING})")
        connection.exec_driver_sql("create table if not exists ledger_version (version integer not null)")
        return int(connection.exec_driver_sql("select coalesce(max(version), 0) from ledger_version").scalar_one())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DatabaseError, self._engine.dialect.loaded_dbapi.Error) as error:
            remedy = (
                "free disk space if the disk is full, or name another folder with --workspace"
                if self.file
                else "see that the server runs and that the URL is right"
            )
            raise WorkspaceError(
                f"the ledger '{self.shown}' cannot be used: {getattr(error, 'orig', error)}; {remedy}"
            ) from error


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


@contextmanager
def _closing(cursor: Any) -> Iterator[Any]:
    try:
        yield cursor
    finally:
        cursor.close()


def _use_wal(connection: Any, _: Any) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
