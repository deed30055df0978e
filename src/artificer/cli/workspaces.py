"""Which workspace a command means."""

from __future__ import annotations

from pathlib import Path

import click

from artificer.cli.subject import what
from artificer.core.errors import WorkspaceError

WORK = "artificer-work"
where_argument = click.argument("where", metavar="[BRIEF|WORKSPACE]", required=False, type=click.Path(path_type=Path))


def root_of(where: Path | None) -> Path:
    """The workspace that is meant: of a brief, the folder itself, or the only one here or below.

    Raises
    ------
    WorkspaceError
        When there is none, or several.
    """
    if where is not None:
        if not where.exists():
            raise WorkspaceError(f"there is no '{where}'; name a brief, or the folder {WORK}")
        root = where.parent / WORK if what(where) == "brief" else where
        if not (root / "tasks").is_dir():
            raise WorkspaceError(f"'{root}' is no workspace: it has no tasks/; name a brief, or the folder {WORK}")
        return root
    here = Path.cwd()
    found = [one for one in (here, here / WORK, *sorted(here.glob(f"*/{WORK}"))) if (one / "tasks").is_dir()]
    if len(found) != 1:
        said = "there is no workspace here" if not found else f"there are several: {', '.join(map(str, found))}"
        raise WorkspaceError(f"{said}; name the brief, or the folder {WORK}")
    return found[0]
