"""Commands that look after the machine and the workspace."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from ctypes.util import find_library
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from artificer.cli.show import coloured, document, json_option, workspace_option

NEEDED = (
    "numpy",
    "polars",
    "duckdb",
    "pyarrow",
    "scipy",
    "scikit-learn",
    "lightgbm",
    "msgspec",
    "jinja2",
    "threadpoolctl",
    "pydantic",
    "sqlalchemy",
)
EXTRAS = {
    "catboost": ("catboost", "one more family of candidates"),
    "excel": ("fastexcel", "Excel workbooks as data"),
    "pandas": ("pandas", "frames of pandas as input"),
    "postgres": ("psycopg", "PostgreSQL as data, output and ledger"),
    "serve": ("starlette", "packages over HTTP"),
}
LEAST_MB = 500


@click.command()
@workspace_option
@json_option
def doctor(workspace: Path | None, as_json: bool) -> int:
    """Say whether this machine has what is needed, and how to get what it lacks."""
    checks = [_python(), *map(_library, NEEDED), _openmp(), *(_extra(name, *one) for name, one in EXTRAS.items())]
    checks += [_walk(), _disk(workspace or Path.cwd()), _machine()]
    code = 2 if any(sign == "✗" for sign, _ in checks) else 0
    if as_json:
        document("doctor", code, [{"sign": sign, "says": says} for sign, says in checks])
        return code
    for sign, says in checks:
        click.echo(coloured(f"{sign} {says}"))
    return code


def _python() -> tuple[str, str]:
    fits = sys.version_info >= (3, 11)
    return "✓" if fits else "✗", f"Python {platform.python_version()}" + ("" if fits else ": 3.11 or newer is needed")


def _library(name: str) -> tuple[str, str]:
    try:
        return "✓", f"{name} {version(name)}"
    except PackageNotFoundError:
        return "✗", f"{name} is absent: install Artificer again, with `make` or pip"


def _openmp() -> tuple[str, str]:
    if sys.platform != "linux" or find_library("gomp"):
        return "✓", "OpenMP, which LightGBM needs"
    return "✗", "libgomp is absent and LightGBM needs it: install it (Debian and Ubuntu: libgomp1)"


def _extra(extra: str, library: str, use: str) -> tuple[str, str]:
    try:
        return "✓", f"{library} {version(library)} (extra {extra}: {use})"
    except PackageNotFoundError:
        return "?", f"{library} is not installed (extra {extra}: {use}; get it with pip install 'artificer[{extra}]')"


def _walk() -> tuple[str, str]:
    from artificer_runtime import walk

    if walk.KERNEL is not None:
        return "✓", "the compiled walk of trees"
    if os.environ.get(walk.SWITCH) == "numpy":
        return "?", f"the compiled walk of trees is switched off by {walk.SWITCH}: numpy walks, and is slower"
    return "?", (
        "the compiled walk of trees is not there: numpy walks, and is slower (get it with a C compiler and Python's "
        "headers, on Debian and Ubuntu gcc and python3-dev, and install artificer-runtime again)"
    )


def _disk(folder: Path) -> tuple[str, str]:
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free_mb = shutil.disk_usage(there).free / 1e6
    if not os.access(there, os.W_OK):
        return "✗", f"'{there}' cannot be written: name another folder with --workspace"
    return ("✓" if free_mb > LEAST_MB else "✗"), f"{free_mb:,.0f} MB are free in '{there}'"


def _machine() -> tuple[str, str]:
    from artificer.core.tasks import n_cores

    tested = "" if sys.platform == "linux" else "; this system is not tested"
    return "✓", f"{n_cores()} cores, {_memory()}{platform.system()} {platform.machine()}{tested}"


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB of memory, "
    except (AttributeError, ValueError, OSError):  # systems that do not tell
        return ""


@click.command()
@click.argument("place", metavar="[BRIEF|WORKSPACE]", type=click.Path(path_type=Path), default="artificer-work")
@click.option("--all", "everything", is_flag=True, help="Remove all tasks, and runs with their reports.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(place: Path, everything: bool, yes: bool) -> int:
    """Remove what can be computed again from the workspace of a brief, or from the WORKSPACE itself.

    That is every task that the latest run does not rest on. Of a BRIEF, what its [legal] keep says is too old goes too:
    predictions, labels, what rows held, packages that are not served. All else of packages and the ledger stays.
    """
    from artificer.line.ask.start import WORKSPACE
    from artificer.runs import removable

    root = place.parent / WORKSPACE if place.is_file() else place
    folders, size_mb = removable(root, everything=everything)
    removes = [f"{len(folders)} folders of {'tasks, runs and reports' if everything else 'tasks'}, {size_mb:,.1f} MB"]
    old = _old(place, root) if place.is_file() else []
    what = "; ".join([*(removes if folders else []), *old])
    if not what:
        click.echo(f"nothing to remove from '{root}'")
        return 0
    if not yes and not _agreed(f"Remove {what} from '{root}'? All else of packages and the ledger stays"):
        click.echo("nothing was removed")
        return 0
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    if old:
        _retire(place, root)
    click.echo(f"removed: {what}")
    return 0


def _old(brief: Path, root: Path) -> list[str]:
    """What the brief says is too old, in words."""
    from artificer.core.ledger import ledger_of, place_of
    from artificer.line.ask import read_brief
    from artificer.line.ship.retention import due

    where = place_of(root)
    if isinstance(where, Path) and not where.exists():
        return []
    ledger = ledger_of(root)
    found = due(ledger, read_brief(brief), root)
    ledger.close()
    counts = {"predictions": found.ledger.n_predictions, "labels": found.ledger.n_labels, "rows": found.ledger.n_rows}
    said = [f"{count:,} {what} that are too old" for what, count in counts.items() if count]
    return said + [f"the package {path.name} ({decision.because})" for path, decision in found.packages]


def _retire(brief: Path, root: Path) -> None:
    from artificer.core.ledger import ledger_of
    from artificer.line.ask import read_brief
    from artificer.line.ship.retention import retire

    ledger = ledger_of(root)
    retire(ledger, read_brief(brief), root)
    ledger.scrub()
    ledger.close()


def _agreed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody is there to answer; --yes removes without asking") from error
