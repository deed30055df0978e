"""The command that writes a typed client of a served package."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from artificer.cli.show import workspace_option
from artificer.line.ship.clients import Language

ENDINGS = {".py": "python", ".ts": "typescript"}


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write, .py or .ts; default: print it.")
@click.option("--language", type=click.Choice(get_args(Language)), help="Default: by the file's ending, else python.")
@workspace_option
def client(subject: Path, out: Path | None, language: Language | None, workspace: Path | None) -> int:
    """Write a typed client for what `artificer serve BRIEF|PACKAGE` answers, from its OpenAPI document."""
    from artificer.core.store import write_bytes
    from artificer.line.ship.clients import client_code
    from artificer.line.ship.server.described import openapi_of

    if out is not None and language is None and out.suffix not in ENDINGS:
        raise click.UsageError(f"'{out}' ends neither in .py nor in .ts; name the language with --language")
    chosen = language or (ENDINGS[out.suffix] if out is not None else "python")
    code = client_code(openapi_of(subject, workspace), chosen)  # type: ignore[arg-type]
    if out is None:
        click.echo(code, nl=False)
        return 0
    write_bytes(out, code.encode())
    click.echo(f"{out}   {code.count(chr(10)):,} lines of {chosen}")
    return 0
