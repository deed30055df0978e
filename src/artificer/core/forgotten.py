"""Persons who are to be forgotten: what of them stands in the ledger, its removal, and a mark in their place.

A column called ``key`` holds a row's key in every table of the ledger, so that each table is asked. The mark is a keyed
hash: who has the ledger and not the secret beside it cannot find out whose it is, not even by trying all keys.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from artificer.core.database import Database
from artificer.core.errors import UnreadError, WorkspaceError
from artificer.core.figures import counted
from artificer.core.records import Fact, Finding
from artificer.core.store import told

MIGRATION = (
    "create table forgotten (mark text primary key, secret text not null, name text not null, at text not null, "
    "models text not null)",
)
SECRET_ENV = "ARTIFICER_FORGET_SECRET"
SECRET_FILE = "forget.secret"


@dataclass(frozen=True, slots=True)
class Marked:
    """What is left of a person who was forgotten: when that was, and which packages had been trained on them."""

    at: str
    models: tuple[str, ...]


class Forgotten:
    """Persons who were, or are to be, forgotten.

    Raises
    ------
    WorkspaceError
        Each method, when the ledger cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def holds(self, name: str, key: str) -> dict[str, int]:
        """How many rows of a person of a model stand in which table; tables without one are left out."""
        counts = {}
        for table, where in self._places().items():
            ((count,),) = self._database.read(f"select count(*) from {table} where {where}", name=name, key=key)
            if count:
                counts[table] = int(count)
        return counts

    def names(self, key: str) -> list[str]:
        """Models that know a person of this key."""
        known = self._database.read(
            "select name from scorings union select name from streams union select name from labels "
            "union select name from packages order by 1"
        )
        return [str(name) for (name,) in known if self.holds(name, key)]

    def tables_filled(self, name: str, key: str) -> list[str]:
        """Tables that `score` wrote the person into, as the ledger knows them."""
        found = self._database.read(
            "select distinct s.source from scorings s join predictions p on p.scoring = s.number "
            "where p.key = :key and s.name = :name order by 1",
            key=key,
            name=name,
        )
        return [str(source) for (source,) in found]

    def forget(self, name: str, key: str, secret: bytes, models: Sequence[str]) -> int:
        """Remove a person, leave a mark, and see that no byte of them stays in the file; how many rows went.

        The mark stands before any row goes: who writes and then looks for marks sees it, or what they wrote goes too.

        Parameters
        ----------
        models : sequence of str
            Versions that were trained on them, to be named when the mark is met.
        """
        values = {
            "mark": mark(secret, name, key),
            "secret": secret_id(secret),
            "name": name,
            "now": datetime.now(UTC).isoformat(timespec="seconds"),
            "models": json.dumps(list(models)),
        }
        self._database.write(
            "insert into forgotten values (:mark, :secret, :name, :now, :models) on conflict (mark) do nothing",
            **values,
        )
        n_rows = 0
        places = self._places()
        with self._database.writing() as connection:
            # What a row held goes before the prediction that it is found by.
            for table in sorted(places, key=lambda table: table != "answered_rows"):
                gone = connection.execute(
                    sa.text(f"delete from {table} where {places[table]}"), {"name": name, "key": key}
                )
                n_rows += gone.rowcount
        self._database.scrub()
        return n_rows

    def met(self, name: str, secret: bytes | None, keys: Iterable[str | None]) -> dict[str, Marked]:
        """Which of these keys are those of forgotten persons of a model, and what is left of them.

        Raises
        ------
        UnreadError
            When they were forgotten under another secret: nobody can be recognised.
        """
        query = "select mark, secret, at, models from forgotten where name = :name"
        rows = self._database.read(query, name=name)
        if not rows:
            return {}
        strange = [row for row in rows if secret is None or row[1] != secret_id(secret)]
        if secret is None or strange:
            raise UnreadError(
                f"{len(strange):,} persons of '{name}' were forgotten under a secret that is not here, so they cannot be "
                f"recognised; bring back the workspace's file {SECRET_FILE}, or its text in {SECRET_ENV}"
            )
        known = {one: Marked(str(at), tuple(json.loads(models))) for one, _, at, models in rows}
        marks = ((key, mark(secret, name, key)) for key in keys if key is not None)
        return {key: known[one] for key, one in marks if one in known}

    def any(self, name: str) -> bool:
        """Whether anybody was forgotten."""
        return bool(self._database.read("select 1 from forgotten where name = :name limit 1", name=name))

    def _places(self) -> dict[str, str]:
        """Tables that hold persons, and what finds one there."""
        found = {}
        for table, columns in self._database.columns().items():
            if "key" not in columns:
                continue
            where = "key = :key"
            if "name" in columns:
                where += " and name = :name"
            elif "scoring" in columns:
                where += " and scoring in (select number from scorings where name = :name)"
            elif "stream" in columns:
                where += " and key <> '' and stream in (select number from streams where name = :name)"
            found[table] = where
        found["answered_rows"] = f"(stream, number) in (select stream, number from answers where {found['answers']})"
        return found


def returned(ledger: Forgotten, root: Path, name: str, keys: Iterable[str | None]) -> tuple[Finding, ...]:
    """Say that rows are those of persons who asked to be forgotten, or that this cannot be told.

    Parameters
    ----------
    root : Path
        The workspace, whose secret the marks are read with.
    """
    if not ledger.any(name):
        return ()
    try:
        met = ledger.met(name, secret_of(root), keys)
    except WorkspaceError as error:
        fix = "until then keep forgotten persons out of the data by other means"
        return (Finding("forgotten_unread", "warning", "", str(error), fix),)
    if not met:
        return ()
    since = min(one.at for one in met.values())[:10]
    return (
        Finding(
            "forgotten_returns",
            "warning",
            "",
            f"{counted(len(met), 'row is', 'rows are')} of persons who were to be forgotten (the first since {since})",
            "take them out of the data where they come from, then `artificer forget` again",
            (Fact("persons", float(len(met)), "persons"),),
        ),
    )


def mark(secret: bytes, name: str, key: str) -> str:
    """What stands in a person's place: BLAKE2b (RFC 7693) of model and key, keyed with the secret."""
    return hashlib.blake2b(f"{name}\0{key}".encode(), key=secret, digest_size=16).hexdigest()


def secret_of(root: Path, *, make: bool = False) -> bytes | None:
    """The secret of a workspace: in the environment variable, or in a file of it that only its owner can read.

    Parameters
    ----------
    make : bool
        Make one where there is none.

    Raises
    ------
    WorkspaceError
        When it cannot be read or made; when one is to be made, and there is an empty file, which is none.
    """
    given = os.environ.get(SECRET_ENV)
    if given:
        return hashlib.sha256(given.encode()).digest()
    path = root / SECRET_FILE
    with told(path):
        if make and not path.exists():
            _make(path)
        text = path.read_bytes().strip() if path.exists() else b""
    if make and not text:
        raise WorkspaceError(
            f"'{path}' is empty, and nobody is forgotten under a secret that anybody knows; bring it back from a copy, or "
            "remove it where nobody was forgotten with it yet"
        )
    return hashlib.sha256(text).digest() if text else None


def _make(path: Path) -> None:
    """Make a secret that stands there whole or not at all; where another process was quicker, its own stands."""
    staging = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(staging, path)
    finally:
        staging.unlink(missing_ok=True)


def secret_id(secret: bytes) -> str:
    """Names a secret without telling it."""
    return hashlib.sha256(b"id" + secret).hexdigest()[:12]
