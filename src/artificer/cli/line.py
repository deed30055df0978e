"""Commands for the whole line: draft a brief, run it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artificer.cli.show import How, coloured, document, line_options, progress, typed
from artificer.cli.subject import Subject, what
from artificer.core.errors import BriefError, there_are

if TYPE_CHECKING:
    from artificer.flow import Done


@click.command()
@click.argument("data", metavar="DATA|BRIEF", type=click.Path(path_type=Path))
@click.option("--target", help="Column to predict.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Where to write the brief; default: beside the data."
)
@click.option("--force", is_flag=True, help="Replace a brief that is there.")
@line_options
def ask(data: Path, target: str | None, out: Path | None, force: bool, how: How) -> int:
    """Draft a brief from DATA (with --target), or check a BRIEF against its data."""
    if what(data) == "brief" or data.suffix == ".toml":
        if target is not None:
            raise click.UsageError(f"'{data}' is a brief, which names its own target; --target goes with data")
        from artificer.cli.stages import run_stage

        return run_stage("ask", data, how)
    Subject("data").convert(data, None, None)
    if target is None:
        from artificer.data.readers import read

        raise click.UsageError(
            f"--target is needed: which column shall be predicted{there_are('', read(data).frame.columns)}"
        )
    path = out or _beside(data)
    if path.exists() and not force:
        raise BriefError(f"'{path}' is there already; name another with --out, or replace it with --force")
    return _draft(data, target, path, how.as_json)


def _draft(data: Path, target: str, path: Path, as_json: bool) -> int:
    from artificer.core.store import write_bytes
    from artificer.line.ask import drafted, questions, read_brief

    draft = drafted(data, target, folder=path.resolve().parent)
    write_bytes(path, draft.text.encode())
    open_questions = [*draft.guesses, *questions(read_brief(path))]
    if as_json:
        result = {"brief": draft.text, "questions": open_questions, "lacks": draft.lacks}
        document("ask", 0, result, files={"brief": path})
        return 0
    click.echo(f"{path} is drafted. What the data cannot tell:")
    for question in open_questions:
        click.echo(f"  ? {question}")
    if draft.lacks:
        click.echo(f"It does not run as it stands: {draft.lacks}, and draft it again")
    else:
        click.echo(f"It runs as it stands: artificer run {shlex.quote(str(path))}")
    return 0


def _beside(data: Path) -> Path:
    if any(sign in data.name for sign in "*?["):
        return data.parent / "brief.toml"
    return data.with_suffix(".toml")


@click.command()
@click.argument("brief", type=Subject("brief"), required=False)
@line_options
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done, and do not train.")
@click.option(
    "--replay", "lock", type=click.Path(path_type=Path), help="Repeat the run of a run.lock, without a clock."
)
def run(brief: Path | None, only_plan: bool, lock: Path | None, how: How) -> int:
    """Run the whole line on BRIEF: package, report and verdict."""
    if lock is not None:
        return _replay(lock, brief, how)
    if brief is None:
        raise click.UsageError("which brief? `artificer ask DATA --target COLUMN` drafts one")
    if only_plan:
        return _plan(brief, how)
    return run_line(brief, how)


def run_line(brief: Path, how: How) -> int:
    """Run the line and show how it ended."""
    from artificer import flow

    done = flow.run(how.begin(brief))
    if how.as_json:
        result = {"verdict": done.verdict, "shipped": done.shipped, "late": done.late}
        files = {"package": done.package, "report": done.report, "lock": done.lock}
        document("run", done.code, result, findings=done.findings, decisions=done.decisions, files=files)
    else:
        _show_done(done)
    return done.code


def _show_done(done: Done) -> None:
    """The closing lines: where things are, each line of the brief, what to type next."""
    from artificer.core.figures import with_interval
    from artificer.told import line_told

    verdict = done.verdict
    score = with_interval(verdict.score)
    click.echo(f"\npackage  {typed(done.package)}\nreport   {typed(done.report)}\n")
    if verdict.in_words:
        click.echo(f"{verdict.in_words}\n")
    click.echo(f"{verdict.metric} {score}, on {verdict.n_rows:,} {verdict.on} that trained nothing:")
    for line in verdict.lines:
        click.echo(coloured(line_told(line)))
    if not verdict.lines:
        click.echo("the brief states no requirement: add lines under [accept] to have them tested")
    for finding in done.findings:
        if finding.severity == "blocker":
            click.echo(coloured(f"✗ blocker   {finding.says}; {finding.fix}"))
    if done.served is not None and done.served.version != done.shipped.version:
        click.echo(
            f"\nserved   {done.served.version} still; serve this one: artificer update BRIEF --promote {done.shipped.version}"
        )
    if done.served is None:  # [authority] four_eyes
        click.echo(f"\nserved   nothing before a yes: artificer approve BRIEF {done.shipped.version} --because …")
    if done.late:
        click.echo(f"\nlate     {done.late}")
    click.echo(f"\nNext: open the report, or predict new rows: artificer predict {typed(done.package)} ROWS")


def _plan(brief: Path, how: How) -> int:
    from artificer.forecast import plan

    forecast = plan(how.begin(brief))
    if how.as_json:
        document("run --plan", 0, forecast)
        return 0
    for name, n_folds in forecast.tasks:
        click.echo(f"fit {name} on {n_folds} folds")
    until = ", ".join(f"{stage} {forecast.limit_s * share:.0f} s" for stage, share in forecast.shares.items())
    click.echo(f"time: about {forecast.seconds:.0f} s, never more than {forecast.limit_s:.0f} s (ended by: {until})")
    click.echo(f"memory: about {forecast.memory_mb:,.0f} MB; disk: about {forecast.disk_mb:,.0f} MB")
    click.echo(f"contacts: {', '.join(forecast.contacts) or 'nothing beyond this machine: files only'}")
    return 0


def _replay(lock: Path, brief: Path | None, how: How) -> int:
    from artificer import flow

    done, locked = flow.replay(lock, brief=brief, workspace=how.workspace, progress=progress())
    same = done.shipped.model_hash == locked.model_hash
    changed = flow.changed_versions(locked)
    code = 0 if same else 3
    if how.as_json:
        result = {"same": same, "was": locked.model_hash, "is": done.shipped.model_hash, "changed_versions": changed}
        document("run --replay", code, result, files={"package": done.package})
        return code
    click.echo(f"was  {locked.model_hash}\nis   {done.shipped.model_hash}")
    click.echo(coloured("✓ the same model, to the bit" if same else "✗ another model"))
    for change in changed:
        click.echo(f"  version changed: {change}")
    return code
