"""The version that answers requests, and the one that takes over when the ledger says so."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from artificer.core.errors import ArtificerError
from artificer.core.life import Bins, Reference
from artificer.core.store import decode
from artificer.line.ship.decisions import Rule
from artificer.line.ship.scorer import Scorer, scorer_of
from artificer.line.ship.server.beside import Beside
from artificer_runtime import RuntimeInputError
from artificer_runtime.package import read
from artificer_runtime.schema import GROUPS, Column

if TYPE_CHECKING:
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
    """

    scorer: Scorer
    card: dict[str, Any]
    since: str
    typical: dict[str, Any]

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it reads, in the order of the schema."""
        return tuple(one for one in self.scorer.predictor.schema.columns if one.kind in GROUPS)

    def predictions(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Predict rows whose fields have been checked."""
        predictor = self.scorer.predictor
        full = predictor.predict_full(rows)
        acts = self._acts(rows, full.probabilities)
        answers = []
        for place in range(len(rows)):
            answer: dict[str, Any] = {"prediction": _plain(full.values[place])}
            if full.probabilities is not None:
                chances = full.probabilities[place]
                answer["probabilities"] = dict(zip(predictor.contents.classes, chances.tolist(), strict=True))
                if self.scorer.positive >= 0:
                    answer["score"] = float(chances[self.scorer.positive])
            if acts is not None:
                answer["decision"] = "act" if acts[place] else "leave"
            answer["flags"] = [name for name, flag in full.flags.items() if flag[place]]
            answers.append(answer)
        return answers

    def _acts(self, rows: list[dict[str, Any]], probabilities: np.ndarray | None) -> np.ndarray | None:
        """What the brief's threshold or value decides row by row; a list of limited length needs the whole table."""
        decision = self.scorer.brief.decision
        if probabilities is None or self.scorer.positive < 0 or decision.capacity is not None:
            return None
        rule = Rule(self.scorer.brief, self.scorer.schema)
        if not rule.decides:
            return None
        frame = pl.DataFrame(rows, infer_schema_length=None, strict=False)
        return rule.acts(frame, probabilities[:, self.scorer.positive])


@dataclass
class Serving:
    """What is served now; of a brief, looked up in the ledger again and again.

    Attributes
    ----------
    trouble : str
        Why the version that should be served is not; "" when it is.
    gate : Gate
        Who may use which door.
    beside : Beside
        The versions that run beside the served one.
    """

    subject: Path
    workspace: Path | None
    model: Model
    trouble: str = ""
    gate: Gate = field(default_factory=lambda: _gate())
    beside: Beside = field(default_factory=Beside)
    _looked: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, subject: Path, workspace: Path | None = None) -> Serving:
        """Load what is to be served.

        Raises
        ------
        ArtificerError, RuntimeInputError
            When the package cannot be read, or nothing is served yet.
        """
        return cls(subject, workspace, _loaded(scorer_of(subject, workspace=workspace)))

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
        return taken

    def _version(self, version: str) -> Model:
        return _loaded(scorer_of(self.subject, version, self.workspace))

    def refresh(self) -> bool:
        """Look whether another version is to be served, at most once a second; True when it took over."""
        ledger = self.model.scorer.ledger
        if self.model.scorer.folder is None or ledger is None or time.monotonic() - self._looked < EVERY_S:
            return False
        self._looked = time.monotonic()
        try:
            served = ledger.served(self.model.scorer.brief.name)
            if served is None or served.version == self.model.scorer.version:
                self.trouble = ""
                return False
            self.model = _loaded(scorer_of(self.subject, workspace=self.workspace))
        except (ArtificerError, RuntimeInputError) as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        return True


def _gate() -> Gate:
    from artificer.line.ship.server.access import Gate  # it needs starlette, whose absence `serve` explains

    return Gate()


def _loaded(scorer: Scorer) -> Model:
    files = read(scorer.package)[2]
    reference = decode(files["reference.json"], Reference) if "reference.json" in files else None
    card = json.loads(files.get("card.json", b"{}"))
    bins = {one.name: one for one in reference.columns} if reference else {}
    columns = scorer.predictor.schema.columns
    typical = {column.name: _typical(column, bins.get(column.name)) for column in columns if column.kind in GROUPS}
    return Model(scorer, card, datetime.now(UTC).isoformat(timespec="seconds"), typical)


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
        return datetime.fromtimestamp(middle or column.high or 0.0, UTC).isoformat(timespec="seconds")[:19]
    return int(middle) if "Int" in column.dtype or "int" in column.dtype else round(middle, 3)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
