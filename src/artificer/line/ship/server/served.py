"""The version that answers requests, and the one that takes over when the ledger says so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artificer.core.brief import check_stated
from artificer.core.errors import ArtificerError, DataError, WorkspaceError
from artificer.core.life import Bins, Reference
from artificer.core.store import decode
from artificer.data.row_key import key_of
from artificer.line.ship.scorer import Scorer, scorer_of
from artificer.line.ship.server.beside import Beside
from artificer.line.ship.server.deciding import Decider, Persons
from artificer.line.ship.server.fields import Fields
from artificer.line.ship.server.limits import Limits
from artificer.line.ship.server.log import KEY, Log, Wanted
from artificer.line.ship.server.metrics import Metrics
from artificer_runtime import RowsError, RuntimeInputError
from artificer_runtime.package import read
from artificer_runtime.predictor import One, Predictions, ends_told
from artificer_runtime.schema import GROUPS, Column

if TYPE_CHECKING:
    from artificer.core.ledger import Ledger
    from artificer.line.ship.server.access import Gate

EVERY_S = 1.0


@dataclass(frozen=True)
class Model:
    """One version, ready to answer.

    Attributes
    ----------
    since : str
        When it was loaded, as ISO text.
    typical : dict of str to value
        A usual value of each column, to fill the page's form with.
    persons : Persons
        What persons decided of rows that waited for them.
    """

    scorer: Scorer
    card: dict[str, Any]
    since: str
    typical: dict[str, Any]
    persons: Persons = field(default_factory=Persons)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What it reads, in the order of the schema."""
        return tuple(one for one in self.scorer.predictor.schema.columns if one.kind in GROUPS)

    @cached_property
    def asked(self) -> tuple[Column, ...]:
        """What a row must hold: what it reads, and what decisions are priced by; of a name any single value."""
        known = {one.name for one in self.columns}
        priced = [
            one for one in self.scorer.schema.columns if one.name in self.decider.priced and one.name not in known
        ]
        free = (one if one.kind in GROUPS else Column(one.name, "category") for one in priced)
        return (*self.columns, *free)

    @cached_property
    def fields(self) -> Fields:
        """What a row must hold."""
        data, spellings = self.scorer.brief.data, self.scorer.predictor.schema.spellings
        return Fields(self.asked, (data.time,), data.columns, self.scorer.brief.serve, self.key, spellings)

    @cached_property
    def decider(self) -> Decider:
        """What the brief says is done with each row."""
        return Decider(self.scorer, self.persons)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Fields that hold a row's key."""
        return self.scorer.brief.data.key or (KEY,)

    def predictions(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Predict rows whose fields have been checked."""
        if len(rows) == 1 and not self.decider.names:
            one = self.scorer.predictor.predict_one(rows[0])
            if one is not None:
                return [self._told_one(one)]
        return self.told(rows, self.scorer.predictor.predict_full(rows[0] if len(rows) == 1 else rows))

    def _told_one(self, found: One) -> dict[str, Any]:
        """As `told`, of one row in plain values that nothing is decided about."""
        answer: dict[str, Any] = {"prediction": found.value}
        chances, positive = found.probabilities, self.scorer.positive
        if chances is not None:
            answer["probabilities"] = dict(zip(self.scorer.predictor.contents.classes, chances, strict=True))
            if positive >= 0:
                answer["score"] = chances[positive]
        if found.interval is not None:
            answer["interval"] = found.interval
        answer["flags"] = found.flags
        return answer

    def told(self, rows: Sequence[dict[str, Any]], found: Predictions) -> list[dict[str, Any]]:
        """An answer for each row: prediction, and where there are any, probabilities, score, interval, decision; flags."""
        classes, positive = self.scorer.predictor.contents.classes, self.scorer.positive
        answers: list[dict[str, Any]] = [{"prediction": value} for value in found.values.tolist()]
        if found.probabilities is not None:
            for answer, chances in zip(answers, found.probabilities.tolist(), strict=True):
                answer["probabilities"] = dict(zip(classes, chances, strict=True))
                if positive >= 0:
                    answer["score"] = chances[positive]
        if found.intervals is not None:
            for answer, ends in zip(answers, found.intervals.tolist(), strict=True):
                answer["interval"] = ends_told(ends)
        if self.decider.names:
            self._decide(answers, rows, found)
        raised = [(name, flag.tolist()) for name, flag in found.flags.items()]
        for place, answer in enumerate(answers):
            answer["flags"] = [name for name, flag in raised if flag[place]]
        return answers

    def _decide(self, answers: list[dict[str, Any]], rows: Sequence[dict[str, Any]], found: Predictions) -> None:
        decider = self.decider
        keys = [key_of([row.get(name) for name in self.key]) for row in rows] if decider.reads_keys else []
        said = decider(rows, keys, self.score(found), found)
        for place, answer in enumerate(answers):
            answer["decision"] = said.decision[place]
            if said.review[place]:
                answer["review"] = said.review[place]
            if said.period:
                answer["period"] = said.period[place]

    def score(self, found: Predictions) -> np.ndarray:
        """What decisions are made by: probability of success, of the likeliest class, or the value; float64 (n_rows,)."""
        if found.probabilities is None:
            return np.asarray(found.values, np.float64)
        positive = self.scorer.positive
        return found.probabilities[:, positive] if positive >= 0 else found.probabilities.max(axis=1)


@dataclass
class Serving:
    """What is served now; of a brief, looked up in the ledger again and again.

    Attributes
    ----------
    trouble : str
        Why the version that should be served is not; "" when it is.
    log : Log or None
        What keeps the answers; None where the package lies in no workspace.
    gate : Gate
        Who may use which door.
    beside : Beside
        The versions that run beside the served one.
    limits : Limits
        What requests are held to.
    metrics : Metrics
        What is counted.
    changed : callable
        Called once a person has changed here what is served.
    persons : Persons
        What persons decided of rows that waited for them.
    """

    subject: Path
    workspace: Path | None
    model: Model
    trouble: str = ""
    log: Log | None = None
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    gate: Gate = field(default_factory=lambda: _gate())
    beside: Beside = field(default_factory=Beside)
    persons: Persons = field(default_factory=Persons)
    changed: Callable[[], None] = lambda: None
    _looked: float = field(default_factory=time.monotonic)

    @classmethod
    def of(
        cls,
        subject: Path,
        workspace: Path | None = None,
        limits: Limits | None = None,
        wanted: Wanted | None = None,
    ) -> Serving:
        """Load what is to be served.

        Parameters
        ----------
        wanted : Wanted, optional
            How the prediction log is to be kept.

        Raises
        ------
        ArtificerError, RuntimeInputError
            When the package cannot be read, or nothing is served yet.
        """
        persons = Persons()
        model = _loaded(scorer_of(subject, workspace=workspace), persons)
        root = model.scorer.workspace
        log = None
        if root is not None:
            log = Log(partial(_ledger, root), model.scorer.brief, wanted, partial(secret, root))
        serving = cls(subject, workspace, model, limits=limits or Limits(), log=log, persons=persons)
        serving._hear_persons()
        return serving

    @property
    def troubles(self) -> str:
        """What is wanted of this server and is not so: of the served version, those beside it, and the keys."""
        return "; ".join(one for one in (self.trouble, self.beside.trouble, self.gate.trouble) if one)

    def follow(self) -> bool:
        """Come to what is wanted by now: the keys, the served version (True when another took over), those beside it."""
        self.gate.refresh()
        taken = self.refresh()
        scorer = self.model.scorer
        if scorer.folder is not None and scorer.ledger is not None:
            self.beside.refresh(scorer.brief.name, scorer.ledger.rollouts, self._version)
        self._hear_persons()
        return taken

    def _hear_persons(self) -> None:
        scorer = self.model.scorer
        if scorer.workspace is None or not scorer.brief.decision.review.when:
            return
        with suppress(WorkspaceError):  # what was known stands; that the ledger cannot be read is told by the log
            if scorer.ledger is not None:
                self.persons.refresh(scorer.ledger.reviews(scorer.brief.name))

    def _version(self, version: str) -> Model:
        return _loaded(scorer_of(self.subject, version, self.workspace), self.persons)

    def refresh(self, *, now: bool = False) -> bool:
        """Look whether another version is to be served, at most once a second unless `now`; True when it took over."""
        if self.model.scorer.folder is None or (time.monotonic() - self._looked < EVERY_S and not now):
            return False
        self._looked = time.monotonic()
        try:
            ledger = self.model.scorer.ledger
            served = ledger.served(self.model.scorer.brief.name) if ledger is not None else None
            if served is None or served.version == self.model.scorer.version:
                self.trouble = ""
                return False
            self.model = _loaded(scorer_of(self.subject, workspace=self.workspace), self.persons)
        except (ArtificerError, RuntimeInputError) as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        return True


def _ledger(root: Path) -> Ledger:
    from artificer.core.ledger import ledger_of

    return ledger_of(root)


def secret(root: Path) -> bytes | None:
    """What forgotten persons of a workspace are recognised with; None where there is no secret."""
    from artificer.core.forgotten import (
        secret_of,
    )  # it needs a database's library, which a server without a ledger does not

    return secret_of(root)


def _gate() -> Gate:
    from artificer.line.ship.server.access import Gate  # it needs starlette, whose absence `serve` explains

    return Gate()


def _loaded(scorer: Scorer, persons: Persons) -> Model:
    """Make a version ready to answer.

    Raises
    ------
    BriefError
        When `[decision]` says what this prediction does not allow, as `score` refuses it.
    """
    check_stated(scorer.brief.decision, scorer.task)
    files = read(scorer.package)[2]
    reference = decode(files["reference.json"], Reference) if "reference.json" in files else None
    card = json.loads(files.get("card.json", b"{}"))
    bins = {one.name: one for one in reference.columns} if reference else {}
    columns = scorer.predictor.schema.columns
    typical = {column.name: _typical(column, bins.get(column.name)) for column in columns if column.kind in GROUPS}
    model = Model(scorer, card, datetime.now(UTC).isoformat(timespec="seconds"), typical, persons)
    typical |= {column.name: _typical(column, bins.get(column.name)) for column in model.asked[len(model.columns) :]}
    with suppress(RowsError, DataError):  # what is built at the first prediction is there before a request
        model.predictions([typical])
    return model


def _typical(column: Column, bins: Bins | None) -> Any:
    """The middle of the judged rows, their commonest level, or the middle of training's range."""
    if column.kind in ("category", "boolean"):
        return bins.levels[0] if bins and bins.levels else column.levels[0] if column.levels else ""
    if column.kind == "text":
        return ""
    middle = 0.0
    if bins and bins.edges:
        filled = np.cumsum(bins.counts[1:])
        middle = bins.edges[min(int(np.searchsorted(filled, filled[-1] / 2)), len(bins.edges) - 1)]
    elif column.low is not None and column.high is not None:
        middle = (column.low + column.high) / 2
    if column.kind == "time":
        moment = datetime.fromtimestamp(float(np.clip(middle or column.high or 0.0, -6e10, 2.5e11)), UTC)
        return (
            moment.strftime(column.form)
            if column.form
            else moment.isoformat(timespec="seconds")[: None if column.zone else 19]
        )
    if "int" in column.dtype.lower():
        return int(middle)
    return round(middle, 3) if abs(middle) >= 1 else float(f"{middle:.3g}")
