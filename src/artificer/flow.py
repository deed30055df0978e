"""The line in order: ask → audit → choose → describe → design → encode → fit → refine → judge on the sealed rows → ship."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.access import person
from artificer.core.brief import Brief
from artificer.core.clock import Clock
from artificer.core.errors import ArtificerError, WorkspaceError
from artificer.core.life import Served
from artificer.core.records import Decision, Finding
from artificer.core.report.page import SUMMARY, Summary
from artificer.core.run import Progress, Run, silent, versions
from artificer.core.stages import RunLock, Shipped, Verdict
from artificer.core.store import Workspace, digest, load, save
from artificer.data.table import fingerprint, save_rows
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

LATE = 0.05  # of the time limit: a run that ends later says so
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
    served : Served or None
        Which version of the model is served: the first that is made is; later ones are promoted. None in a replay, and
        before anyone approved one where the brief wants four eyes.
    late : str
        By how much it ended after its time limit, and what took the time; "" where it did not.
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
    served: Served | None = None
    late: str = ""


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
        When the brief or the data is wrong, the workspace cannot be written, or another run of this name is at work in it;
        what was done stays for the next run.
    """
    state = begin(subject, workspace=workspace, limit_s=limit_s, frame=frame, progress=progress)
    try:
        with state.ledger.alone(f"run {state.brief.name}") as alone:
            if not alone:  # each would replace results that the clock cut under the other's hands
                raise WorkspaceError(
                    f"another run of '{state.brief.name}' is at work in '{state.workspace.root}'; wait until it ends, or give "
                    "this one a folder of its own with --workspace"
                )
            for name, stage in STAGES.items():
                follow(state, name, stage)
            return _finish(state)
    except ArtificerError as error:
        state.give_up(error.exit_code)
        raise


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
        served=_served(state, shipped) if state.replay is None else None,
    )
    done = replace(done, late=_late(state))
    save(folder / SUMMARY, Summary(state.id, code, done.seconds, page, tuple(sorted(state.used))))
    state.ledger.end(state.id, code, shipped.model_hash)
    return done


def _late(state: Run) -> str:
    late_s, limit_s = -state.clock.left_s, state.brief.run.limit_s
    if state.stop.is_set() or late_s <= LATE * limit_s:
        return ""
    dearest = sorted(STAGES, key=lambda name: -state.seconds.get(name, 0.0))[:3]
    took = ", ".join(f"{name} {state.seconds.get(name, 0.0):.1f} s" for name in dearest)
    return (
        f"{limit_s + late_s:.1f} s, and the limit was {limit_s:g} s: what follows training took longer than was kept for it, "
        f"or the machine was busy (longest: {took})"
    )


def _served(state: Run, shipped: Shipped) -> Served | None:
    """Enter the package into the ledger; the first of its name is served from now on, or once someone else approved it."""
    name = state.brief.name
    state.ledger.package(shipped.version, name, shipped.model_hash, state.id)
    state.ledger.rollouts.enter(shipped.version, person(state.ledger.keys))
    if not state.brief.authority.four_eyes:
        state.ledger.serve(name, shipped.version, seen=0, action="first", because="the first package of this name")
    return state.ledger.served(name)


def retrain(
    brief: Brief,
    known: pl.DataFrame,
    window: np.ndarray,
    *,
    folder: Path,
    workspace: Workspace,
    limit_s: float | None = None,
    progress: Progress = silent,
) -> Done:
    """Train a challenger on what is known by now, and judge it on the newest labelled rows.

    Parameters
    ----------
    known : DataFrame
        Labelled rows in the shape of the brief's own, the new ones among them.
    window : array of bool, (n_rows,)
        Which of them are kept for the last test: rows that the champion has not seen either.
    folder : Path
        Where relative paths of the brief start.

    Returns
    -------
    Done
        Its run can be replayed: the rows stand in the workspace.
    """
    key = f"known-{digest(fingerprint(known), fingerprint(known.filter(pl.Series(window))))}"
    if not workspace.done(key):
        workspace.perform(key, lambda place, _: _keep_rows(known, window, place))
    place = workspace.path(f"tasks/{key}")
    where = place.relative_to(folder) if place.is_relative_to(folder) else place
    data = replace(
        brief.data, source=f"{where}/train.parquet", test=f"{where}/window.parquet", url_env="", query="", tables={}
    )
    limit = brief.run.limit_s if limit_s is None else limit_s
    challenger = replace(brief, data=data, run=replace(brief.run, limit_s=limit))
    state = Run(challenger, folder, workspace, clock=Clock.after(limit), progress=progress)
    state.used.add(key)
    return run(state)


def _keep_rows(known: pl.DataFrame, window: np.ndarray, place: Path) -> int:
    kept = pl.Series(window)
    save_rows(known.filter(~kept), place / "train.parquet")
    save_rows(known.filter(kept), place / "window.parquet")
    return known.height
