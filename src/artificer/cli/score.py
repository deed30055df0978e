"""The command that fills a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import document, json_option, typed, workspace_option
from artificer.cli.sign import require_signed_option
from artificer.cli.subject import what
from artificer.core.figures import counted

if TYPE_CHECKING:
    from artificer.core.life import Scored


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.argument("given", metavar="[ROWS]", required=False)
@click.option("--rows", help="File, glob or x.sqlite#table to score; default: [track] new of the brief.")
@click.option(
    "-o",
    "--out",
    help="Table to fill: .parquet, .csv, .jsonl, .arrow or x.sqlite#table; default: [output] of the brief.",
)
@click.option("--out-env", default="", help="Environment variable that holds a database's URL; --out names its table.")
@click.option("--version", default="", help="Score with this version of the BRIEF's packages; default: the served one.")
@require_signed_option
@workspace_option
@json_option
def score(
    subject: Path,
    given: str | None,
    rows: str | None,
    out: str | None,
    out_env: str,
    version: str,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Fill a table with scores and decisions: of new rows by a BRIEF's served version, or of ROWS by a PACKAGE.

    The same call again writes the same rows, never twice.
    """
    import artificer

    if given is not None and rows is not None:
        raise click.UsageError(f"which rows: '{given}' or '{rows}'? Name them once")
    packed = what(subject) == "package"
    if packed and (given is None and rows is None):
        raise click.UsageError("which rows? A package does not say: artificer score PACKAGE ROWS --out TABLE")
    done = artificer.score(subject, given or rows, out, out_env=out_env, version=version, workspace=workspace)
    if as_json:
        document("score", 0, done, findings=done.findings)
        return 0
    show(done)
    if not packed and done.n_review:
        click.echo(
            f"\n{counted(done.n_review, 'row waits', 'rows wait')} for a person: artificer review {typed(subject)}"
        )
    if not packed and done.n_rows:
        click.echo(
            f"\nNext: the same call again is harmless; when labels have come in: artificer track {typed(subject)}"
        )
    return 0


def show(done: Scored) -> None:
    """Say what was scored."""
    from artificer.told import finding_told

    for finding in done.findings:
        click.echo(f"{finding_told(finding)}; {finding.fix}")
    if not done.n_rows:
        return
    chosen = f": {f'{done.n_chosen:,}' if done.n_chosen else 'none'} of them act" if done.decided else ""
    chosen += f", {done.n_control:,} are control" if done.n_control else ""
    chosen += f", {done.n_review:,} to review" if done.n_review else ""
    click.echo(
        f"{counted(done.n_rows, 'row')} scored by {done.version} in {done.seconds:.1f} s{chosen}; {done.table}: "
        f"{done.n_new:,} new, "
        f"{done.n_changed:,} changed, {done.n_same:,} same"
    )
