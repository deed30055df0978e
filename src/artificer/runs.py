"""What finished runs leave of themselves in a workspace: found again, reported again, or removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from artificer.core.errors import WorkspaceError
from artificer.core.report.page import SUMMARY, Summary
from artificer.core.store import load
from artificer.line.ask import begin
from artificer.report import write_cards, write_page


def summaries(root: Path) -> Iterator[tuple[Path, Summary]]:
    """Finished runs of a workspace with their folders, the newest first."""
    for path in sorted(root.glob(f"runs/*/{SUMMARY}"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        yield path.parent, load(path, Summary)


def report_again(brief: Path, *, workspace: str | Path | None = None) -> Path:
    """Write the report of a brief's last finished run again, from its records, and give its path.

    Raises
    ------
    WorkspaceError
        When no run of the brief as it stands has finished; the time limit and `[card]` may differ.
    """
    folder, summary = _last(brief, workspace)
    return write_page(summary.page, folder)


def cards_again(brief: Path, folder: Path, *, workspace: str | Path | None = None) -> tuple[Path, ...]:
    """Write the cards of a brief's last finished run into a folder, and give their paths.

    Raises
    ------
    WorkspaceError
        As for `report_again`.
    """
    return write_cards(_last(brief, workspace)[1].page, folder)


def _last(brief: Path, workspace: str | Path | None) -> tuple[Path, Summary]:
    """The run, its brief as it stands now: `[card]` may have been filled since, and the time limit may differ."""
    state = begin(brief, workspace=workspace)
    for folder, summary in summaries(state.workspace.root):
        then = summary.page.brief
        limit_s = replace(then.run, limit_s=state.brief.run.limit_s)
        if replace(then, card=state.brief.card, run=limit_s) == state.brief:
            return folder, replace(summary, page=replace(summary.page, brief=replace(then, card=state.brief.card)))
    raise WorkspaceError(
        f"no run of '{brief}' as it stands has finished in '{state.workspace.root}'; `artificer run {brief}` makes one"
    )


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
