"""The ledger: what cannot be computed again.

Who ran what, what was decided and found, who opened the test rows; which version is served, what was predicted, and
which labels came in. Rows that follow each other are counted, never told apart by the clock, which may go back.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from artificer.core import access, answers, forgotten, rollout
from artificer.core.database import Database
from artificer.core.health import troubles
from artificer.core.labels import Labels
from artificer.core.life import URL_ENV, Served
from artificer.core.records import Decision, Finding
from artificer.core.review_queue import MIGRATION, ReviewQueue
from artificer.core.store import decode, encode

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
    (
        "create table packages (version text primary key, name text not null, model_hash text not null, "
        "run_id text not null)",
        "create table served (name text primary key, version text not null, previous text not null, "
        "revision integer not null, since text not null)",
        "create table changes (name text not null, revision integer not null, version text not null, "
        "action text not null, because text not null, at text not null, primary key (name, revision))",
        "create table scorings (number {identity}, id text not null unique, name text not null, version text not null, "
        "source text not null, n_rows integer not null, made text not null)",
        "create table predictions (scoring integer not null, key text not null, score double precision, "
        "decision text not null, flags text not null, primary key (scoring, key))",
        "create index predictions_by_key on predictions (key)",
        "create table labels (name text not null, key text not null, label text not null, at text not null, "
        "primary key (name, key))",
        "create table looks (name text not null, number integer not null, fingerprint text not null, "
        "until double precision not null, outcome text not null, body text not null, at text not null, "
        "primary key (name, number))",
    ),
    answers.MIGRATION,
    forgotten.MIGRATION,
    (
        "alter table predictions add column reasons text not null default ''",
        "alter table predictions add column turns double precision",
        "alter table scorings add column rule text not null default ''",
    ),
    MIGRATION,
    (*access.MIGRATION, *rollout.MIGRATION),
)


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
class Predicted:
    """One prediction as it was told: its score, what was decided, and by which version.

    Attributes
    ----------
    scoring : str
        Identifies the table's scoring, or the server's answer.
    source : str
        The table that it was written to; "" where a server told it.
    said : str
        The class, where a server chose among more than two.
    reasons : str
        What moved the score most; "" where none were asked for.
    turns : float or None
        The score at which the decision turns; None where none does.
    rule : str
        The brief's `[decision]` that decided, as JSON; "" where it was not kept.
    """

    key: str
    score: float | None
    decision: str
    flags: str
    scoring: str
    name: str
    version: str
    source: str
    made: str
    said: str = ""
    reasons: str = ""
    turns: float | None = None
    rule: str = ""


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
            "insert into runs (id, brief, began) values (:id, :brief, :now)", id=run_id, brief=brief, now=_now()
        )

    def end(self, run_id: str, code: int, model_hash: str) -> None:
        """Note how a run ended: its exit code, and its model ("" when there is none)."""
        self._database.write(
            "update runs set ended = :now, code = :code, model_hash = :hash where id = :id",
            id=run_id,
            now=_now(),
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
            now=_now(),
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
        now = _now()
        values = {"name": name, "version": version, "seen": seen, "next": seen + 1, "now": now}
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

    def keep_predictions(
        self,
        scoring: str,
        name: str,
        version: str,
        source: str,
        rows: Sequence[tuple[str, float | None, str, str, str, float | None]],
        rule: str = "",
    ) -> None:
        """Keep what was predicted; the same scoring again changes nothing.

        Parameters
        ----------
        scoring : str
            Identifies it.
        source : str
            Where the rows came from, for a person.
        rows : sequence of (key, score, decision, flags, reasons, turns)
            As in `Predicted`.
        rule : str
            The brief's `[decision]`, as JSON.
        """
        with self._database.writing() as connection:
            connection.execute(
                sa.text(
                    "insert into scorings (id, name, version, source, n_rows, made, rule) "
                    "values (:id, :name, :version, :source, :n, :now, :rule) on conflict do nothing"
                ),
                {
                    "id": scoring,
                    "name": name,
                    "version": version,
                    "source": source,
                    "n": len(rows),
                    "now": _now(),
                    "rule": rule,
                },
            )
            number = connection.execute(
                sa.text("select number from scorings where id = :id"), {"id": scoring}
            ).scalar_one()
            filled = ((number, *row) for row in rows)
            columns = ("scoring", "key", "score", "decision", "flags", "reasons", "turns")
            self._database.fill(connection, "predictions", columns, filled)

    def predictions_of(self, key: str) -> list[Predicted]:
        """All predictions of one row, by its key or by the id of a server's answer, the newest first."""
        rows = self._database.read(
            "select p.key, p.score, p.decision, p.flags, s.id, s.name, s.version, s.source, s.made, p.reasons, p.turns, "
            "s.rule from predictions p join scorings s on s.number = p.scoring where p.key = :key order by s.number desc",
            key=key,
        )
        told = [
            Predicted(
                one.key or f"{one.stream.id}-{one.number}",
                one.score,
                one.decision,
                one.flags,
                f"{one.stream.id}-{one.number}",
                one.stream.name,
                one.stream.version,
                "",
                made,
                said=one.said,
            )
            for one, made in self.answers.of(key)
        ]
        scored = [
            Predicted(*held, reasons=reasons, turns=turns, rule=rule)  # type: ignore[misc]
            for *held, reasons, turns, rule in rows
        ]
        return list(heapq.merge(scored, told, key=lambda one: one.made, reverse=True))

    def some_keys(self, most: int = 10_000) -> list[str]:
        """Keys of some predictions, to name one that resembles a wrong one."""
        rows = self._database.read("select distinct key from predictions limit :most", most=most)
        return [*(str(key) for (key,) in rows), *self.answers.some_keys(most)]

    def keep_labels(self, name: str, rows: Iterable[tuple[str, str]]) -> tuple[int, int]:
        """Keep labels by key, the later one where there are two; how many are new, and how many changed."""
        kept = self.labels.keep(name, rows)
        return kept.n_new, kept.n_changed

    def label_of(self, name: str, key: str) -> str | None:
        """The label of one row; None when it is not known."""
        return self.labels.of(name, key)

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name that one process at a time can hold: True for who has it; its death sets it free."""
        return self._database.alone(name)


def _keep_look(connection: sa.Connection, look: Look) -> None:
    values = {name: getattr(look, name) for name in Look.__slots__} | {"at": _now()}
    connection.execute(
        sa.text("insert into looks values (:name, :number, :fingerprint, :until, :outcome, :body, :at)"), values
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
