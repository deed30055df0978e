"""The command that looks at new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import coloured, document, json_option, workspace_option
from artificer.cli.subject import what

if TYPE_CHECKING:
    from artificer.core.life import Tracked
    from artificer.core.records import Finding

SIGNS = {"harmful": "✗", "benign": "✓", "undecidable": "?"}
SHOWN = 0.005


@click.command()
@click.argument("subject", metavar="BRIEF|PACKAGE", type=click.Path(path_type=Path))
@click.argument("new", metavar="[NEW]", required=False)
@workspace_option
@json_option
def track(subject: Path, new: str | None, workspace: Path | None, as_json: bool) -> int:
    """Find what moved in NEW rows against those that a PACKAGE was judged on, and what that does to its score.

    Of a BRIEF: the served version, against the rows of its [track]. Ends with 3 when they harm the score.
    """
    from artificer.data.readers import read
    from artificer.line.track import track as track_rows

    if what(subject) == "package":
        if new is None:
            raise click.UsageError("which rows? A package does not say: artificer track PACKAGE NEW")
        found = track_rows(subject, read(new).frame)
    else:
        found = _of_brief(subject, new, workspace)
    code = 3 if found.harm == "harmful" else 0
    if as_json:
        document("track", code, found, findings=found.findings, decisions=found.decisions)
        return code
    _show(found)
    return code


def _of_brief(brief: Path, new: str | None, workspace: Path | None) -> Tracked:
    """The served version, against other rows, or against what came in that it has not seen."""
    from dataclasses import replace

    import polars as pl

    from artificer.core.ledger import ledger_of
    from artificer.data.sources import incoming, rows_of
    from artificer.line.ask import begin
    from artificer.line.track import track as track_rows
    from artificer.watch.scene import scene_of, served_version

    state = begin(brief, workspace=workspace)
    back: tuple[Finding, ...] = ()
    ledger = ledger_of(state.workspace.root)
    served = served_version(ledger, state.brief.name)
    if new is not None:
        frame = rows_of(new, state.brief, Path.cwd()).frame
    else:
        loaded = incoming(state.brief, state.folder)
        scene = scene_of(state, ledger, served, loaded) if loaded is not None else None
        frame = scene.fresh if scene is not None else pl.DataFrame()
        back = scene.returned if scene is not None else ()
    ledger.close()
    found = track_rows(state.workspace.root / "packages" / served.version, frame, brief=state.brief)
    return replace(found, findings=(*back, *found.findings))


def _show(found: Tracked) -> None:
    from artificer.core.figures import better_by
    from artificer.told import finding_told, told

    if found.n_rows:
        first, *_ = told("track", found)
        click.echo(coloured(f"{SIGNS[found.harm]} {first}"))
    moved = [one for one in found.shifts if one.distance >= SHOWN or one.harm == "harmful"]
    width = max((len(one.column or "the prediction") for one in moved), default=0)
    for one in moved:
        name = one.column or "the prediction"
        effect = f"{found.metric} {better_by(one.effect)}"
        click.echo(coloured(f"{SIGNS[one.harm]} {name:{width}}  {one.distance:4.0%} moved  {effect}  {one.largest}"))
    for finding in found.findings:
        click.echo(finding_told(finding))
