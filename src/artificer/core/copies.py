"""Copies of a ledger while it is in use, and bringing an older one to this version: never without a copy before."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from artificer.core.database import Database
from artificer.core.errors import WorkspaceError
from artificer.core.ledger import Ledger
from artificer.core.migrations import MIGRATIONS
from artificer.core.store import flush, told

FOLDER = "backups"


def backup(place: Path | str, to: Path) -> Path:
    """Copy a ledger as it stands at one moment, while others write to it, and see that the copy is whole.

    Parameters
    ----------
    place : Path or str
        Of the ledger, of whatever version.
    to : Path
        The file to write; none may be there.

    Raises
    ------
    WorkspaceError
        When there is no ledger, it is damaged or stands in PostgreSQL, which has a program for this; when the copy cannot
        be written.
    """
    if not isinstance(place, Path):
        raise WorkspaceError(f"a ledger in PostgreSQL is copied by PostgreSQL's own program: {_pg_dump(place, to)}")
    _there(place)
    if to.exists():
        raise WorkspaceError(f"'{to}' exists already, and a copy never replaces another; name another file with --to")
    temporary = to.with_name(f".{to.name}.{uuid.uuid4().hex[:8]}")
    with told(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copied(place, temporary, to)
            flush(temporary, files=False)
            temporary.rename(to)
            flush(to.parent, files=False)
        finally:
            temporary.unlink(missing_ok=True)
    return to


def default_copy(root: Path) -> Path:
    """Where a copy of a workspace's ledger goes unless a place is named."""
    return root / FOLDER / f"ledger-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"


def version_of(place: Path | str) -> int:
    """Which version a ledger is of.

    Raises
    ------
    WorkspaceError
        When there is none, or it cannot be read.
    """
    if isinstance(place, Path):
        _there(place)
    database = Database(place, None)
    try:
        return database.version
    finally:
        database.close()


def upgraded(place: Path | str) -> int:
    """Bring a ledger to this version, all of it or nothing, and give that version; others wait meanwhile.

    Raises
    ------
    WorkspaceError
        As for `Ledger`.
    """
    Ledger(place, upgrade=True).close()
    return len(MIGRATIONS)


def _copied(place: Path, temporary: Path, to: Path) -> None:
    try:
        with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
            target.execute("pragma journal_mode = delete")  # one file, without a log beside it
            said = [str(one) for (one,) in target.execute("pragma integrity_check")]
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"the ledger '{place}' cannot be copied to '{to}': {error}; see that the disk has space, and "
            "`artificer ledger check`"
        ) from error
    if said != ["ok"]:
        raise WorkspaceError(
            f"the ledger '{place}' is damaged ({said[0]}), and so would its copy be; go back to an earlier copy, or rebuild "
            "what files tell with `artificer ledger rebuild`"
        )


def _there(place: Path) -> None:
    if not place.is_file():
        raise WorkspaceError(f"there is no ledger '{place}'; name a brief, or its workspace")


def _pg_dump(url: str, to: Path) -> str:
    parts = sa.make_url(url)
    safe = sa.URL.create("postgresql", parts.username, None, parts.host, parts.port, parts.database)
    named = to.with_suffix(".dump")
    return f"pg_dump --format=custom --file={os.fspath(named)} {safe.render_as_string()}"
