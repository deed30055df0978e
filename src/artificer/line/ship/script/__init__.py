"""A package as one plain script that trains its model again: with the learners' own libraries, numpy and polars alone.

What the run chose (columns, rows, settings, iterations, weights) stands in the script as plain values; what is learned is
learned again when it runs.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from artificer.core.errors import ArtificerError, FaultError
from artificer.core.store import write_bytes
from artificer.line.ship.script.gathered import gathered
from artificer.line.ship.script.written import written

__all__ = ["Script", "export_code"]


@dataclass(frozen=True, slots=True)
class Script:
    """What was written.

    Attributes
    ----------
    differs : str
        Where the script trains another model than the package's, and why; "" where it trains the same.
    """

    path: Path
    n_lines: int
    differs: str


def export_code(
    package: str | Path,
    out: str | Path | None = None,
    *,
    brief: str | Path | None = None,
    workspace: str | Path | None = None,
) -> Script:
    """Write a plain script that trains the model of a package again, and predicts.

    Parameters
    ----------
    out : path, optional
        Default: ``train.py`` in the current folder.
    brief : path, optional
        Beside which the data lie; default: beside the workspace that the package stands in.

    Raises
    ------
    ArtificerError
        When a part of the model has no plain form here, or its data are not one file.
    """
    path = Path(out) if out is not None else Path("train.py")
    found = gathered(Path(package), Path(brief) if brief else None, Path(workspace) if workspace else None)
    if not found.source.is_file():
        raise ArtificerError(f"the data '{found.source}' are not there; the script would have nothing to train on")
    text = written(found)
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise FaultError(f"the script would not be Python (line {error.lineno}); nothing was written") from error
    write_bytes(path, text.encode())
    return Script(path, text.count("\n"), found.differs)
