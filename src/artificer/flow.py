"""The line in order: ask → audit → choose → describe → design → encode → fit → refine → judge on the sealed rows → ship."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from artificer.core.clock import Clock
from artificer.core.errors import WorkspaceError
from artificer.core.records import Decision, Finding
from artificer.core.report.page import ReportPage
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
from artificer.report import report_page, write_page
from artificer.told import told

SUMMARY = "run.json"

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


def replay(
    lock: Path,
    *,
    brief: Path | None = None,
    workspace: Path | None = None,
    progress: Progress = silent,
) -> tuple[Done, RunLock]:
    """Repeat a run without a clock, in a fresh workspace of its own, and give it with the lock that it followed.

    The sealed rows stay closed: the verdict is out of fold. The model hash equals the lock's when data, versions and kind
    of machine are the same.

    Parameters
    ----------
    lock : Path
        Of a run, or of a package.
    brief : Path, optional
        Where relative paths of the lock's own brief start: beside this one. A package's lock does not say.
    workspace : Path, optional
        Where the fresh workspace is made; default: beside a run's lock, in the current folder for a package's.

    Raises
    ------
    WorkspaceError
        When the lock cannot be read, or the data is other data.
    BriefError, DataError
        When the brief's data is not there any more.
    """
    if not lock.is_file():
        raise WorkspaceError(f"there is no lock '{lock}'; a run writes runs/<id>/run.lock into its workspace")
    locked = load(lock, RunLock)
    beside = lock.resolve().parent
    folder = brief.resolve().parent if brief else Path(locked.folder or beside)
    own = workspace or (beside if locked.folder else Path.cwd())
    space = Workspace(own / f"replay-{locked.run_id}-{secrets.token_hex(2)}")
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
    page = report_page(state)
    folder = state.workspace.root / "runs" / state.id
    code = exit_code(verdict, blocked=any(finding.severity == "blocker" for finding in page.findings))
    done = Done(
        run_id=state.id,
        verdict=verdict,
        shipped=shipped,
        findings=page.findings,
        decisions=page.decisions,
        package=state.path(shipped.package),
        report=write_page(page, folder),
        lock=folder / "run.lock",
        code=code,
        seconds=state.watch.seconds,
    )
    save(folder / SUMMARY, Summary(state.id, code, done.seconds, page, tuple(sorted(state.used))))
    state.ledger.end(state.id, code, shipped.model_hash)
    return done


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished run leaves of itself, in run.json: all that its report shows, and the tasks it rests on."""

    run_id: str
    code: int
    seconds: float
    page: ReportPage
    tasks: tuple[str, ...]


def summaries(root: Path) -> Iterator[tuple[Path, Summary]]:
    """Finished runs of a workspace with their folders, the newest first."""
    for path in sorted(root.glob(f"runs/*/{SUMMARY}"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        yield path.parent, load(path, Summary)


def report_again(brief: Path, *, workspace: str | Path | None = None) -> Path:
    """Write the report of a brief's last finished run again, from its records, and give its path.

    Raises
    ------
    WorkspaceError
        When no run of the brief as it stands has finished; the time limit may differ.
    """
    state = begin(brief, workspace=workspace)
    for folder, summary in summaries(state.workspace.root):
        if (
            replace(summary.page.brief, run=replace(summary.page.brief.run, limit_s=state.brief.run.limit_s))
            == state.brief
        ):
            return write_page(summary.page, folder)
    raise WorkspaceError(
        f"no run of '{brief}' as it stands has finished in '{state.workspace.root}'; `artificer run {brief}` makes one"
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do: its tasks, and about what they cost.

    Attributes
    ----------
    tasks : tuple of (str, int)
        What would be trained, and how often.
    shares : dict of str to float
        By which share of the time limit each clocked stage has ended.
    seconds, memory_mb, disk_mb : float
        Rough, from the size of the data.
    contacts : tuple of str
        What would be contacted beyond this machine.
    """

    tasks: tuple[tuple[str, int], ...]
    shares: dict[str, float]
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
    limit_s = state.brief.run.limit_s
    return Forecast(fits, planned.shares, limit_s, min(seconds + 3, limit_s), memory_mb, disk_mb)


def removable(root: Path, *, everything: bool = False) -> tuple[list[Path], float]:
    """What of a workspace can be removed: tasks that the latest run does not rest on; or all tasks, and the runs too.

    Packages and the ledger are never among it.

    Returns
    -------
    folders : list of Path
    size_mb : float

    Raises
    ------
    WorkspaceError
        When `root` is no workspace.
    """
    if not (root / "tasks").is_dir():
        raise WorkspaceError(f"'{root}' is no workspace: it has no tasks/; name a brief, or the folder artificer-work")
    _, latest = next(summaries(root), (root, None))
    needed = latest.tasks if latest and not everything else ()
    folders = [folder for folder in root.glob("tasks/*") if folder.name not in needed]
    if everything:
        folders += root.glob("runs/*")
    sizes = (path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    return folders, sum(sizes) / 1e6
