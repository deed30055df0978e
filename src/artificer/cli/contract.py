"""`artificer audit`: the training rows verified, their contract written down, and other data held against it."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artificer.cli.show import How, coloured, document, line_options
from artificer.cli.stages import audit_data, run_stage
from artificer.cli.subject import Subject, what
from artificer.core.brief import is_brief
from artificer.core.errors import ArtificerError, BriefError
from artificer.core.figures import counted

if TYPE_CHECKING:
    import polars as pl

    from artificer.core.stages import Contract, Where
    from artificer.line.audit import Held

PATH = click.Path(path_type=Path)
FORMS = ("toml", "dbt", "odcs", "pandera")


@dataclass(frozen=True, slots=True)
class Check:
    """How data are held against a contract, and where their rows go."""

    contract: Path
    quarantine: Path | None
    accepted: Path | None
    strict: bool
    tables: dict[str, Path]
    where: Where


@dataclass(frozen=True, slots=True)
class Writing:
    """How a contract is written."""

    path: Path
    form: str
    history: str
    alarms: float | None
    a_month: float | None


@click.command()
@click.argument("subject", metavar="BRIEF|DATA", type=PATH)
@line_options
@click.option("--contract", type=PATH, help="Check DATA against a contract's file, or that of a package.")
@click.option("--quarantine", type=PATH, help="Write DATA's rows that break a rule, with a column `why`.")
@click.option("--accepted", type=PATH, help="Write DATA's rows that keep all rules.")
@click.option("--strict", is_flag=True, help="End with 3 on warnings too.")
@click.option("--table", "tables", multiple=True, metavar="NAME=FILE", help="Another table that rules refer to.")
@click.option("--where", type=click.Choice(["training", "serving"]), help="What DATA is for; labels mean training.")
@click.option("--write-contract", type=PATH, help="Write the contract of BRIEF's training rows.")
@click.option("--as", "form", type=click.Choice(FORMS), default="toml", help="Form of the contract; default: toml.")
@click.option("--history", default="", metavar="FOLDER|COLUMN[:day|week|month]", help="Learn limits from deliveries.")
@click.option("--alarms", type=click.FloatRange(min=0, min_open=True), help="False alarms a month to tolerate.")
@click.option("--deliveries", type=click.FloatRange(min=0, min_open=True), help="Deliveries a month.")
def audit(subject: Path, how: How, contract: Path | None, write_contract: Path | None, **more: Any) -> int:
    """Verify the training rows of a BRIEF, or write their contract; or DATA by itself, or against a --contract."""
    if contract is None or write_contract is None:
        _refuse_idle(more, writes=write_contract is not None)
    if contract is not None:
        if write_contract is not None:
            raise click.UsageError(
                "--contract checks data and --write-contract writes that of a brief; give one of them"
            )
        Subject("data").convert(subject, None, None)
        tables = dict(_named(one) for one in more["tables"])
        return _check(
            subject,
            Check(contract, more["quarantine"], more["accepted"], more["strict"], tables, more["where"] or ""),
            how.as_json,
        )
    for name in ("quarantine", "accepted", "strict", "tables", "where"):
        if more[name]:
            raise click.UsageError(
                f"--{name.removesuffix('s')} needs --contract: which rows break it is told by a contract"
            )
    if write_contract is None and not is_brief(subject) and what(subject) != "package":
        return audit_data(subject, how.as_json)
    Subject("brief").convert(subject, None, None)
    if write_contract is None:
        return run_stage("audit", subject, how)
    if write_contract.resolve() == subject.resolve():
        raise click.UsageError(f"--write-contract would write over the brief '{subject}'; name another file")
    writing = Writing(write_contract, more["form"], more["history"], more["alarms"], more["deliveries"])
    return _write(subject, writing, how)


def _refuse_idle(given: dict[str, Any], *, writes: bool) -> None:
    """No option is passed over: some say how a contract is written, and two of them what is learned from earlier deliveries."""
    told = {
        "--history": bool(given["history"]),
        "--as": given["form"] != FORMS[0],
        "--alarms": given["alarms"] is not None,
        "--deliveries": given["deliveries"] is not None,
    }
    for option, is_given in told.items():
        if is_given and not writes:
            raise click.UsageError(f"{option} needs --write-contract FILE: it says what goes into a contract")
        if is_given and option in ("--alarms", "--deliveries") and not given["history"]:
            raise click.UsageError(f"{option} needs --history: limits on deliveries are learned from earlier ones")


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise click.UsageError(f"--table is '{text}'; write NAME=FILE")
    return name, Path(path)


def _check(data: Path, check: Check, as_json: bool) -> int:
    from artificer.data.readers import read
    from artificer.line.audit import hold, read_contract

    _refuse_loss(data, check)
    contract, unread = read_contract(check.contract)
    parts = data.is_dir() and any(data.iterdir())
    loaded = read(data / "*" if parts else data)  # a folder's files are parts of one table
    rows = loaded.frame
    folder = check.contract.parent if check.contract.is_file() else None
    held = hold(loaded, contract, tables=check.tables, folder=folder, where=check.where)
    files = _part(rows, held, check)
    findings = (*loaded.findings, *unread, *held.findings)
    grave = ("blocker", "warning") if check.strict else ("blocker",)
    code = 3 if any(finding.severity in grave for finding in findings) else 0
    if as_json:
        offending = {title: len(places) for title, places in held.offending.items()}
        result = {
            "contract": str(check.contract),
            "n_rows": held.n_rows,
            "n_offending": len(held.positions),
            "offending": offending,
            "new": held.new,
            "gone": held.gone,
            "changed": held.changed,
            "where": held.where,
            "n_elsewhere": held.n_elsewhere,
        }
        document("audit", code, result, findings=findings, files=files)
        return code
    _tell(held, findings, files)
    return code


def _refuse_loss(data: Path, check: Check) -> None:
    """No file that is read may be written over, nor one output by the other."""
    folder = data if data.is_dir() else None
    taken = {one.resolve(): "is read here" for one in (data, check.contract, *check.tables.values())}
    taken |= {Path(one).resolve(): "is read here" for one in glob.glob(str(data), recursive=True)}
    for option, path in (("--quarantine", check.quarantine), ("--accepted", check.accepted)):
        if path is None:
            continue
        at = path.resolve()
        if at in taken or at.parent == (folder and folder.resolve()):
            raise click.UsageError(
                f"{option} would write over '{path}', which {taken.get(at, 'would be a part of the data')}; name another file"
            )
        taken[at] = f"{option} writes"


def _part(rows: pl.DataFrame, held: Held, check: Check) -> dict[str, Path]:
    from artificer.data.table import save_rows

    files = {}
    if check.quarantine or check.accepted:
        kept, aside = held.split(rows)
        for name, path, frame in (("quarantine", check.quarantine, aside), ("accepted", check.accepted, kept)):
            if path is not None:
                save_rows(frame, path)
                files[name] = path
    return files


def _tell(held: Held, findings: tuple[Any, ...], files: dict[str, Path]) -> None:
    from artificer.told import finding_told, mending_told

    for finding in findings:
        if finding.code != "contract:new":  # all of them stand on one line below
            click.echo(finding_told(finding))
    for says in mending_told(findings):
        click.echo(says)
    if held.gone and held.is_foreign:
        click.echo("none of the contract's columns is among the data's: it may be the contract of another table")
    if not held.findings:
        click.echo(coloured("✓ the data keep the contract"))
    else:
        for what, names in (("new", held.new), ("gone", held.gone), ("changed", held.changed)):
            if names:
                click.echo(f"{what:8} {', '.join(names)}")
        click.echo(
            counted(
                len(held.positions),
                f"of {held.n_rows:,} rows breaks a rule",
                f"of {held.n_rows:,} rows break a rule",
            )
        )
    if held.n_elsewhere:
        other = "training" if held.where == "serving" else "serving"
        n_rules = counted(held.n_elsewhere, "rule")
        click.echo(f"held as rows for {held.where}: {n_rules} for {other} alone left aside")
    for name, path in files.items():
        click.echo(f"{name:11} {path}")


def _write(brief: Path, writing: Writing, how: How) -> int:
    from artificer import flow
    from artificer.core.store import write_bytes
    from artificer.line.audit import contract_text

    state = how.begin(brief)
    try:
        _refuse_source(writing.path, state)
        record = flow.STAGES["audit"](state)
        contract, n_limits = _with_history(state, record.contract, writing)
        text, unsaid = contract_text(contract, writing.form)
        write_bytes(writing.path, text.encode())
    except ArtificerError as error:
        state.give_up(error.exit_code)
        raise
    state.ledger.end(state.id, 0, "")
    if how.as_json:
        result = {"form": writing.form, "n_limits": n_limits, "unsaid": unsaid}
        document("audit", 0, result, files={"contract": writing.path})
        return 0
    click.echo(
        f"contract    {writing.path}" + (f", with {n_limits} limits from earlier deliveries" if n_limits else "")
    )
    for title in unsaid:
        click.echo(f"not written, as {writing.form} cannot say it: {title}")
    return 0


def _refuse_source(path: Path, state: Any) -> None:
    """No rows that the brief reads may be written over."""
    from artificer.data.batches import files_of

    data = state.brief.data
    named = (data.source, data.test, *(table.source for table in data.tables.values()))
    files = (
        file for one in named if one and "://" not in one for file in files_of(one.partition("#")[0], state.folder)
    )
    if path.resolve() in {file.resolve() for file in files}:
        raise BriefError(f"--write-contract would write over '{path}', which the brief reads; name another file")


def _with_history(state: Any, contract: Contract, writing: Writing) -> tuple[Contract, int]:
    if not writing.history:
        return contract, 0
    from artificer.line.ask import ask
    from artificer.line.ask.rows import labelled
    from artificer.line.audit.contract import deliveries_of, with_history

    asked = ask(state)
    frames, known = deliveries_of(writing.history, labelled(state, asked, asked.train).frame, state.folder)
    per_month = writing.alarms or state.brief.track.alarms_per_month
    found = with_history(contract, frames, per_month=per_month, deliveries_per_month=writing.a_month or known or 30.4)
    return found, sum(rule.about is not None for rule in found.rules or ())
