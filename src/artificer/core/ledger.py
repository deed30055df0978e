"""The ledger: what cannot be computed again.

Who ran what, what was decided and found, who opened the test rows; which version is served, what was predicted, and
which labels came in. Rows that follow each other are counted, never told apart by the clock, which may go back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from artificer.core import access, answers, forgotten, rollout
from artificer.core.clock import now
from artificer.core.database import Database
from artificer.core.health import troubles
from artificer.core.labels import Labels
from artificer.core.life import URL_ENV, Served
from artificer.core.migrations import MIGRATIONS
from artificer.core.predictions import Predictions
from artificer.core.records import Decision, Finding
from artificer.core.review_queue import ReviewQueue
from artificer.core.store import decode, encode

Action = Literal["first", "promote", "roll back"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as the ledger knows it; `code` is None while it runs or when it was killed."""

    id: str
    brief: str
    began: str
    ended: str | None
    code: int | None
    model_hash: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of what is served."""

    name: str
    revision: int
    version: str
    action: str
    because: str
    at: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look at new rows.

    Attributes
    ----------
    fingerprint : str
        Of the rows that were seen.
    until : float
        The latest moment among them, in seconds since 1970; minus infinity where rows have no time.
    outcome : str
        "nothing", "alert", "ask", "keep" or "promote".
    body : str
        The record of the look, as JSON.
    """

    name: str
    number: int
    fingerprint: str
    until: float
    outcome: str
    body: str
    at: str


def ledger_of(root: Path) -> Ledger:
    """The ledger of a workspace: the database named by ``ARTIFICER_LEDGER_URL``, else ledger.db in it.

    Raises
    ------
    WorkspaceError
        As for `Ledger`.
    """
    return Ledger(place_of(root))


def place_of(root: Path) -> Path | str:
    """Where the ledger of a workspace stands: a file, or a URL."""
    return os.environ.get(URL_ENV) or root / "ledger.db"


class Ledger:
    """One ledger.

    Parameters
    ----------
    where : Path or str
        An SQLite file, made when absent; or the URL of a PostgreSQL database.

    Raises
    ------
    WorkspaceError
        When it cannot be reached or written, is no ledger, or is of another version.

    Attributes
    ----------
    answers : Answers
        Predictions that servers gave.
    predictions : Predictions
        Predictions by key, of tables and of servers.
    labels : Labels
        What became of rows.
    forgotten : Forgotten
        Persons who were, or are to be, forgotten.
    keys : Keys
        Who may do what.
    rollouts : Rollouts
        Versions beside the served one, and what persons did about versions.
    """

    def __init__(self, where: Path | str, *, upgrade: bool = False) -> None:
        self._database = Database(where, MIGRATIONS, upgrade=upgrade)
        self.answers = answers.Answers(self._database)
        self.predictions = Predictions(self._database, self.answers)
        self.labels = Labels(self._database)
        self.forgotten = forgotten.Forgotten(self._database)
        self.keys = access.Keys(self._database)
        self.rollouts = rollout.Rollouts(self._database)

    @property
    def shown(self) -> str:
        """Where it stands, without any password."""
        return self._database.shown

    def reviews(self, name: str) -> ReviewQueue:
        """The rows of one model that wait for a person."""
        return ReviewQueue(self._database, name)

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def scrub(self) -> None:
        """See that nothing of what was removed can be read from its file any more."""
        self._database.scrub()

    def begin(self, run_id: str, brief: str) -> None:
        """Note that a run began."""
        self._database.write(
            "insert into runs (id, brief, began) values (:id, :brief, :now)", id=run_id, brief=brief, now=now()
        )

    def end(self, run_id: str, code: int, model_hash: str) -> None:
        """Note how a run ended: its exit code, and its model ("" when there is none)."""
        self._database.write(
            "update runs set ended = :now, code = :code, model_hash = :hash where id = :id",
            id=run_id,
            now=now(),
            code=code,
            hash=model_hash,
        )

    def tell(self, run_id: str, stage: str, decisions: Sequence[Decision], findings: Sequence[Finding]) -> None:
        """Keep what a stage decided and found; telling it again changes nothing."""
        with self._database.writing() as connection:
            for table, records in (("decisions", decisions), ("findings", findings)):
                for position, record in enumerate(records):
                    connection.execute(
                        sa.text(
                            f"insert into {table} values (:run, :stage, :position, :body) "
                            "on conflict (run_id, stage, position) do update set body = excluded.body"
                        ),
                        {"run": run_id, "stage": stage, "position": position, "body": encode(record).decode()},
                    )

    def open_seal(self, seal: str, model_hash: str, run_id: str) -> int:
        """Count an opening of sealed rows and return how many different models have been judged on them so far.

        Judging the same model again is no new look.
        """
        self._database.write(
            "insert into openings values (:seal, :model, :run, :now) on conflict do nothing",
            seal=seal,
            model=model_hash,
            run=run_id,
            now=now(),
        )
        ((count,),) = self._database.read("select count(*) from openings where seal = :seal", seal=seal)
        return int(count)

    def runs(self) -> list[RunRow]:
        """All runs, the newest first."""
        columns = "id, brief, began, ended, code, model_hash"
        return [RunRow(*row) for row in self._database.read(f"select {columns} from runs order by began desc")]

    def told(self, run_id: str) -> tuple[list[Decision], list[Finding]]:
        """What a run decided and found, in the order of its stages' entries."""
        query = "select body from {} where run_id = :run order by stage, position"
        decisions = self._database.read(query.format("decisions"), run=run_id)
        findings = self._database.read(query.format("findings"), run=run_id)
        return (
            [decode(body.encode(), Decision) for (body,) in decisions],
            [decode(body.encode(), Finding) for (body,) in findings],
        )

    def maker(self, version: str) -> str:
        """The run that made a package; "" when the ledger does not know it."""
        rows = self._database.read("select run_id from packages where version = :version", version=version)
        return str(rows[0][0]) if rows else ""

    def troubles(self) -> list[str]:
        """What is wrong with the database, its tables, and rows that belong together; nothing when all is well."""
        return list(troubles(self._database, MIGRATIONS))

    def names(self) -> list[str]:
        """Models of which a version is served."""
        return [str(name) for (name,) in self._database.read("select name from served order by name")]

    def package(self, version: str, name: str, model_hash: str, run_id: str) -> None:
        """Note which run made a package; the first one stays."""
        self._database.write(
            "insert into packages values (:version, :name, :hash, :run) on conflict do nothing",
            version=version,
            name=name,
            hash=model_hash,
            run=run_id,
        )

    def served(self, name: str) -> Served | None:
        """Which version of a model is served; None before the first."""
        rows = self._database.read(
            "select name, version, previous, revision, since from served where name = :name", name=name
        )
        return Served(*rows[0]) if rows else None

    def serve(
        self, name: str, version: str, *, seen: int, action: Action, because: str, look: Look | None = None
    ) -> Served | None:
        """Serve another version, if the served one is still that of the revision `seen` (0: none yet).

        Parameters
        ----------
        look : Look, optional
            Kept in the same transaction: who is killed has done both, or neither.

        Returns
        -------
        Served or None
            None when another was quicker: nothing has changed then.
        """
        values = {"name": name, "version": version, "seen": seen, "next": seen + 1, "now": now()}
        first = (
            "insert into served (name, version, previous, revision, since) values (:name, :version, '', :next, :now) "
            "on conflict do nothing"
        )
        later = (
            "update served set previous = version, version = :version, revision = :next, since = :now "
            "where name = :name and revision = :seen"
        )
        with self._database.writing() as connection:
            if connection.execute(sa.text(later if seen else first), values).rowcount != 1:
                return None
            connection.execute(
                sa.text("insert into changes values (:name, :next, :version, :action, :because, :now)"),
                values | {"action": action, "because": because},
            )
            if look is not None:
                _keep_look(connection, look)
        return self.served(name)

    def history(self, name: str) -> list[Change]:
        """All changes of what is served, the oldest first."""
        columns = "name, revision, version, action, because, at"
        rows = self._database.read(f"select {columns} from changes where name = :name order by revision", name=name)
        return [Change(*row) for row in rows]

    def looks(self, name: str) -> list[Look]:
        """All looks at new rows, the oldest first."""
        columns = "name, number, fingerprint, until, outcome, body, at"
        rows = self._database.read(f"select {columns} from looks where name = :name order by number", name=name)
        return [Look(*row) for row in rows]

    def look(self, look: Look) -> None:
        """Keep a look at new rows."""
        with self._database.writing() as connection:
            _keep_look(connection, look)

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name that one process at a time can hold: True for who has it; its death sets it free."""
        return self._database.alone(name)


def _keep_look(connection: sa.Connection, look: Look) -> None:
    values = {name: getattr(look, name) for name in Look.__slots__} | {"at": now()}
    connection.execute(
        sa.text("insert into looks values (:name, :number, :fingerprint, :until, :outcome, :body, :at)"), values
    )
