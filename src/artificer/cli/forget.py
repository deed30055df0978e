"""The command that forgets a person."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from artificer.cli.show import document, json_option, workspace_option
from artificer.cli.subject import Subject
from artificer.cli.workspaces import WORK, root_of


@click.command()
@click.argument("key")
@click.argument("named", metavar="[BRIEF]", required=False, type=Subject("brief"))
@click.option(
    "--brief", type=click.Path(path_type=Path), help="Whose person it is; default: the workspace's only model."
)
@click.option("--dry-run", is_flag=True, help="Say what holds the person, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_option
@json_option
def forget(
    key: str, named: Path | None, brief: Path | None, dry_run: bool, yes: bool, workspace: Path | None, as_json: bool
) -> int:
    """Remove the person with KEY from the ledger, the tables that were filled and the tasks; name the models trained on them.

    KEY is written as for `why`. Your own data and copies of the ledger are named, never changed. A mark that only the
    secret beside the ledger can read stays, so that score and track can say when the person comes back.
    """
    from artificer.forget import forget as removed
    from artificer.forget import held, told
    from artificer.line.ask import read_brief

    if named is not None and brief is not None:
        raise click.UsageError(f"which brief: '{named}' or '{brief}'? Name it once")
    brief = named or brief
    written = read_brief(brief) if brief is not None else None
    folder = brief.resolve().parent if brief is not None else None
    root = workspace or (folder / WORK if folder is not None else root_of(None))
    found = held(key, root, written, folder)
    if not dry_run:
        if not yes and not as_json:
            for line in told(found):
                click.echo(line)
        if not yes and not _agreed(key):
            click.echo("nothing was removed")
            return 0
        found = removed(found, root, written, folder)
    if as_json:
        document("forget", 0, found)
        return 0
    for line in told(found):
        click.echo(line)
    if found.removed:
        click.echo(f"keep the file forget.secret in '{root}': without it nobody can tell when the person comes back")
    return 0


def _agreed(key: str) -> bool:
    try:
        return click.confirm(f"Remove what holds '{key}'", err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        raise click.UsageError(
            "nobody is there to answer; --yes removes without asking, --dry-run removes nothing"
        ) from error
