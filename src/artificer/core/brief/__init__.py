"""The client's brief, as the line reads it.

The attributes are the vocabulary of `brief.toml`: a file a table, named as the table is. They are plain frozen
dataclasses; `line.ask` validates the file against them (with pydantic, by way of `__pydantic_config__`) and refuses what
no stage honours yet.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from artificer.core.brief.accept import Accept
from artificer.core.brief.authority import Authority, Leave
from artificer.core.brief.card import Card
from artificer.core.brief.data import Data, Joined
from artificer.core.brief.decision import Capacity, DecisionPart, Reasons, Review, Value, check_stated
from artificer.core.brief.features import Features, MonotoneEffect
from artificer.core.brief.legal import Keep, Legal
from artificer.core.brief.output import Output
from artificer.core.brief.run import RunPart
from artificer.core.brief.serve import Serve
from artificer.core.brief.strict import STRICT
from artificer.core.brief.target import Target
from artificer.core.brief.track import Track

__all__ = [
    "Accept",
    "Authority",
    "Brief",
    "Capacity",
    "Card",
    "Data",
    "DecisionPart",
    "Features",
    "Joined",
    "Keep",
    "Leave",
    "Legal",
    "MonotoneEffect",
    "Output",
    "Reasons",
    "Review",
    "RunPart",
    "Serve",
    "Target",
    "Task",
    "Track",
    "Value",
    "check_stated",
    "is_brief",
]

Task = Literal["binary", "multiclass", "regression"]

_ENOUGH = 1 << 16  # bytes of a file, to tell what it is


@dataclass(frozen=True, kw_only=True)
class Brief:
    """All that the client said; everything but the target has a default.

    Attributes
    ----------
    brief : int
        Version of the vocabulary.
    accept : dict of str to Accept
        By the requirement's id: a metric's name ("roc_auc", "quantile_loss:0.9"), or list_precision, value_per_week,
        beats, calibration, a gap between groups ("recall_gap", "mae_gap"), latency_ms, size_mb.
    """

    __pydantic_config__ = STRICT
    target: Target
    brief: int = 1
    name: str = "model"
    purpose: str = ""
    owner: str = ""
    data: Data = field(default_factory=Data)
    features: Features = field(default_factory=Features)
    decision: DecisionPart = field(default_factory=DecisionPart)
    accept: dict[str, Accept] = field(default_factory=dict)
    serve: Serve = field(default_factory=Serve)
    output: Output = field(default_factory=Output)
    track: Track = field(default_factory=Track)
    authority: Authority = field(default_factory=Authority)
    legal: Legal = field(default_factory=Legal)
    card: Card = field(default_factory=Card)
    run: RunPart = field(default_factory=RunPart)


def is_brief(path: Path) -> bool:
    """Whether a file is a brief: it says so by its name, or is TOML that names a target."""
    if path.suffix.lower() == ".toml":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(_ENOUGH)
    try:
        return "target" in tomllib.loads(start.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
