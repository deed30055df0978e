"""Commands that look into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.ledger_copies import backup, export, upgrade
from artificer.cli.show import coloured, document, json_option, workspace_option
from artificer.cli.subject import what
from artificer.cli.workspaces import root_of, where_argument
from artificer.core.errors import DamagedError, WorkspaceError
from artificer.core.figures import counted

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger, RunRow


@click.command()
@click.argument("key")
@where_argument
@click.option("--brief", type=click.Path(path_type=Path), help="Whose workspace to look into; default: the one here.")
@click.option(
    "--rows", default="", help="Where the row stands, to say what would turn its decision; default: [track] new."
)
@workspace_option
@json_option
def why(key: str, where: Path | None, brief: Path | None, rows: str, workspace: Path | None, as_json: bool) -> int:
    """Tell the story of the prediction of the row with KEY: its reasons, what would turn it, who made it, and what followed.

    Several key columns are joined by "|"; a row without a key is called by its source and position: new.csv:17.
    """
    from artificer.why import account_told, accounts_of

    if where is not None and brief is not None:
        raise click.UsageError(f"which brief: '{where}' or '{brief}'? Name it once")
    brief = where or brief
    if rows and "://" not in rows:
        rows = str(Path.cwd() / rows)
    found = accounts_of(
        key, workspace or root_of(brief), brief if brief is not None and what(brief) == "brief" else None, rows
    )
    if as_json:
        document("why", 0, found)
        return 0
    for account in found:
        for line in account_told(account):
            click.echo(line)
    return 0


@click.group()
def ledger() -> None:
    """Look into the ledger: what ran, what was decided, what is served; copy it and look after it."""


for one in (backup, export, upgrade):
    ledger.add_command(one)


@ledger.command()
@where_argument
@json_option
def runs(where: Path | None, as_json: bool) -> int:
    """All runs, the newest first."""
    from artificer.core.ledger import ledger_of

    found = ledger_of(root_of(where)).runs()
    if as_json:
        document("ledger runs", 0, found)
        return 0
    _table(("run", "brief", "ended", "code", "model"), map(_run_cells, found))
    return 0


@ledger.command()
@where_argument
@json_option
def versions(where: Path | None, as_json: bool) -> int:
    """What was served, and why it changed: of BRIEF's model, or of all models of a workspace."""
    from artificer.core.ledger import ledger_of

    book = ledger_of(root_of(where))
    names = [_model_of(where)] if where is not None and what(where) == "brief" else book.names()
    found = [change for name in names for change in book.history(name)]
    if as_json:
        document("ledger versions", 0, found)
        return 0
    _table(
        ("model", "revision", "version", "action", "since", "because"),
        ((one.name, one.revision, one.version, one.action, one.at[:16], one.because) for one in found),
    )
    return 0


@ledger.command()
@where_argument
@click.option("--run", "run_id", help="Of this run; default: the newest one that decided something.")
@json_option
def decisions(where: Path | None, run_id: str | None, as_json: bool) -> int:
    """What a run decided, and why."""
    from artificer.core.errors import closest
    from artificer.core.ledger import ledger_of

    book = ledger_of(root_of(where))
    ids = [one.id for one in book.runs()]
    if run_id is not None and run_id not in ids:
        raise WorkspaceError(f"the ledger {book.shown} knows no run '{run_id}'{closest(run_id, ids, 'closest run')}")
    chosen = [run_id] if run_id else ids
    made, noticed = next((found for found in map(book.told, chosen) if any(found)), ([], []))
    if as_json:
        document("ledger decisions", 0, {"runs": chosen[:1]}, findings=noticed, decisions=made)
        return 0
    for one in made:
        click.echo(f"{one.stage:9} {one.question} {one.choice}: {one.because}")
    return 0


@ledger.command()
@where_argument
@json_option
def rebuild(where: Path | None, as_json: bool) -> int:
    """Enter the packages on disk again: rows of the ledger about files are an index of them."""
    from artificer.core.ledger import ledger_of
    from artificer.runs import summaries

    root = root_of(where)
    book, entered = ledger_of(root), []
    for _, summary in summaries(root):
        shipped = summary.page.shipped
        if (root / shipped.package).is_dir():
            book.package(shipped.version, summary.page.brief.name, shipped.model_hash, summary.run_id)
            entered.append(shipped.version)
    if as_json:
        document("ledger rebuild", 0, {"packages": entered})
    else:
        click.echo(f"{counted(len(entered), 'package is', 'packages are')} entered in {book.shown}")
    return 0


@ledger.command()
@where_argument
@json_option
def check(where: Path | None, as_json: bool) -> int:
    """See that the ledger is whole, that its rows belong together, and that what is served is there; ends with 3 if not."""
    from artificer.core.ledger import ledger_of

    root = root_of(where)
    try:
        book = ledger_of(root)
        troubles = book.troubles() or _unserved(book, root)
    except DamagedError as error:
        troubles = [str(error)]
    code = 3 if troubles else 0
    if as_json:
        document("ledger check", code, {"troubles": troubles})
        return code
    for trouble in troubles:
        click.echo(coloured(f"✗ {trouble}"))
    if not troubles:
        click.echo(coloured(f"✓ {book.shown} is whole, and what is served is there"))
    return code


def _model_of(brief: Path) -> str:
    from artificer.line.ask import read_brief

    return read_brief(brief).name


def _unserved(book: Ledger, root: Path) -> list[str]:
    """What is to be served and cannot be read."""
    import artificer_runtime

    troubles = []
    for name in book.names():
        served = book.served(name)
        assert served is not None
        try:
            artificer_runtime.load(root / "packages" / served.version)
        except artificer_runtime.RuntimeInputError as error:
            troubles.append(f"'{name}' is to be served by {served.version}: {error}")
    return troubles


def _run_cells(one: RunRow) -> tuple[object, ...]:
    code = "" if one.code is None else one.code
    return one.id, one.brief, (one.ended or "not ended")[:16], code, (one.model_hash or "")[:12]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(one) for one in column) for column in zip(head, *cells, strict=True)]
    for row in (head, *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
