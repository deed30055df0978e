"""One run of the line: its brief, workspace, clock and the results of its stages.

`Run.stage` is how every stage remembers: in memory for this run, and on disk for the next, under a key made from what
it reads. The key never holds the time limit; what the clock cut is reused by runs of no longer a limit alone.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from artificer.core.brief import Authority, Brief, Card, Keep, Output, Track
from artificer.core.clock import Clock, Stopwatch
from artificer.core.records import Decision, Finding
from artificer.core.stages import RunLock
from artificer.core.store import Workspace, digest
from artificer.core.tasks import n_cores

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger

T = TypeVar("T")

LIBRARIES = ("artificer", "artificer-runtime", "numpy", "polars", "duckdb", "scikit-learn", "lightgbm", "catboost")


class Progress(Protocol):
    """Told what happens as it happens."""

    def __call__(self, stage: str, text: str) -> None:
        """Show one line."""
        ...


def silent(stage: str, text: str) -> None:
    """Show nothing."""


@dataclass
class Run:
    """The state of one run; stages are called with it and leave their records in `results`.

    Attributes
    ----------
    folder : Path
        Where relative paths of the brief start.
    frame : object or None
        Rows given in Python in place of `[data] source`.
    replay : RunLock or None
        What to repeat without a clock.
    effects : bool
        Whether `audit` measures what problems cost.
    seal : bool
        Whether test rows are set aside; a caller of the estimators keeps their own.
    metric : str
        What candidates are compared by; "" leaves it to the brief.
    class_weight : tuple of float
        What rows of each class weigh in training, by class index; empty where all weigh alike.
    n_valid : int
        The last so many rows are the only fold; 0 lets `choose` cut folds.
    folds : (array of int8, (n_rows,), array of bool, (n_folds, n_rows)) or None
        The caller's own: which fold measures each row (-1: none), and which rows train then.
    train_on_valid : bool
        Whether the final fit trains on the last `n_valid` rows too.
    judged : bool
        Whether the model will be compared with a linear one.
    spent_s : float
        Seconds that earlier runs of the same rows were given, which this one goes on from.
    stop : threading.Event
        Set by the first Ctrl-C while candidates are trained: the best so far is wanted.
    reused, used : set of str
        Keys of tasks that had been done before, and of all that this run needed.
    """

    brief: Brief
    folder: Path
    workspace: Workspace
    clock: Clock = field(default_factory=Clock)
    frame: Any = None
    replay: RunLock | None = None
    progress: Progress = silent
    n_workers: int = 0
    effects: bool = True
    seal: bool = True
    metric: str = ""
    class_weight: tuple[float, ...] = ()
    n_valid: int = 0
    folds: tuple[np.ndarray, np.ndarray] | None = None
    train_on_valid: bool = True
    judged: bool = True
    spent_s: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    id: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}")
    results: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    watch: Stopwatch = field(default_factory=Stopwatch)

    def __post_init__(self) -> None:
        self.n_workers = self.n_workers or self.brief.run.cores or n_cores()
        self._began = self.clock.now()

    @cached_property
    def ledger(self) -> Ledger:
        """The workspace's ledger, opened when first used."""
        from artificer.core.ledger import (
            ledger_of,
        )  # SQLAlchemy: 12 MB that estimators, which keep no ledger, do without

        ledger = ledger_of(self.workspace.root)
        ledger.begin(self.id, self.brief.name)
        return ledger

    @cached_property
    def spec(self) -> str:
        """Hash of all in the brief that may change a model: no time limit, no names of people, nothing of its later life."""
        timeless = replace(self.brief.run, limit_s=0.0, cores=0, memory_gb=0.0)
        brief = replace(self.brief, run=timeless, name="", purpose="", owner="", card=Card())
        legal = replace(brief.legal, keep=Keep())
        return digest(replace(brief, output=Output(), track=Track(), authority=Authority(), legal=legal))

    def stage(
        self,
        name: str,
        version: int,
        kind: type[T],
        work: Callable[[Path, str], T],
        reads: Sequence[Any] = (),
    ) -> T:
        """Return the stage's record: from this run, from the workspace, or by working.

        Parameters
        ----------
        version : int
            Of the stage's code; a new one makes everything after it run again.
        work : callable (folder, name) → record
            Writes its files into `folder`, which records call `name`.
        reads : sequence of records
            What the result depends on, besides the brief.
        """
        if name not in self.results:
            watch = Stopwatch()
            key = f"{name}-{digest(version, self.spec, list(reads), versions(), self.effects)}"
            self.results[name] = self.task(key, kind, work)
            self.seconds[name] = watch.seconds
            if key in self.reused:
                self.reused.add(name)
        result: T = self.results[name]
        return result

    def task(self, key: str, kind: type[T], work: Callable[[Path, str], T]) -> T:
        """Return the result stored under `key`, or work and store it."""
        self.used.add(key)
        if self.workspace.done(key, self.brief.run.limit_s + self.spent_s):
            self.reused.add(key)
            return self.workspace.result(key, kind)
        made = self.workspace.perform(key, work)
        if not self.stop.is_set() and self.replay is None:  # who interrupts a run wants it to go on the next time
            self.workspace.suffices(key, self._granted_s)
        return made

    @property
    def _granted_s(self) -> float:
        """The time limit that its results show; 0 of a run that began late in it, which shows nothing of what it gives."""
        limit_s = self.brief.run.limit_s
        return limit_s + self.spent_s if self.clock.deadline - self._began > limit_s / 2 else 0.0

    def tell(self, stage: str, decisions: Sequence[Decision] = (), findings: Sequence[Finding] = ()) -> None:
        """Keep what a stage decided and found in the ledger."""
        self.ledger.tell(self.id, stage, decisions, findings)

    def give_up(self, code: int) -> None:
        """Note that the run ended without a model, if the ledger knows that it began."""
        if "ledger" in self.__dict__:
            self.ledger.end(self.id, code, "")

    def path(self, relative: str) -> Path:
        """Where a path of a record is."""
        return self.workspace.path(relative)

    def limit(self, stage: str, share: float) -> Clock:
        """Return a clock for one stage: until `share` (0 to 1) of the time limit has passed since the run's start.

        What earlier stages left unspent passes on by itself.
        """
        if self.replay is not None:
            return Clock()
        return self.clock.less(self.brief.run.limit_s * (1.0 - share))


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that results depend on; absent ones are left out."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def temporary_workspace(owner: object) -> tuple[Workspace, Callable[[], object]]:
    """Make a workspace that vanishes with its owner, in memory where the system offers that.

    Returns
    -------
    Workspace
    callable
        Removes it before that.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="artificer-", dir=memory)
    return Workspace(Path(folder), durable=False), weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
