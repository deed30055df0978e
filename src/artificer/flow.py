"""The line in order: ask → audit → choose → describe → design → encode → fit → refine → judge on the sealed rows → ship."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artificer.core.clock import Clock
from artificer.core.errors import WorkspaceError
from artificer.core.records import Decision, Finding
from artificer.core.run import Progress, Run, silent, versions
from artificer.core.stages import RunLock, Shipped, Verdict
from artificer.core.store import Workspace, load, save
from artificer.line.ask import Subject, ask, begin
from artificer.line.audit import audit
from artificer.line.choose import choose
from artificer.line.describe import describe
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit import fit
from artificer.line.judge import exit_code
from artificer.line.judge import judge as judge_model
from artificer.line.refine import refine
from artificer.line.ship import ship
from artificer.report import write_report
from artificer.told import told

STAGES: dict[str, Callable[[Run], Any]] = {
    "ask": ask,
    "audit": audit,
    "choose": choose,
    "describe": describe,
    "design": design,
    "encode": encode,
    "fit": fit,
    "refine": refine,
    "judge": lambda run: judge(run),
    "ship": ship,
}


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run.

    Attributes
    ----------
    package, report, lock : Path
        Where they are.
    code : int
        0 all met, 3 a requirement unmet or a blocker found, 4 something not shown.
    """

    run_id: str
    verdict: Verdict
    shipped: Shipped
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    package: Path
    report: Path
    lock: Path
    code: int
    seconds: float


def run(
    subject: Subject,
    *,
    workspace: str | Path | None = None,
    limit_s: float | None = None,
    frame: Any = None,
    progress: Progress = silent,
) -> Done:
    """Run the whole line.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    workspace, limit_s, frame, progress
        As for `artificer.line.ask.start`.

    Raises
    ------
    ArtificerError
        When the brief or the data is wrong, or the workspace cannot be written; what was done stays for the next run.
    """
    state = begin(subject, workspace=workspace, limit_s=limit_s, frame=frame, progress=progress)
    for name, stage in STAGES.items():
        follow(state, name, stage)
    return _finish(state)


def follow(state: Run, name: str, stage: Callable[[Run], Any]) -> Any:
    """Run one stage (and what it lacks), tell what it found and decided, and keep that in the ledger."""
    record = stage(state)
    decisions, findings = getattr(record, "decisions", ()), getattr(record, "findings", ())
    state.tell(name, decisions, findings)
    again = " (as before)" if name in state.reused else ""
    for line in told(name, record):
        state.progress(name, line + again)
        again = ""
    return record


def judge(subject: Subject, **options: Any) -> Verdict:
    """Refine the model and give the verdict on the sealed rows, or out of fold where nothing is sealed.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
    **options
        As for `begin`.
    """
    state = begin(subject, **options)
    return judge_model(state, refine(state))


def replay(lock: Path, *, progress: Progress = silent) -> tuple[Done, RunLock]:
    """Repeat a run without a clock, in a workspace of its own, and give it with the lock that it followed.

    The sealed rows stay closed: the verdict is out of fold. The model hash equals the lock's when data, versions and kind
    of machine are the same.

    Raises
    ------
    WorkspaceError
        When the lock cannot be read.
    BriefError, DataError
        When the brief's data is not there any more, or is other data.
    """
    if not lock.is_file():
        raise WorkspaceError(f"there is no lock '{lock}'; a run writes runs/<id>/run.lock into its workspace")
    locked = load(lock, RunLock)
    folder = Path(locked.folder) if locked.folder else lock.resolve().parent
    space = Workspace(lock.resolve().parent / f"replay-{locked.run_id}")
    state = Run(locked.brief, folder, space, clock=Clock(), replay=locked, progress=progress)
    asked = ask(state)
    if asked.fingerprint != locked.fingerprint:
        raise WorkspaceError(
            f"the data has changed since the run {locked.run_id}: its fingerprint was {locked.fingerprint[:12]}, now it is "
            f"{asked.fingerprint[:12]}; bring the data of that time to replay it"
        )
    return run(state), locked


def changed_versions(locked: RunLock) -> list[str]:
    """Libraries whose versions differ from the lock's, for a person."""
    now = versions()
    names = sorted({*now, *locked.versions})
    return [
        f"{name} {locked.versions.get(name, 'absent')} → {now.get(name, 'absent')}"
        for name in names
        if now.get(name) != locked.versions.get(name)
    ]


def _finish(state: Run) -> Done:
    shipped, verdict = ship(state), judge(state)
    records = [state.results[name] for name in STAGES if name in state.results]
    findings = tuple(finding for record in records for finding in getattr(record, "findings", ()))
    decisions = tuple(decision for record in records for decision in getattr(record, "decisions", ()))
    blocked = any(finding.severity == "blocker" for finding in findings)
    folder = state.workspace.root / "runs" / state.id
    done = Done(
        run_id=state.id,
        verdict=verdict,
        shipped=shipped,
        findings=findings,
        decisions=decisions,
        package=state.path(shipped.package),
        report=write_report(state, folder),
        lock=folder / "run.lock",
        code=exit_code(verdict, blocked=blocked),
        seconds=state.watch.seconds,
    )
    save(folder / "run.json", done)
    state.ledger.end(state.id, done.code, shipped.model_hash)
    return done


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do: its tasks, and about what they cost.

    Attributes
    ----------
    tasks : tuple of (str, int)
        What would be trained, and how often.
    seconds, memory_mb, disk_mb : float
        Rough, from the size of the data.
    contacts : tuple of str
        What would be contacted beyond this machine.
    """

    tasks: tuple[tuple[str, int], ...]
    limit_s: float
    seconds: float
    memory_mb: float
    disk_mb: float
    contacts: tuple[str, ...] = ()


# Measured on two cores: a boosted fit of 100,000 cells takes about 0.06 s; arrays are held about six times.
SECONDS_PER_CELL, COPIES = 6e-7, 6


def plan(subject: Subject, **options: Any) -> Forecast:
    """Say what a run would do, by running the stages before the first fit."""
    state = begin(subject, **options)
    state.effects = False
    asked, encoding, planned = ask(state), encode(state), design(state)
    n_columns = sum(len(block.columns) for block in encoding.blocks)
    cells = asked.train.n_rows * n_columns
    fits = tuple((candidate.name, planned.folds_tried) for candidate in planned.candidates)
    seconds = cells * SECONDS_PER_CELL * (planned.folds_tried + 1) * len(fits) / state.n_workers
    disk_mb = (2 * cells * 4 + asked.train.n_rows * 200) / 1e6
    memory_mb = 250 + COPIES * cells * 4 / 1e6
    return Forecast(fits, state.brief.run.limit_s, min(seconds + 3, state.brief.run.limit_s), memory_mb, disk_mb)


def clean(root: Path, *, everything: bool = False) -> tuple[int, float]:
    """Remove tasks that can be computed again (and with `everything` the runs too), never packages or the ledger.

    Returns
    -------
    n_removed : int
    freed_mb : float
    """
    if not (root / "tasks").is_dir():
        raise WorkspaceError(f"'{root}' is no workspace: it has no tasks/; name a brief, or the folder artificer-work")
    removed, freed = 0, 0.0
    for name in ("tasks", "runs") if everything else ("tasks",):
        for folder in (root / name).glob("*") if (root / name).is_dir() else ():
            freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            shutil.rmtree(folder)
            removed += 1
    return removed, freed
