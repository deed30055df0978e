"""Commands on a brief: the whole line, and each of its stages."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from artificer.cli.show import age_s, brief_argument, coloured, document, json_option, line_options, progress
from artificer.core.errors import BriefError, NotBuiltError


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--target", help="Column to predict.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the brief; default: beside the data.")
@click.option("--force", is_flag=True, help="Replace a brief that is there.")
@json_option
def ask(data: Path, target: str | None, out: Path | None, force: bool, as_json: bool) -> int:
    """Draft a brief from DATA (with --target), or check the brief DATA."""
    from artificer.line.ask import ask as ask_stage
    from artificer.line.ask import draft_brief, questions
    from artificer.line.ask.start import begin

    if is_brief(data):
        run = begin(data)
        asked = ask_stage(run)
        if as_json:
            document("ask", 0, asked, findings=asked.findings, decisions=asked.decisions)
            return 0
        _lines(run, "ask", asked)
        for question in asked.questions:
            click.echo(f"? {question}")
        return 0
    if target is None:
        raise click.UsageError("--target is needed: which column shall be predicted?")
    path = out or _beside(data)
    if path.exists() and not force:
        raise BriefError(f"'{path}' is there already; name another with --out, or replace it with --force")
    from artificer.core.store import write_bytes

    text = draft_brief(data, target, folder=path.resolve().parent)
    write_bytes(path, text.encode())
    from artificer.line.ask.written import read_brief

    brief = read_brief(path)
    open_questions = questions(brief)
    if as_json:
        document("ask", 0, {"brief": text, "questions": list(open_questions)}, files={"brief": path})
        return 0
    click.echo(f"{path} is drafted. What the data cannot tell:")
    for question in open_questions:
        click.echo(f"  ? {question}")
    click.echo(f"It runs as it stands: artificer run {path}")
    return 0


def _beside(data: Path) -> Path:
    if any(sign in data.name for sign in "*?["):
        return data.parent / "brief.toml"
    return data.with_suffix(".toml") if data.suffix != ".toml" else data.with_suffix(".brief.toml")


def is_brief(path: Path) -> bool:
    """Whether a file's content is TOML, whatever its name."""
    if not path.is_file():
        return path.suffix == ".toml"
    with path.open("rb") as file:
        start = file.read(1 << 16)
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if path.suffix == ".toml":
        return True
    try:
        return "target" in tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False


@click.command()
@click.argument("brief", type=click.Path(path_type=Path), required=False)
@line_options
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done, and do not train.")
@click.option(
    "--replay", "lock", type=click.Path(path_type=Path), help="Repeat the run of a run.lock, without a clock."
)
def run(
    brief: Path | None, workspace: Path | None, limit_s: float | None, as_json: bool, only_plan: bool, lock: Path | None
) -> int:
    """Run the whole line on BRIEF: package, report and verdict."""
    if lock is not None:
        return _replay(lock, as_json)
    if brief is None:
        raise click.UsageError("which brief? `artificer ask DATA --target COLUMN` drafts one")
    if only_plan:
        return _plan(brief, workspace, limit_s, as_json)
    return run_line(brief, workspace, limit_s, as_json)


def run_line(brief: Path, workspace: Path | None, limit_s: float | None, as_json: bool) -> int:
    """Run the line and show how it ended."""
    from artificer import flow
    from artificer.line.ask.start import begin

    spent = age_s()
    state = begin(brief, workspace=workspace, limit_s=limit_s, progress=progress(spent), spent_s=spent)
    done = flow.run(state)
    files = {"package": done.package, "report": done.report, "lock": done.lock}
    if as_json:
        result = {"verdict": done.verdict, "shipped": done.shipped}
        document("run", done.code, result, findings=done.findings, decisions=done.decisions, files=files)
        return done.code
    show_done(done, brief)
    return done.code


def show_done(done: Any, brief: Path) -> None:
    """The closing lines: where things are, each line of the brief, what to type next."""
    from artificer.core.figures import with_interval
    from artificer.told import line_told

    verdict = done.verdict
    click.echo("")
    click.echo(f"package  {_short(done.package)}")
    click.echo(f"report   {_short(done.report)}")
    click.echo("")
    click.echo(
        f"{verdict.metric} {with_interval(verdict.score)}, on {verdict.n_rows:,} {verdict.on} that trained nothing:"
    )
    for line in verdict.lines:
        click.echo(coloured(line_told(line)))
    if not verdict.lines:
        click.echo("the brief states no requirement: add lines under [accept] to have them tested")
    click.echo("")
    click.echo(f"Next: open the report, or predict new rows: artificer predict {_short(done.package)} ROWS")


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _plan(brief: Path, workspace: Path | None, limit_s: float | None, as_json: bool) -> int:
    from artificer import flow

    forecast = flow.plan(brief, workspace=workspace, limit_s=limit_s, progress=progress())
    if as_json:
        document("run --plan", 0, forecast)
        return 0
    for name, n_folds in forecast.tasks:
        click.echo(f"fit {name} on {n_folds} folds")
    click.echo(f"time: about {forecast.seconds:.0f} s, never more than {forecast.limit_s:.0f} s")
    click.echo(f"memory: about {forecast.memory_mb:,.0f} MB; disk: about {forecast.disk_mb:,.0f} MB")
    click.echo(f"contacts: {', '.join(forecast.contacts) or 'nothing beyond this machine'}")
    return 0


def _replay(lock: Path, as_json: bool) -> int:
    from artificer import flow

    done, locked = flow.replay(lock, progress=progress())
    same = done.shipped.model_hash == locked.model_hash
    changed = flow.changed_versions(locked)
    code = 0 if same else 3
    if as_json:
        result = {"same": same, "was": locked.model_hash, "is": done.shipped.model_hash, "changed_versions": changed}
        document("run --replay", code, result, files={"package": done.package})
        return code
    click.echo(f"was  {locked.model_hash}\nis   {done.shipped.model_hash}")
    click.echo(coloured("✓ the same model, to the bit" if same else "✗ another model"))
    for change in changed:
        click.echo(f"  version changed: {change}")
    return code


@click.command()
@click.argument("subject", type=click.Path(path_type=Path))
@line_options
@click.option("--contract", type=click.Path(path_type=Path), help="Check DATA against the contract.json of a package.")
def audit(subject: Path, workspace: Path | None, limit_s: float | None, as_json: bool, contract: Path | None) -> int:
    """Verify the training rows of a brief; or DATA against a --contract."""
    if contract is None:
        return _stage("audit", subject, workspace, limit_s, as_json)
    return _check_contract(subject, contract, as_json)


def _check_contract(data: Path, contract: Path, as_json: bool) -> int:
    from artificer.core.stages import Contract
    from artificer.core.store import decode
    from artificer.data.readers import read
    from artificer.line.audit import check_contract
    from artificer.told import finding_told

    if not contract.is_file():
        raise BriefError(f"there is no contract '{contract}'; each package holds a contract.json")
    findings = check_contract(read(data).frame, decode(contract.read_bytes(), Contract))
    code = 3 if any(finding.severity == "blocker" for finding in findings) else 0
    if as_json:
        document("audit", code, {"contract": str(contract)}, findings=findings)
        return code
    for finding in findings:
        click.echo(finding_told(finding))
    click.echo("" if findings else "✓ the data keep the contract", nl=not findings)
    return code


def _stage(name: str, brief: Path, workspace: Path | None, limit_s: float | None, as_json: bool) -> int:
    from artificer import flow
    from artificer.line.ask.start import begin
    from artificer.line.judge import exit_code

    spent = age_s()
    state = begin(brief, workspace=workspace, limit_s=limit_s, progress=progress(spent), spent_s=spent)
    record = flow.STAGES[name](state)
    findings, decisions = getattr(record, "findings", ()), getattr(record, "decisions", ())
    state.tell(name, decisions, findings)
    code = exit_code(record) if name == "judge" else 0
    if any(finding.severity == "blocker" for finding in findings):
        code = 3
    if as_json:
        document(name, code, record, findings=findings, decisions=decisions)
        return code
    _lines(state, name, record)
    return code


def _lines(state: Any, name: str, record: Any) -> None:
    from artificer.told import finding_told, line_told, told

    for line in told(name, record):
        click.echo(line)
    shown = set(told(name, record))
    for finding in getattr(record, "findings", ()):
        if finding_told(finding) not in shown:
            click.echo(finding_told(finding))
    for decision in getattr(record, "decisions", ()):
        click.echo(f"decided: {decision.question} {decision.choice}, because {decision.because}")
    for line in getattr(record, "lines", ()):
        click.echo(coloured(line_told(line)))


def _stage_command(name: str, about: str) -> click.Command:
    @click.command(name, help=about)
    @brief_argument
    @line_options
    def command(brief: Path, workspace: Path | None, limit_s: float | None, as_json: bool) -> int:
        return _stage(name, brief, workspace, limit_s, as_json)

    return command


choose = _stage_command("choose", "Choose columns and folds for BRIEF.")
describe = _stage_command("describe", "Describe the data of BRIEF statistically.")
design = _stage_command("design", "Plan metric, candidates and time for BRIEF.")
encode = _stage_command("encode", "Propose the representation for BRIEF.")
fit = _stage_command("fit", "Train the candidates of BRIEF.")
judge = _stage_command("judge", "Test the model of BRIEF on the sealed rows.")
refine = _stage_command("refine", "Blend and refit what was trained for BRIEF.")
ship = _stage_command("ship", "Certify and pack the model of BRIEF.")


def _not_built(name: str, about: str) -> click.Command:
    @click.command(name, help=f"{about} Comes with a later version.", context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1)
    def command(arguments: tuple[str, ...]) -> int:
        raise NotBuiltError(
            f"'artificer {name}' comes with a later version; this one asks, trains, tests, ships and predicts"
        )

    return command


track = _not_built("track", "Find differences in new data that matter.")
update = _not_built("update", "Decide whether to retrain.")
score = _not_built("score", "Score a table again and again.")
serve = _not_built("serve", "Serve a package over HTTP.")
watch = _not_built("watch", "Track, and retrain when that pays.")
ledger = _not_built("ledger", "Look into the ledger.")
why = _not_built("why", "Explain one prediction.")
