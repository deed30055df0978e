"""Commands that copy a ledger, bring an older one up, and write its tables out."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.show import document, json_option
from artificer.cli.workspaces import root_of, where_argument
from artificer.core.figures import counted


@click.command()
@where_argument
@click.option("--to", type=click.Path(path_type=Path), help="File to write; default: a new one in backups/.")
@json_option
def backup(where: Path | None, to: Path | None, as_json: bool) -> int:
    """Copy the ledger as it stands, while others write to it; the copy is one SQLite file, seen to be whole.

    To restore it: end what uses the ledger, put the copy in the place of ledger.db, and remove ledger.db-wal and
    ledger.db-shm. A ledger in PostgreSQL is copied by pg_dump, and the command is told.
    """
    from artificer.core import copies
    from artificer.core.ledger import place_of

    root = root_of(where)
    done = copies.backup(place_of(root), to or copies.default_copy(root))
    if as_json:
        document("ledger backup", 0, {"bytes": done.stat().st_size}, files={"backup": done})
    else:
        click.echo(f"{done} holds the ledger, {done.stat().st_size / 1e6:,.1f} MB")
    return 0


@click.command()
@where_argument
@json_option
def upgrade(where: Path | None, as_json: bool) -> int:
    """Bring a ledger of an older version to this one: a copy first, then all of it or nothing.

    End what uses it before: an older Artificer does not know this version. A ledger in PostgreSQL is written out as JSON
    lines first.
    """
    from artificer.core import copies
    from artificer.core.database import Database
    from artificer.core.ledger import place_of
    from artificer.core.migrations import MIGRATIONS
    from artificer.data.ledger_export import export as write_out

    root = root_of(where)
    place = place_of(root)
    before, copy = copies.version_of(place), None
    if before < len(MIGRATIONS):
        copy = copies.default_copy(root)
        if isinstance(place, Path):
            copies.backup(place, copy)
        else:
            copy, older = copy.with_suffix(""), Database(place, None)
            write_out(older, copy, "jsonl")
            older.close()
    after = copies.upgraded(place)
    if as_json:
        files = {"backup": copy} if copy else {}
        document("ledger upgrade", 0, {"before": before, "after": after}, files=files)
    elif copy is None:
        click.echo(f"the ledger is of version {after} already")
    else:
        click.echo(f"the ledger is of version {after} now; of version {before} it is kept in {copy}")
    return 0


@click.command()
@where_argument
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write into; an empty or new one."
)
@click.option("--as", "kind", type=click.Choice(["parquet", "csv", "jsonl"]), default="parquet", show_default=True)
@json_option
def export(where: Path | None, out: Path, kind: str, as_json: bool) -> int:
    """Write all tables of the ledger as files, of one moment, with a manifest: rows, columns and SHA-256 of each."""
    from artificer.core.database import Database
    from artificer.core.ledger import place_of
    from artificer.core.migrations import MIGRATIONS
    from artificer.data.ledger_export import export as write_out

    database = Database(place_of(root_of(where)), MIGRATIONS)
    try:
        done = write_out(database, out, kind)
    finally:
        database.close()
    if as_json:
        document("ledger export", 0, done, files={one.table: out / one.file for one in done})
    else:
        click.echo(f"{out} holds {counted(len(done), 'table')}, {counted(sum(one.n_rows for one in done), 'row')}")
    return 0
