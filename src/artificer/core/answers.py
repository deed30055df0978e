"""Predictions that a server gave, as the ledger keeps them: many small batches, each prediction under an id of its own.

An id is the stream's, which one process opens for one version, and a number that counts up in it: it is made without
asking anybody, and rows lie in the order in which they came. What a row's columns held stands apart, where it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from artificer.core.clock import now
from artificer.core.database import Database
from artificer.core.life import Answer, Stream

MIGRATION = (
    "create table streams (number {identity}, id text not null unique, name text not null, version text not null, "
    "began text not null)",
    "create table answers (stream bigint not null, number bigint not null, at bigint not null, key text not null, "
    "score double precision, said text not null, decision text not null, flags text not null, reasons text not null, "
    "primary key (stream, number)) {clustered}",
    "create index answers_by_key on answers (key) where key <> ''",
    "create index answers_by_at on answers (at)",
    "create table answered_rows (stream bigint not null, number bigint not null, at bigint not null, "
    "body text not null, primary key (stream, number)) {clustered}",
    "create index answered_rows_by_at on answered_rows (at)",
    "create index labels_by_at on labels (at)",
)
ANSWER = ("stream", "number", "at", "key", "score", "said", "decision", "flags", "reasons", "low", "high")
ROW = ("stream", "number", "at", "body")
_ID = re.compile(r"([0-9a-z]{20})-(0|[1-9]\d{0,14})")
_PIECE = 20_000
_ASKED = 500  # keys or numbers that one query names


@dataclass(frozen=True, slots=True)
class Expired:
    """What was too old and is gone."""

    n_predictions: int = 0
    n_rows: int = 0
    n_labels: int = 0


class Answers:
    """Predictions that servers gave.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, answers: Sequence[Answer]) -> None:
        """Keep predictions, all of them or none; the same ones again change nothing."""
        with self._database.writing() as connection:
            streams = {one.stream.id: one.stream for one in answers}
            numbers = {id: _stream(connection, stream) for id, stream in streams.items()}
            placed = [(numbers[one.stream.id], *one[1:]) for one in answers]
            self._database.add(connection, "answers", ANSWER, [one[: len(ANSWER)] for one in placed])
            rows = [(*one[:3], one[len(ANSWER)]) for one in placed if one[len(ANSWER)]]
            if rows:
                self._database.add(connection, "answered_rows", ROW, rows)

    def keys(self, name: str, ids: Sequence[str]) -> dict[str, str]:
        """Keys of predictions of a model, by their ids; those that are not known are left out."""
        found = {}
        with self._database.still() as connection:
            for id in ids:
                place = _ID.fullmatch(id)
                if place is None:
                    continue
                query = (
                    "select a.key from answers a join streams s on s.number = a.stream "
                    "where s.id = :stream and a.number = :number and s.name = :name"
                )
                values = {"stream": place[1], "number": int(place[2]), "name": name}
                key = connection.execute(sa.text(query), values).scalar_one_or_none()
                if key is not None:
                    found[id] = str(key)
        return found

    def knows_stream(self, id: str) -> bool:
        """Whether a prediction's id is of a stream that has been kept: the prediction itself may still be on its way."""
        place = _ID.fullmatch(id)
        stream = place[1] if place else ""
        return bool(self._database.read("select 1 from streams where id = :id", id=stream))

    def of(self, key: str) -> list[tuple[Answer, str]]:
        """Predictions of one row by its key, or the one of this id, the newest first; and when each was made."""
        place = _ID.fullmatch(key)
        columns = ", ".join(f"a.{name}" for name in ANSWER[1:])
        rows = self._database.read(
            f"select s.id, s.name, s.version, {columns}, coalesce(r.body, '') from answers a "
            "join streams s on s.number = a.stream left join answered_rows r on r.stream = a.stream and r.number = a.number "
            "where (a.key = :key and a.key <> '') or (s.id = :stream and a.number = :number) "
            "order by a.stream desc, a.number desc",
            key=key,
            stream=place[1] if place else "",
            number=int(place[2]) if place else -1,
        )
        found = [Answer(Stream(*row[:3]), *row[3:]) for row in rows]
        return [(one, _text(one.at)) for one in found]

    def outcomes(self, name: str, version: str, most: int) -> list[tuple[float, str, str]]:
        """Score, class that was said, and label of rows that a version answered or scored into a table, one a row.

        Of several the last counts, and before those in a table one that a server gave. The class is "" of two classes, and
        in older tables.

        Parameters
        ----------
        most : int
            Labels that are looked at, the newest first.
        """
        query = "select key, label from labels where name = :name order by at desc limit :most"
        found: dict[str, tuple[float, str]] = {}
        with self._database.still() as connection:
            labels = {
                str(key): str(label) for key, label in connection.execute(sa.text(query), {"name": name, "most": most})
            }
            keys = list(labels)
            scored = sa.text(
                "select p.key, p.score, p.said from predictions p join scorings s on s.number = p.scoring where s.name = :name "
                "and s.version = :version and p.score is not null and p.key in :asked order by p.scoring"
            ).bindparams(sa.bindparam("asked", expanding=True))
            for start in range(0, len(keys), _ASKED):
                asked_now = {"name": name, "version": version, "asked": keys[start : start + _ASKED]}
                rows = connection.execute(scored, asked_now)
                found |= {str(key): (float(score), str(said)) for key, score, said in rows}
            of_streams: dict[str, list[int]] = {}
            for place in filter(None, map(_ID.fullmatch, labels)):
                of_streams.setdefault(place[1], []).append(int(place[2]))
            given: list[tuple[str, str, Sequence[str | int]]] = [("a.key <> '' and a.key in :asked", "", keys)]
            given += [
                ("s.id = :stream and a.number in :asked", stream, numbers) for stream, numbers in of_streams.items()
            ]
            for where, stream, asked in given:
                values = {"name": name, "version": version} | ({"stream": stream} if stream else {})
                answered = sa.text(
                    "select case when a.key = '' then s.id || '-' || a.number else a.key end, a.score, a.said from answers a "
                    "join streams s on s.number = a.stream where s.name = :name and s.version = :version "
                    f"and a.score is not null and {where} order by a.stream, a.number"
                ).bindparams(sa.bindparam("asked", expanding=True))
                for start in range(0, len(asked), _ASKED):
                    rows = connection.execute(answered, values | {"asked": asked[start : start + _ASKED]})
                    found |= {str(key): (float(score), str(said)) for key, score, said in rows}
        return [(*found[key], label) for key, label in labels.items() if key in found]

    def some_keys(self, most: int) -> list[str]:
        """Keys of some predictions."""
        query = "select distinct key from answers where key <> '' limit :most"
        return [str(key) for (key,) in self._database.read(query, most=most)]

    def expire(self, name: str, *, predictions: float | None, rows: float | None) -> Expired:
        """Remove what is older, piece by piece, so that who writes meanwhile waits for moments only.

        Parameters
        ----------
        predictions, rows : float or None
            Moments, in seconds since 1970: predictions (of servers and of tables) and labels made before the first go,
            and what rows held before the second, but at the latest with their predictions; None leaves them.
        """
        n_rows = self._aged("answered_rows", name, _later(predictions, rows))
        if predictions is None:
            return Expired(0, n_rows, 0)
        n_predictions = self._aged("answers", name, predictions)
        before = datetime.fromtimestamp(predictions, UTC).isoformat(timespec="milliseconds")
        scored = "select number from scorings where name = :name and made < :before"
        n_predictions += self._database.write(
            f"delete from predictions where scoring in ({scored})", name=name, before=before
        )
        n_labels = self._database.write("delete from labels where name = :name and at < :at", name=name, at=before)
        return Expired(n_predictions, n_rows, n_labels)

    def due(self, name: str, *, predictions: float | None, rows: float | None) -> Expired:
        """What `expire` would remove."""
        streams = "stream in (select number from streams where name = :name)"
        until = _later(predictions, rows)
        n_rows = self._count(f"answered_rows where {streams} and at < :ms", name, until)
        n_answers = self._count(f"answers where {streams} and at < :ms", name, predictions)
        scored = "scoring in (select number from scorings where name = :name and made < :text)"
        n_scored = self._count(f"predictions where {scored}", name, predictions)
        n_labels = self._count("labels where name = :name and at < :text", name, predictions)
        return Expired(n_answers + n_scored, n_rows, n_labels)

    def _count(self, what: str, name: str, before: float | None) -> int:
        if before is None:
            return 0
        moment = datetime.fromtimestamp(before, UTC).isoformat(timespec="milliseconds")
        values = {"ms": int(before * 1000), "text": moment}
        used = {one: value for one, value in values.items() if f":{one}" in what}
        ((count,),) = self._database.read(f"select count(*) from {what}", name=name, **used)
        return int(count)

    def _aged(self, table: str, name: str, before: float | None) -> int:
        if before is None:
            return 0
        streams = "select number from streams where name = :name"
        which = f"select at from {table} where stream in ({streams}) and at < :before order by at limit 1 offset :piece"
        n_gone = 0
        while True:
            values = {"name": name, "before": int(before * 1000), "piece": _PIECE}
            further = self._database.read(which, **values)
            until = int(further[0][0]) + 1 if further else values["before"]
            n_gone += self._database.write(
                f"delete from {table} where stream in ({streams}) and at < :until", name=name, until=until
            )
            if not further:
                return n_gone


def _stream(connection: sa.Connection, stream: Stream) -> int:
    known = sa.text("select number from streams where id = :id")
    number = connection.execute(known, {"id": stream.id}).scalar_one_or_none()
    if number is None:
        connection.execute(
            sa.text("insert into streams (id, name, version, began) values (:id, :name, :version, :now)"),
            {"id": stream.id, "name": stream.name, "version": stream.version, "now": now()},
        )
        number = connection.execute(known, {"id": stream.id}).scalar_one()
    return int(number)


def _later(*moments: float | None) -> float | None:
    return max((one for one in moments if one is not None), default=None)


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
