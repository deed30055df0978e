"""What commands print: progress on stderr, results on stdout, or one JSON document with --json."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artificer.cli.subject import Subject

if TYPE_CHECKING:
    from artificer.core.records import Decision, Finding
    from artificer.core.run import Progress, Run

SCHEMA = "artificer-result@1"
COLOURS = {"✓": "green", "?": "yellow", "✗": "red"}

brief_argument = click.argument("brief", type=Subject("brief"))
workspace_option = click.option(
    "--workspace", type=click.Path(path_type=Path), help="Folder to work in; default: artificer-work beside the brief."
)
limit_option = click.option("--limit", "limit_s", type=click.FloatRange(min=1), help="Time limit in seconds.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@dataclass(frozen=True, slots=True)
class How:
    """How a command on a brief shall work."""

    workspace: Path | None = None
    limit_s: float | None = None
    as_json: bool = False

    def begin(self, brief: Path) -> Run:
        """Start a run that shows its progress and whose time limit counts from the start of this process."""
        from artificer.line.ask import begin

        spent = age_s()
        return begin(brief, workspace=self.workspace, limit_s=self.limit_s, progress=progress(spent), spent_s=spent)


def line_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that every command on a brief has, as its argument `how`."""

    @wraps(command)
    def gathered(*given: Any, workspace: Path | None, limit_s: float | None, as_json: bool, **more: Any) -> int:
        return command(*given, how=How(workspace, limit_s, as_json), **more)

    return workspace_option(limit_option(json_option(gathered)))


def age_s() -> float:
    """Seconds since this process began, imports included; 0 where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def progress(began_s: float = 0.0) -> Progress:
    """Lines on stderr: seconds since the start, the stage, what happened."""
    start = time.monotonic() - began_s

    def show(stage: str, text: str) -> None:
        click.echo(f"{time.monotonic() - start:7.1f} s  {stage:9} {text}", err=True, color=_coloured(sys.stderr))

    return show


def coloured(text: str) -> str:
    """A line whose first sign says how it went, in its colour, on a terminal."""
    colour = COLOURS.get(text[:1])
    return click.style(text, fg=colour) if colour and _coloured(sys.stdout) else text


def typed(path: Path) -> str:
    """A path as one types it here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns as wide as they need be."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(one) for one in column) for column in zip(head, *cells, strict=True)]
    for row in (head, *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _coloured(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ


def document(
    command: str,
    code: int,
    result: Any,
    *,
    findings: Sequence[Finding] = (),
    decisions: Sequence[Decision] = (),
    files: Mapping[str, Path] | None = None,
) -> None:
    """Print the one JSON document."""
    from artificer.core.store import public_json

    paths = {name: str(path) for name, path in (files or {}).items()}
    parts = {
        "schema": SCHEMA,
        "command": command,
        "code": code,
        "result": result,
        "findings": list(findings),
        "decisions": list(decisions),
        "files": paths,
    }
    click.echo(public_json(parts).decode())
