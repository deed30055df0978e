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
from artificer.data.table import read_table
from artificer.line.ask import ROW, ask
from artificer.line.choose import choose
from artificer.line.design import design
from artificer.line.encode import encode
from artificer.line.fit.attempt import learned, settled
from artificer.line.fit.course import Course, course
from artificer.line.fit.learners import load
from artificer.line.fit.losses import level_of, link_of, power_of
from artificer.line.refine.refit import NEXT_SEED
from artificer_runtime.members.oblivious import Oblivious
from artificer_runtime.members.trees import Trees
from artificer_runtime.package import Contents, Weighted, read

READABLE = (".parquet", ".csv")
STEPS = ("numbers@1", "codes@1", "dates@1", "date_gaps@1", "one_hot@1", "scaled@1", "hinges@1")
LEARNERS = ("lightgbm", "catboost", "linear", "extra_trees")


@dataclass(frozen=True, slots=True)
class Trained:
    """One candidate of the blend.

    Attributes
    ----------
    settings : dict
        The library's own.
    seeds : tuple of int
        A fit each, whose raw outputs are averaged.
    """

    name: str
    learner: str
    settings: dict[str, Any]
    n_iterations: int
    weight: float
    blocks: tuple[str, ...]
    categorical: tuple[int, ...]
    seeds: tuple[int, ...]
    limits: dict[str, Any]
    link: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that stands in a script.

    Attributes
    ----------
    rows : array of bool, (n_source_rows,)
        Which rows of the source the model was trained on.
    """

    name: str
    run_id: str
    versions: Mapping[str, str]
    source: Path
    contents: Contents
    rows: np.ndarray
    weight: str
    members: tuple[Trained, ...]
    differs: str


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
    by_name = {one.name: one for one in encoding.candidates}
    order = dict.fromkeys(stop.candidate for stop in lock.stops if stop.fold < 0)
    shipped = zip((name for name in order if name in lock.weights), contents.members, strict=True)
    members = tuple(_trained(name, one, by_name, ways, lock) for name, one in shipped)
    data = lock.brief.data
    about = json.loads(files["card.json"]).get("name", "") if "card.json" in files else ""
    rows = _rows(state, ways, asked.train.path, lock, source)
    return Gathered(
        about, lock.run_id, lock.versions, source, contents, rows, data.weight, members, _differs(members, contents)
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
        if block.name in needed and block.step not in STEPS:
            raise ArtificerError(
                f"the step '{block.step}' of {', '.join(block.columns[:3])} has no plain form yet, so no script was written; "
                "`artificer run --replay` trains the same model again"
            )


def _trained(name: str, shipped: Weighted, by_name: Mapping[str, Candidate], ways: Course, lock: RunLock) -> Trained:
    if name not in by_name or by_name[name].learner not in LEARNERS:
        raise ArtificerError(
            f"the member '{name}' has no plain form yet, so no script was written; `artificer run --replay` trains the same "
            "model again"
        )
    candidate = by_name[name]
    stops = [stop for stop in lock.stops if stop.candidate == name and stop.fold < 0]
    n_iterations = _iterations(shipped.member, len(stops))
    settings = learned(candidate.settings) | settled(n_iterations, stops[0].facts)
    fold = _fold(ways, candidate, None if lock.refitted else 0)
    if by_slope(fold, candidate.learner):
        raise ArtificerError(f"the loss of '{name}' ({fold.loss}) has no plain form with {candidate.learner} yet")
    learner: Any = load(candidate.learner)
    boosted = candidate.learner in ("lightgbm", "catboost")
    return Trained(
        name,
        candidate.learner,
        learner.parameters(fold, settings) if boosted else settings,
        n_iterations,
        lock.weights[name],
        candidate.blocks,
        fold.categorical,
        tuple(fold.seed + number * NEXT_SEED for number in range(len(stops))),
        learner.dataset_limits(fold) if candidate.learner == "lightgbm" else {},
        link_of(fold.task, fold.loss),
    )


def _iterations(member: Any, n_seeds: int) -> int:
    """Iterations of a fit as they were shipped: one of a fold may have ended before the run's choice; 0 of no booster."""
    if isinstance(member, Oblivious):
        return len(member.feature) // n_seeds
    if isinstance(member, Trees):
        return len(member.root) // (n_seeds * (member.n_out if member.value.ndim == 1 else 1))
    return 0


def by_slope(fold: Fold, learner: str) -> bool:
    """Whether the learner changes the target before it trains."""
    if learner == "lightgbm":
        return bool(fold.monotone) and level_of(fold.loss) is not None
    return learner in ("catboost", "linear") and bool(
        level_of(fold.loss) is not None or power_of(fold.loss) is not None
    )


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
    scan = pl.scan_parquet(source) if source.suffix == ".parquet" else pl.scan_csv(source)
    mask = np.zeros(int(scan.select(pl.len()).collect().item()), bool)
    mask[used] = True
    return mask


def _differs(members: tuple[Trained, ...], contents: Contents) -> str:
    if any(one.learner == "linear" for one in members):
        how = "the nearest of scikit-learn's" if contents.classes else "scikit-learn's ridge regression"
        return f"the linear member is {how}, which stops at another step of the solver than the one that was shipped"
    return ""
