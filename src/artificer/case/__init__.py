"""A real client's case: a bank chooses whom its call centre rings. Its data and brief are in the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from artificer.core.errors import WorkspaceError
from artificer.core.store import write_bytes

FILES = ("brief.toml", "calls_2008.parquet", "calls_later.parquet", "SOURCE.md")
ATTRIBUTION = "Moro, Cortez and Rita (2014), Bank Marketing, UCI Machine Learning Repository, CC BY 4.0"


def unpack(folder: Path) -> Path:
    """Copy the case into `folder` and return the path of its brief; files that are there stay as they are.

    Raises
    ------
    WorkspaceError
        When the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"'{folder}' is a file; name a folder for the demo")
    for name in FILES:
        if not (folder / name).exists():
            write_bytes(folder / name, files(__name__).joinpath(name).read_bytes())
    return folder / "brief.toml"
