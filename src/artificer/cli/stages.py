"""Commands for one stage of the line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from artificer.cli.show import How, brief_argument, coloured, document, line_options
from artificer.core.errors import ArtificerError
from artificer.core.figures import counted


def audit_data(data: Path, as_json: bool) -> int:
    """Audit data without a brief."""
    from artificer.line.audit import audit
    from artificer.told import finding_told, mending_told

    record = audit(data)
    code = 3 if any(finding.severity == "blocker" for finding in record.findings) else 0
    if as_json:
        document("audit", code, record, findings=record.findings, decisions=record.decisions)
        return code
    for finding in record.findings:  # there is no report that others could stand in
        click.echo(finding_told(finding))
    for says in mending_told(record.findings):
        click.echo(says)
    if not record.findings:
        click.echo(coloured("✓ nothing was found"))
    for decision in record.decisions:
        n_left = len(decision.choice.split(", "))
        click.echo(
            f"{counted(n_left, 'check was', 'checks were')} not run (--json names them): {decision.because}; "
            f"{decision.alternatives[0]}"
        )
    return code


def run_stage(name: str, brief: Path, how: How) -> int:
    """Run one stage, and what it lacks, and show its record."""
    from artificer import flow
    from artificer.line.judge import exit_code

    state = how.begin(brief)
    try:
        record = flow.STAGES[name](state)
    except ArtificerError as error:
        state.give_up(error.exit_code)
        raise
    findings, decisions = getattr(record, "findings", ()), getattr(record, "decisions", ())
    state.tell(name, decisions, findings)
    blocked = any(finding.severity == "blocker" for finding in findings)
    code = exit_code(record, blocked=blocked) if name == "judge" else 3 if blocked else 0
    state.ledger.end(state.id, code, getattr(record, "model_hash", ""))
    if how.as_json:
        files = {"package": state.path(record.package)} if name == "ship" else {}
        document(name, code, record, findings=findings, decisions=decisions, files=files)
    else:
        _show(name, record)
    return code


def _show(name: str, record: Any) -> None:
    from artificer.told import finding_told, line_told, told

    shown = list(told(name, record))
    shown += [says for says in map(finding_told, getattr(record, "findings", ())) if says not in shown]
    for decision in getattr(record, "decisions", ()):
        shown.append(f"decided: {decision.question} {decision.choice}, because {decision.because}")
    shown += map(line_told, getattr(record, "lines", ()))
    shown += [f"open: {question}" for question in getattr(record, "questions", ())]
    for line in shown:
        click.echo(coloured(line))


def _stage_command(name: str, about: str) -> click.Command:
    @click.command(name, help=about)
    @brief_argument
    @line_options
    def command(brief: Path, how: How) -> int:
        return run_stage(name, brief, how)

    return command


choose = _stage_command("choose", "Choose columns and folds for BRIEF.")
describe = _stage_command("describe", "Describe the data of BRIEF statistically.")
design = _stage_command("design", "Plan metric, candidates and time for BRIEF.")
encode = _stage_command("encode", "Propose the representation for BRIEF.")
fit = _stage_command("fit", "Train the candidates of BRIEF.")
refine = _stage_command("refine", "Blend and refit what was trained for BRIEF.")
ship = _stage_command("ship", "Certify and pack the model of BRIEF.")
