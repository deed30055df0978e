"""From what a user hands over (a brief's path, a brief, or a run under way) to a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from artificer.core.brief import Brief
from artificer.core.clock import Clock
from artificer.core.run import Progress, Run, silent
from artificer.core.store import Workspace
from artificer.line.ask.written import read_brief

WORKSPACE = "artificer-work"

Subject = str | Path | Brief | Run


def begin(
    subject: Subject,
    *,
    workspace: str | Path | None = None,
    limit_s: float | None = None,
    frame: Any = None,
    progress: Progress = silent,
    spent_s: float = 0.0,
) -> Run:
    """Start a run, or return the one that is under way.

    Parameters
    ----------
    subject : path of a brief, Brief, or Run
        A `Run` is returned as it is, whatever the other arguments.
    workspace : path, optional
        Default: ``artificer-work/`` beside the brief, or in the current folder for a `Brief`.
    limit_s : float, optional
        Overrides the brief's time limit, in seconds.
    frame : table, optional
        Rows in place of the brief's source: any polars, pandas or Arrow frame.

    spent_s : float
        Seconds of the time limit that had passed before: a command's own start and imports.

    Raises
    ------
    BriefError, WorkspaceError
        When the brief is wrong, or the workspace cannot be written.
    """
    if isinstance(subject, Run):
        return subject
    if isinstance(subject, Brief):
        brief, folder = subject, Path.cwd()
    else:
        path = Path(subject)
        brief, folder = read_brief(path), path.resolve().parent
    if limit_s is not None:
        brief = replace(brief, run=replace(brief.run, limit_s=limit_s))
    space = Workspace(Path(workspace) if workspace is not None else folder / WORKSPACE)
    return Run(brief, folder, space, clock=Clock.after(brief.run.limit_s - spent_s), frame=frame, progress=progress)
