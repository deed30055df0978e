"""What a script needs of the run that made a package: its rows, its columns, and each member's settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from artificer.core.errors import ArtificerError, FaultError, WorkspaceError
from artificer.core.protocols import Fold
from artificer.core.run import Run
from artificer.core.stages import Candidate, RunLock
from artificer.core.store import Workspace, named
from artificer.data.readers import read as read_file
from artificer.data.separated import Dialect, dialect_of
from artificer.data.table import read_table
from artificer.line.ask import ROW, ask
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.course import BY_SIZE, Course, course
from artificer.line.fit.losses import link_of
from artificer.line.ship.script.steps import known_steps
from artificer.line.ship.script.told import differs, told
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees
from artificer_runtime.package import Contents, read

READABLE = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class Trained:
    """One candidate of the blend.

    Attributes
    ----------
    told : dict
        Arguments of its function, by name.
    differs : str
        How it is another than the member that was shipped; "" where it is the same.
    """

    name: str
    learner: str
    told: dict[str, Any]
    weight: float
    blocks: tuple[str, ...]
    link: str
    differs: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that stands in a script.

    Attributes
    ----------
    rows : array of bool, (n_source_rows,)
        Which rows of the source the model was trained on.
    by_size : bool
        Whether members trained with rows that weigh less the larger their target is.
    """

    name: str
    run_id: str
    versions: Mapping[str, str]
    source: Path
    dialect: Dialect
    contents: Contents
    rows: np.ndarray
    weight: str
    group: str
    seed: int
    members: tuple[Trained, ...]
    differs: str
    by_size: bool


def gathered(package: Path, brief: Path | None, workspace: Path | None) -> Gathered:
    """Look up, in the package and its run, all that a script needs.

    Raises
    ------
    ArtificerError
        When a step or a learner has no plain form here, or the data are not one file.
    WorkspaceError
        When the data have changed since.
    """
    contents, _, files = read(package)
    if "run.lock" not in files:
        raise ArtificerError(f"the package '{package}' carries no run.lock, which says how its model was trained")
    lock = named(files["run.lock"], RunLock, f"{package}/run.lock")
    where = package.resolve().parent
    root = workspace or (where.parent if where.name == "packages" else where)
    folder = brief.resolve().parent if brief else root.resolve().parent
    source = _source(lock, folder)
    _refuse_steps(contents)
    state = Run(lock.brief, folder, Workspace(root), replay=lock)
    asked = ask(state)
    if asked.fingerprint != lock.fingerprint:
        raise WorkspaceError("the data have changed since the model was trained; bring the data of that time")
    plan, encoding = design(state), encode(state)
    ways = course(state, asked, choose(state), plan, encoding)
    by_name = {one.name: one for one in (*encoding.candidates, *lock.mending)}
    members = tuple(_members(contents, by_name, ways, lock))
    data = lock.brief.data
    about = json.loads(files["card.json"]).get("name", "") if "card.json" in files else ""
    apart = "; ".join(one.differs for one in members if one.differs)
    rows = _rows(state, ways, asked.train.path, lock, source)
    return Gathered(
        about,
        lock.run_id,
        lock.versions,
        source,
        Dialect() if source.suffix == ".parquet" else dialect_of(source.read_bytes(), source.name),
        contents,
        rows,
        data.weight,
        data.group,
        lock.brief.run.seed,
        members,
        apart,
        plan.metric == BY_SIZE,
    )


def _source(lock: RunLock, folder: Path) -> Path:
    data = lock.brief.data
    path = folder / data.source
    if data.tables or data.query or data.url_env or path.suffix not in READABLE or "*" in data.source:
        raise ArtificerError(
            f"the model was trained on '{data.source}'"
            f"{' and joined tables' if data.tables else ''}; a script is written for one .parquet or .csv file so far: "
            "write the rows into one, and run the brief on it"
        )
    return path


def _refuse_steps(contents: Contents) -> None:
    needed = {name for one in contents.members for name in one.blocks}
    for block in contents.recipe.recipe.blocks:
        name, _, version = block.step.partition("@")
        if block.name in needed and not (name in known_steps() and version == "1"):
            raise ArtificerError(
                f"the step '{block.step}' of {', '.join(block.columns[:3])} has no plain form yet, so no script was written; "
                "`artificer run --replay` trains the same model again"
            )


def _members(contents: Contents, by_name: Mapping[str, Candidate], ways: Course, lock: RunLock) -> list[Trained]:
    """The blend's candidates; one whose form cannot be averaged stands in the package once a seed."""
    ran = [stop for stop in lock.stops if stop.fold < 0 and stop.candidate in lock.weights]
    left, made = list(contents.members), []
    for name in dict.fromkeys(stop.candidate for stop in ran):
        stops = [stop for stop in ran if stop.candidate == name]
        member = left[0].member
        left = left[1 if isinstance(member, Trees | Oblivious) else len(stops) :]
        if name not in by_name:
            raise ArtificerError(
                f"the run does not know the member '{name}' any more; `artificer run --replay` trains it"
            )
        candidate = by_name[name]
        fold = _fold(ways, candidate, None if lock.refitted else 0)
        made.append(
            Trained(
                name,
                candidate.learner,
                told(candidate, fold, stops, member),
                lock.weights[name],
                candidate.blocks,
                link_of(fold.task, fold.loss),
                differs(candidate, fold, stops[0].facts),
            )
        )
    if left:
        raise FaultError("the package holds more members than its run.lock names")
    return made


def _fold(ways: Course, candidate: Candidate, fold: int | None) -> Fold:
    given = ways.fold(candidate, ways.encodings(fold, only=candidate.blocks))
    return replace(given, X_valid=None, y_valid=None)


def _rows(state: Run, ways: Course, train: str, lock: RunLock, source: Path) -> np.ndarray:
    """Which rows of the source a member was trained on."""
    import polars as pl

    position = read_table(state.path(train))[ROW].to_numpy()
    used = position[ways.encodings(None if lock.refitted else 0, only=()).train_rows]
    if (np.diff(used) <= 0).any():
        raise FaultError("the rows of this run are not in the order of their source, so a script cannot name them")
    if source.suffix == ".parquet":
        n_rows = int(pl.scan_parquet(source).select(pl.len()).collect().item())
    else:
        n_rows = read_file(source).frame.height
    mask = np.zeros(n_rows, bool)
    mask[used] = True
    return mask
