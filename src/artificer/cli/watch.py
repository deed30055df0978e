"""Commands that renew a model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import How, coloured, document, line_options, progress, typed
from artificer.cli.subject import Subject
from artificer.core.errors import ArtificerError
from artificer_runtime.errors import RuntimeInputError

if TYPE_CHECKING:
    from artificer.watch import Watched

SIGNS = {"nothing": "✓", "promote": "✓", "keep": "✓", "roll back": "✓", "ask": "?", "alert": "✗"}
SAYS = {
    "nothing": "nothing to do",
    "promote": "a challenger was promoted",
    "keep": "the champion stays",
    "roll back": "rolled back to the previous version",
    "ask": "a person is asked",
    "alert": "a person is needed",
}


@click.command()
@click.argument("brief", type=Subject("brief"))
@click.option("--once", "only_once", is_flag=True, help="Take one look and end; else one every --pause seconds.")
@click.option("--pause", "pause_s", type=click.FloatRange(min=1), default=3600.0, help="Seconds between looks.")
@line_options
def watch(brief: Path, only_once: bool, pause_s: float, how: How) -> int:
    """Look at the new rows of BRIEF; retrain and promote when that pays and [authority] allows it.

    A later look that fails, as on a file that is still being written, is told, and the next one is taken all the same.
    Ends with 0 when all is well or was mended, 3 when a person is needed, 99 when nothing was due.
    """
    from artificer.watch import once

    if how.as_json and not only_once:
        raise click.UsageError("--json prints one document: it goes with --once")
    code = show("watch", once(brief, workspace=how.workspace, limit_s=how.limit_s, progress=progress()), how)
    while not only_once:
        time.sleep(pause_s)
        try:
            show("watch", once(brief, workspace=how.workspace, limit_s=how.limit_s, progress=progress()), how)
        except (ArtificerError, RuntimeInputError) as error:
            click.echo(f"artificer: {error}\nthe next look is taken in {pause_s:g} s", err=True)
    return code


@click.command()
@click.argument("brief", type=Subject("brief"))
@click.option("--promote", "version", metavar="VERSION", help="Serve this version from now on.")
@click.option("--roll-back", "back", is_flag=True, help="Serve the previous version again.")
@click.option("--because", default="", help="Why a person promotes or rolls back; kept in the ledger.")
@line_options
def update(brief: Path, version: str | None, back: bool, because: str, how: How) -> int:
    """Retrain BRIEF on all that is known by now, and let the challenger meet the champion on rows that neither saw.

    It is promoted when it is shown to be better and [authority] promote is "act"; else --promote does it.
    """
    from artificer import watch

    if version and back:
        raise click.UsageError("--promote and --roll-back exclude each other")
    if version or back:
        with watch.versions(brief, workspace=how.workspace) as them:
            ended = them.ledger.rollouts.wanted(them.name).told if back else ""
            served = them.promote(version, because) if version else them.roll_back(because)[0]
        before = f"revision {served.revision}, before: {served.previous or 'none'}"
        if how.as_json:
            document("update", 0, served)
        elif ended:
            click.echo(coloured(f"✓ the {ended} is ended; {served.version} answers all"))
        else:
            click.echo(coloured(f"✓ {served.version} is served now ({before})"))
        return 0
    found = watch.once(brief, workspace=how.workspace, limit_s=how.limit_s, progress=progress(), anyway=True)
    return show("update", found, how)


def show(command: str, found: Watched, how: How) -> int:
    """Show what a look led to, and give the exit code."""
    looked = found.looked
    if how.as_json:
        files = {"story": found.story} if found.story else {}
        findings, decisions = (looked.findings, looked.decisions) if looked else ((), ())
        result = {"because": found.because, "served": found.served, "looked": looked}
        document(command, found.code, result, findings=findings, decisions=decisions, files=files)
        return found.code
    if looked is None:
        click.echo(f"nothing was due: {found.because}")
    else:
        click.echo(coloured(f"{SIGNS[looked.outcome]} {SAYS[looked.outcome]}: {looked.because}"))
    if looked is not None and looked.outcome == "ask" and looked.challenger:
        click.echo(f"  say yes: artificer approve BRIEF {looked.challenger} --because …")
    click.echo(f"served   {found.served.version} (revision {found.served.revision}, since {found.served.since[:16]})")
    if found.story is not None:
        click.echo(f"story    {typed(found.story)}")
    return found.code
