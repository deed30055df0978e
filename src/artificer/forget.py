"""A person who is to be forgotten: everything here that holds them, what of it goes, and which models learned from them.

What goes: rows of the ledger, rows of tables that `score` filled, and tasks that were computed from rows with the person
among them, which can be computed again. What stays and is named: the client's own files, copies of the ledger, and
packages. A mark in the ledger, which nobody can read without the workspace's secret, tells when the person comes back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from artificer.core.brief import Brief
from artificer.core.copies import FOLDER
from artificer.core.errors import ArtificerError, DataError, WorkspaceError, closest
from artificer.core.figures import counted
from artificer.core.forgotten import secret_of
from artificer.core.ledger import Ledger, ledger_of
from artificer.core.stages import Asked
from artificer.core.store import PARTIAL, RESULT, load
from artificer.data.fill import Place, place_of
from artificer.data.keys import key_texts
from artificer.data.readers import Loaded, read
from artificer.data.sources import gather, incoming, labels_of
from artificer.data.unfill import unfill
from artificer.runs import summaries

ROW = "artificer:row"  # in the rows of `ask`: each one's place in the source
_MIDNIGHT = r"T00:00:00(\.0+)?(\+00:00|Z)?$"  # a day is a moment once it stands in a task

How = Literal["trained", "judged", "cannot be told"]


@dataclass(frozen=True, slots=True)
class Output:
    """A table that `score` filled: rows of the person in it; why it could not be searched, else ""."""

    table: str
    n_rows: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """A package: whether the person was among the rows that trained it, or among those that judged it."""

    version: str
    how: How
    served: bool


@dataclass(frozen=True, slots=True)
class Held:
    """All that holds a person.

    Attributes
    ----------
    ledger : dict of str to int
        Rows by table.
    tasks : tuple of str
        Folders of results that were computed from rows with the person among them, or may have been.
    outputs : tuple of Output
    sources : tuple of str
        The client's own data that holds them, or could not be read: never changed.
    copies : tuple of str
        Copies of the ledger, which may hold them.
    models : tuple of Learned
        But for packages that certainly did not meet them.
    removed : bool
        Whether ledger, tasks and outputs have been cleared; else nothing was changed.
    """

    name: str
    key: str
    ledger: dict[str, int]
    tasks: tuple[str, ...]
    outputs: tuple[Output, ...]
    sources: tuple[str, ...]
    copies: tuple[str, ...]
    models: tuple[Learned, ...]
    removed: bool = False


def held(key: str, root: Path, brief: Brief | None = None, folder: Path | None = None) -> Held:
    """Find everything that holds a person; nothing is changed.

    Parameters
    ----------
    key : str
        As `artificer why` takes it: the key's values with "|" between, or source:position.
    root : Path
        The workspace.
    brief : Brief, optional
        Else that of the workspace's latest run.
    folder : Path, optional
        Where the brief's relative paths start; default: beside the workspace.

    Raises
    ------
    WorkspaceError
        When the workspace knows several models and no brief says which is meant, or none.
    DataError
        When nothing here holds the person.
    """
    ledger = ledger_of(root)
    try:
        found = _held(key, root, brief or _brief_of(root), folder or root.resolve().parent, ledger)
        if not (found.ledger or found.tasks or found.sources or any(one.n_rows for one in found.outputs)):
            near = closest(key, ledger.predictions.some_keys(), "closest key there")
            raise DataError(f"nothing in '{root}' holds a person with the key '{key}'{near}")
        return found
    finally:
        ledger.close()


def forget(found: Held, root: Path, brief: Brief | None = None, folder: Path | None = None) -> Held:
    """Remove a person from ledger, tasks and outputs, and leave a mark; done again, it completes what was cut short.

    Raises
    ------
    ArtificerError
        When an output or the ledger cannot be written. The ledger is cleared last.
    """
    brief, folder = brief or _brief_of(root), folder or root.resolve().parent
    ledger = ledger_of(root)
    try:
        for place in _places(brief, folder, ledger.forgotten.tables_filled(found.name, found.key)):
            if isinstance(place, Place):
                unfill(place, brief.data.key, found.key, remove=True)
        for task in found.tasks:
            shutil.rmtree(root / task, ignore_errors=True)
        secret = secret_of(root, make=True)
        assert secret is not None
        models = [one.version for one in found.models if one.how == "trained"]
        ledger.forgotten.forget(found.name, found.key, secret, models)
    finally:
        ledger.close()
    return replace(found, removed=True)


def told(found: Held) -> Iterator[str]:
    """What was found, in sentences."""
    goes = "went" if found.removed else "would go"
    for table, n_rows in found.ledger.items():
        yield f"{goes}: {counted(n_rows, 'row')} of the ledger's table {table}"
    if found.tasks:
        yield f"{goes}: {len(found.tasks)} folders in tasks/, which the next run computes again"
    for one in found.outputs:
        if one.trouble:
            yield f"to be seen to by you: {one.table} ({one.trouble})"
        elif one.n_rows:
            yield f"{goes}: {counted(one.n_rows, 'row')} of {one.table}"
    for source in found.sources:
        yield f"to be seen to by you: {source}"
    for copy in found.copies:
        yield f"to be seen to by you: {copy}, a copy of the ledger from before"
    for model in found.models:
        now = ", which is served," if model.served else ""
        what = {
            "trained": "was trained on the person",
            "judged": "was judged on the person, not trained",
            "cannot be told": "may have been trained on the person: the rows it learned from are not kept any more",
        }[model.how]
        yield f"version {model.version}{now} {what}"


def _held(key: str, root: Path, brief: Brief, folder: Path, ledger: Ledger) -> Held:
    name = brief.name
    asked = {path: _asked(path) for path in sorted(root.glob("tasks/ask-*")) if not path.name.startswith(".")}
    met = {path: _met(root, path, one, brief, key) for path, one in asked.items() if one is not None}
    filled = ledger.forgotten.tables_filled(name, key)
    return Held(
        name=name,
        key=key,
        ledger=ledger.forgotten.holds(name, key),
        tasks=tuple(_tasks(root, [path.name for path, how in met.items() if how is not None])),
        outputs=tuple(_output(place, brief.data.key, key) for place in _places(brief, folder, filled)),
        sources=tuple(_sources(brief, folder, key)),
        copies=tuple(str(path) for path in sorted((root / FOLDER).glob("*"))),
        models=tuple(_models(root, brief, key, ledger, {_print(asked[path]): how for path, how in met.items()})),
    )


def _brief_of(root: Path) -> Brief:
    """The brief of the only model that the workspace knows."""
    briefs = {summary.page.brief.name: summary.page.brief for _, summary in reversed(list(summaries(root)))}
    if len(briefs) != 1:
        which = f"several models: {', '.join(sorted(briefs))}" if briefs else "no finished run"
        raise WorkspaceError(f"'{root}' knows {which}; say whose row it is with --brief")
    return next(iter(briefs.values()))


def _asked(folder: Path) -> Asked | None:
    for name in (RESULT, PARTIAL):
        if (folder / name).exists():
            return load(folder / name, Asked)
    return None


def _print(asked: Asked | None) -> str:
    return asked.fingerprint if asked is not None else ""


def _met(root: Path, folder: Path, asked: Asked, brief: Brief, key: str) -> How | None:
    """Whether the person is among the rows that train, or among those that judge."""
    kinds: tuple[tuple[How, str], ...] = (
        ("trained", asked.train.path),
        ("judged", asked.sealed.rows.path if asked.sealed else ""),
    )
    for how, path in kinds:
        if path and (root / path).exists() and _holds(root / path, asked, brief.data.key, key):
            return how
    return None


def _holds(path: Path, asked: Asked, columns: Sequence[str], key: str) -> bool:
    wanted = list(columns) or [ROW]
    if not set(wanted) <= set(pl.read_ipc_schema(path)):
        return False
    frame = pl.read_ipc(path.read_bytes(), columns=wanted)
    if not columns:
        return _position(asked.parts, key) in frame[ROW]
    texts = key_texts(frame, columns, ()).str.replace(_MIDNIGHT, "")
    return pl.Series([key]).str.replace(_MIDNIGHT, "")[0] in texts


def _position(parts: Sequence[tuple[str, int]], key: str) -> int:
    """A row's place among all rows of the sources, by its source and its place there; -1 for none of them."""
    source, _, place = key.rpartition(":")
    start = 0
    for name, n_rows in parts:
        if name == source and place.isdecimal() and int(place) < n_rows:
            return start + int(place)
        start += n_rows
    return -1


def _tasks(root: Path, met: Sequence[str]) -> Iterator[str]:
    """Tasks of runs that met the person, and of runs that never ended: what those were computed from is not written down."""
    if not met:
        return
    runs = [set(summary.tasks) for _, summary in summaries(root)]
    ended = set().union(*runs)
    doomed = set(met).union(*(run for run in runs if run & set(met)))
    for path in sorted(root.glob("tasks/*")):
        if path.name in doomed or path.name not in ended:
            yield f"tasks/{path.name}"


def _places(brief: Brief, folder: Path, filled: Sequence[str]) -> list[Place | Output]:
    """Tables that `score` filled: the brief's, and those that the ledger names; an `Output` says why one is out of reach."""
    found: dict[str, Place | Output] = {}
    named = [partial(place_of, brief.output.table, folder, brief.output.url_env)] if brief.output.table else []
    for place in [*named, *(partial(place_of, one, folder) for one in filled)]:
        shown = str(place.args[0])
        try:
            one = place()
            found[one.id] = one
        except ArtificerError as error:
            if not any(isinstance(one, Place) and one.shown == shown for one in found.values()):
                found[shown] = Output(shown, 0, str(error))
    return list(found.values())


def _output(place: Place | Output, columns: Sequence[str], key: str) -> Output:
    if isinstance(place, Output):
        return place
    try:
        return Output(place.shown, unfill(place, columns, key, remove=False))
    except DataError as error:
        return Output(place.shown, 0, str(error))


def _sources(brief: Brief, folder: Path, key: str) -> Iterator[str]:
    """The client's own data that holds the person."""
    data, track = brief.data, brief.track
    named: list[tuple[str, Any]] = []
    if data.source or data.url_env:
        named.append((data.source or f"the query of {data.url_env}", partial(gather, data, folder)))
    if data.test:
        named.append((data.test, partial(read, data.test, folder=folder)))
    if track.new or track.url_env:
        unlabelled = replace(brief, track=replace(track, labels=""))
        named.append((track.new or f"the query of {track.url_env}", partial(incoming, unlabelled, folder)))
    if track.labels:
        named.append((track.labels, partial(labels_of, brief, folder)))
    for shown, loaded in named:
        try:
            found: Loaded | None = loaded()
            texts = (
                key_texts(found.frame, data.key, found.parts) if found is not None else pl.Series([], dtype=pl.String)
            )
        except ArtificerError as error:
            yield f"{shown}, which could not be searched: {error}"
            continue
        n_rows = int((texts == key).sum())
        if n_rows:
            yield f"{shown}, which holds {n_rows:,} row{'s' if n_rows > 1 else ''} of the person"


def _models(root: Path, brief: Brief, key: str, ledger: Ledger, met: dict[str, How | None]) -> Iterator[Learned]:
    """Packages that met the person, and those of which that cannot be told."""
    served = ledger.served(brief.name)
    secret = secret_of(root)
    before = ledger.forgotten.met(brief.name, secret, [key]) if secret else {}
    known = {version for one in before.values() for version in one.models}
    for package in sorted((root / "packages").glob("*")):
        if package.name.startswith(".") or not (package / "card.json").is_file():
            continue
        card = json.loads((package / "card.json").read_bytes())
        if card.get("name", brief.name) != brief.name:
            continue
        learned = card.get("trained_on", {}).get("fingerprint", "")
        how: How | None = "trained" if package.name in known else met.get(learned, "cannot be told")
        if how is not None:
            yield Learned(package.name, how, served is not None and served.version == package.name)
