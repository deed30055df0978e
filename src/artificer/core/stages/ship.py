"""From `ship`: where the package is, and what a replay needs to make it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from artificer.core.brief import Brief
from artificer.core.records import Decision, Fact, Finding
from artificer.core.stages.design import Candidate
from artificer.core.stages.refine import Outputs


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a package, compared.

    Attributes
    ----------
    name : str
        What was compared: "training libraries", "one row at a time", "numpy walk", "zip file" …
    largest, tolerance : float
        Largest difference of a prediction, relative above one, and what is allowed; 0 asks for equal bits.
    """

    name: str
    n_rows: int
    largest: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Shipped:
    """From `ship`: where the package is, and what certifies that it predicts as training did.

    Attributes
    ----------
    parity : tuple of Fact
        By candidate, how far its portable form lies from its training library.
    ways : tuple of Way
        The packed package, read back, against training and in each way to run it; also in its parity.json.
    """

    package: str
    version: str
    model_hash: str
    size_mb: float
    parity: tuple[Fact, ...]
    ways: tuple[Way, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Where one fit stopped: its fold (-1: the refit on all rows), iterations, and what else it settled on."""

    candidate: str
    fold: int
    n_iterations: int
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunLock:
    """What a replay needs: every choice that hung on the clock, and what it led to.

    Attributes
    ----------
    folder : str
        Where relative paths of the brief start; "" in a package.
    dropped : dict of str to str
        Candidates that went no further, and why.
    weights : dict of str to float
        The blend.
    refitted : bool
        Whether it was trained on all training rows.
    outputs : Outputs or None
        What is done to it; None in the lock of an earlier version.
    repairs : tuple of str
        Names of those that were made: which were measured hung on the clock.
    mending : tuple of Candidate
        Candidates beyond the plan's, made for where the blend so far erred.
    """

    run_id: str
    brief: Brief
    folder: str
    fingerprint: str
    model_hash: str
    versions: dict[str, str]
    stops: tuple[Stop, ...]
    dropped: dict[str, str]
    weights: dict[str, float]
    refitted: bool = True
    outputs: Outputs | None = None
    repairs: tuple[str, ...] = ()
    mending: tuple[Candidate, ...] = ()
    VERSION: ClassVar[int] = 1
