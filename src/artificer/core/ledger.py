"""The ledger: what cannot be computed again. Who ran what, what was decided and found, and who opened the test rows.

SQLAlchemy Core on SQLite in WAL mode; migrations are numbered and applied under the database's own lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from artificer.core.errors import WorkspaceError
from artificer.core.records import Decision, Finding
from artificer.core.store import encode

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "create table runs (id text primary key, brief text not null, began text not null, ended text, "
        "code integer, model_hash text)",
        "create table decisions (run_id text not null, stage text not null, position integer not null, "
        "body text not null, primary key (run_id, stage, position))",
        "create table findings (run_id text not null, stage text not null, position integer not null, "
        "body text not null, primary key (run_id, stage, position))",
        "create table openings (seal text not null, model_hash text not null, run_id text not null, "
        "opened text not null, primary key (seal, model_hash))",
    ),
)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the ledger knows it; `code` is None while it runs or when it was killed."""

    id: str
    brief: str
    began: str
    ended: str | None
    code: int | None
    model_hash: str | None


class Ledger:
    """One workspace's ledger.

    Parameters
    ----------
    path : Path
        The SQLite file; made when absent.

    Raises
    ------
    WorkspaceError
        When the file cannot be opened or written, is no ledger, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _use_wal)
        self._migrate()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def begin(self, run_id: str, brief: str) -> None:
        """Note that a run began."""
        self._write(
            "insert into runs (id, brief, began) values (:id, :brief, :now)", id=run_id, brief=brief, now=_now()
        )

    def end(self, run_id: str, code: int, model_hash: str) -> None:
        """Note how a run ended: its exit code, and its model ("" when there is none)."""
        self._write(
            "update runs set ended = :now, code = :code, model_hash = :hash where id = :id",
            id=run_id,
            now=_now(),
            code=code,
            hash=model_hash,
        )

    def tell(self, run_id: str, stage: str, decisions: Sequence[Decision], findings: Sequence[Finding]) -> None:
        """Keep what a stage decided and found; telling it again changes nothing."""
        for table, records in (("decisions", decisions), ("findings", findings)):
            for position, record in enumerate(records):
                self._write(
                    f"insert or replace into {table} values (:run, :stage, :position, :body)",
                    run=run_id,
                    stage=stage,
                    position=position,
                    body=encode(record).decode(),
                )

    def open_seal(self, seal: str, model_hash: str, run_id: str) -> int:
        """Count an opening of sealed rows and return how many different models have been judged on them so far.

        Judging the same model again is no new look.
        """
        self._write(
            "insert or ignore into openings values (:seal, :model, :run, :now)",
            seal=seal,
            model=model_hash,
            run=run_id,
            now=_now(),
        )
        ((count,),) = self._read("select count(*) from openings where seal = :seal", seal=seal)
        return int(count)

    def runs(self) -> list[RunRow]:
        """All runs, the newest first."""
        return [
            RunRow(*row)
            for row in self._read("select id, brief, began, ended, code, model_hash from runs order by began desc")
        ]

    def _migrate(self) -> None:
        with self._told(), self._engine.connect() as connection:
            connection.exec_driver_sql("begin immediate")
            at = int(connection.exec_driver_sql("pragma user_version").scalar_one())
            if at > len(MIGRATIONS):
                raise WorkspaceError(
                    f"'{self.path}' was written by a newer Artificer (ledger version {at}, this one knows "
                    f"{len(MIGRATIONS)}); upgrade Artificer, or name another folder with --workspace"
                )
            for migration in MIGRATIONS[at:]:
                for statement in migration:
                    connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"pragma user_version = {len(MIGRATIONS)}")
            connection.commit()

    def _write(self, statement: str, **values: Any) -> None:
        with self._told(), self._engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def _read(self, statement: str, **values: Any) -> list[Any]:
        with self._told(), self._engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            raise WorkspaceError(
                f"the ledger '{self.path}' cannot be used: {error.orig}; free disk space if the disk is full, or name "
                "another folder with --workspace"
            ) from error


def _use_wal(connection: Any, _: Any) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
