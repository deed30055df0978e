"""Commands that say who may do what at the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import document, json_option, table
from artificer.cli.workspaces import root_of, where_argument
from artificer.core.access import RIGHTS

if TYPE_CHECKING:
    from artificer.core.access import Key, Keys

file_option = click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    help="A file of keys, in place of a ledger's, for `serve --keys`.",
)


@click.group()
def keys() -> None:
    """Say who may do what at the server: keys, each with its scopes."""


@keys.command()
@click.argument("name")
@where_argument
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(RIGHTS),
    help="What it allows; several may be given.",
)
@click.option("--expires", metavar="90d", help="How long it lives; default: until it is revoked.")
@file_option
@json_option
def add(
    name: str, where: Path | None, scopes: tuple[str, ...], expires: str | None, file: Path | None, as_json: bool
) -> int:
    """Make a key for NAME and print it, this once: only its SHA-256 is kept.

    What is done by it is known as NAME's; give a person the name of their account, by which the versions that they make
    are known.
    """
    from artificer.core import access
    from artificer.line.ask.durations import seconds

    key, text = access.made(name, scopes, seconds(expires, "--expires") if expires else None)
    if file is not None:
        _rewrite(file, [*_lines(file), access.written(key)])
    else:
        with _keys(where) as known:
            known.add(key)
    if as_json:
        document(
            "keys add", 0, {"id": key.id, "name": key.name, "scopes": key.scopes, "expires": key.expires, "key": text}
        )
        return 0
    click.echo(text)
    until = f"until {key.expires}" if key.expires else f"until `artificer keys revoke {key.id}`"
    click.echo(f"{key.name} may {', '.join(key.scopes)}, {until}; the key is shown this once", err=True)
    return 0


@keys.command("list")
@where_argument
@file_option
@json_option
def list_(where: Path | None, file: Path | None, as_json: bool) -> int:
    """All keys, without what their holders have: id, name, scopes, and whether they open anything."""
    from artificer.core import access

    if file is not None:
        found = access.read("\n".join(_lines(file)), f"'{file}'")
    else:
        with _keys(where) as known:
            found = known.all()
    if as_json:
        shown = ("id", "name", "scopes", "created", "expires", "used", "revoked")
        document("keys list", 0, [{one: getattr(key, one) for one in shown} for key in found])
        return 0
    table(("id", "name", "scopes", "created", "last used", "state"), map(_cells, found))
    return 0


@keys.command()
@click.argument("id")
@where_argument
@file_option
@json_option
def revoke(id: str, where: Path | None, file: Path | None, as_json: bool) -> int:
    """Have the key with ID open nothing: within a second or two, at every server."""
    from artificer.core import access
    from artificer.core.errors import WorkspaceError, closest

    if file is not None:
        known_ids = [key.id for key in access.read("\n".join(_lines(file)), f"'{file}'")]
        if id not in known_ids:
            raise WorkspaceError(f"there is no key '{id}' in '{file}'{closest(id, known_ids, 'closest id')}")
        _rewrite(file, [line for line in _lines(file) if line.split()[:1] != [id]])
        name = id
    else:
        with _keys(where) as known:
            name = known.revoke(id).name
    if as_json:
        document("keys revoke", 0, {"id": id, "name": name})
    else:
        click.echo(f"✓ {id} ({name}) opens nothing any more")
    return 0


@contextmanager
def _keys(where: Path | None) -> Iterator[Keys]:
    from artificer.core.ledger import ledger_of
    from artificer.core.life import URL_ENV

    # Where a server runs from an image there is no workspace, and the ledger is named by the environment.
    book = ledger_of(Path.cwd() if where is None and os.environ.get(URL_ENV) else root_of(where))
    try:
        yield book.keys
    finally:
        book.close()


def _cells(key: Key) -> tuple[object, ...]:
    from artificer.core.access import moment

    lives = key.lives(moment())
    state = (
        f"until {key.expires[:10]}"
        if lives and key.expires
        else "open"
        if lives
        else "revoked"
        if key.revoked
        else "at its end"
    )
    return key.id, key.name, ",".join(key.scopes), key.created[:10], key.used or "never", state


def _lines(file: Path) -> list[str]:
    from artificer.core.errors import WorkspaceError

    try:
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"the keys in '{file}' cannot be read: {error}") from error


def _rewrite(file: Path, lines: list[str]) -> None:
    """Write a file of keys, whole or not at all, for nobody else to read."""
    from artificer.core.store import told

    with told(file):
        draft = file.with_name(f".{file.name}.new")
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        draft.replace(file)
