"""A real client's case: a bank chooses whom its call centre rings. Its data and brief are in the package."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path

from artificer.core.errors import WorkspaceError
from artificer.core.store import write_bytes

FILES = ("brief.toml", "calls_2008.parquet", "calls_later.parquet", "SOURCE.md")
ATTRIBUTION = "Moro, Cortez and Rita (2014), Bank Marketing, UCI Machine Learning Repository, CC BY 4.0"

# What comes in later, and how the demo says it: the quarters of 2009 and the halves of 2010, a file a month.
FEEDS = (
    ("The first quarter of 2009", 2009, (1, 2, 3)),
    ("The second quarter of 2009", 2009, (4, 5, 6)),
    ("The third quarter of 2009", 2009, (7, 8, 9)),
    ("The fourth quarter of 2009", 2009, (10, 11, 12)),
    ("The first half of 2010", 2010, (1, 2, 3, 4, 5, 6)),
    ("The second half of 2010", 2010, (7, 8, 9, 10, 11)),
)


def arrive(folder: Path, year: int, months: tuple[int, ...]) -> list[Path]:
    """Let some months come in: write a file for each, beside the brief, where it is not there yet.

    Raises
    ------
    WorkspaceError
        When the folder cannot be written.
    """
    import polars as pl

    later = pl.read_parquet(folder / "calls_later.parquet")
    day = pl.col("called_on").dt
    written = []
    for month in months:
        path = folder / f"calls_{year}_{month:02}.parquet"
        if not path.exists():
            held = io.BytesIO()
            later.filter((day.year() == year) & (day.month() == month)).write_parquet(held)
            write_bytes(path, held.getvalue())
            written.append(path)
    return written


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
