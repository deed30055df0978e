"""What a file is, told by its content: a brief, data, or a package."""

from __future__ import annotations

import shlex
import zipfile
from pathlib import Path
from typing import Literal

import click

from artificer.core.brief import is_brief
from artificer.core.errors import BriefError, DataError
from artificer_runtime.package import is_package

What = Literal["brief", "data", "package", "absent"]

ARTICLES = {"brief": "a brief", "data": "data", "package": "a package"}


class Subject(click.Path):
    """A path that must hold what the command is about; an absent one is left to whoever reads it.

    Parameters
    ----------
    wanted : str
        "brief", "data" or "package".
    """

    def __init__(self, wanted: What) -> None:
        super().__init__(path_type=Path)
        self.wanted = wanted

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Look at the path; what is neither a brief nor a package is left to whoever reads it.

        Raises
        ------
        BriefError, DataError
            When it holds something else.
        """
        path = Path(str(value))
        found = what(path)
        if self.wanted == "brief" and found in ("data", "package"):
            drafts = f"; `artificer ask {shlex.quote(str(path))} --target COLUMN` drafts one" if found == "data" else ""
            raise BriefError(f"'{path}' is {ARTICLES[found]}, and a brief is needed here{drafts}")
        if self.wanted != "brief" and found not in (self.wanted, "data", "absent"):
            holds = "; its packages lie in artificer-work/packages beside it" if found == "brief" else ""
            raise DataError(f"'{path}' is {ARTICLES[found]}, and {ARTICLES[self.wanted]} is needed here{holds}")
        return path


def what(path: Path) -> What:
    """Tell what a path holds. A folder that is no package, and a file that is no brief, count as data."""
    if not path.exists():
        return "absent"
    try:
        if is_package(path):
            return "package"
        return "brief" if path.is_file() and is_brief(path) else "data"
    except (OSError, zipfile.BadZipFile):  # whoever reads it says what is wrong with it
        return "data"


def refuse_over(option: str, out: Path | None, *reads: str | Path | None) -> None:
    """Refuse to write over what a command reads: a file, or those of a glob.

    Raises
    ------
    click.UsageError
        When `out` is one of them.
    """
    for one in reads:
        if out is None or one is None:
            continue
        at, read = out.resolve(), Path(one).resolve()
        if at == read or at.match(str(read)):
            raise click.UsageError(f"{option} would write over '{out}', which is read here; name another file")
