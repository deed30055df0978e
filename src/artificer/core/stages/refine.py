"""From `refine`: the model as it would ship, and the blends that it was chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from artificer.core.records import Decision, Estimate
from artificer_runtime.outcome import Residuals

# Of weights: what several seeds share adds up to the same, and so it does when a lock was read back.
WEIGHT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the final model: a candidate refitted on all training rows, and its weight."""

    candidate: str
    folder: str
    weight: float
    n_iterations: int
    parity: float
    facts: dict[str, float] = field(default_factory=dict)


def shares(parts: Sequence[Part]) -> dict[str, float]:
    """What each candidate weighs, all its seeds together, in the order of the parts; to twelve decimals.

    >>> one = Part("lightgbm", "", 0.1, 5, 0.0)
    >>> shares([one, one, one])
    {'lightgbm': 0.3}
    """
    names = dict.fromkeys(part.candidate for part in parts)
    return {name: round(sum(part.weight for part in parts if part.candidate == name), WEIGHT_DIGITS) for name in names}


@dataclass(frozen=True, slots=True)
class Choice:
    """One blend that could ship: what it scores out of fold and what it would cost to use.

    Attributes
    ----------
    weights : dict of str to float
        Weight of each candidate in it.
    row_us : float
        Microseconds a row in batches, of its members alone.
    one_ms : float
        Milliseconds of one row by itself, from a dict to its prediction; predicted from its parts.
    size_mb : float
        Size of its members' arrays.
    chosen : bool
        Whether this is what ships.
    """

    weights: dict[str, float]
    score: Estimate
    row_us: float
    one_ms: float
    size_mb: float
    chosen: bool = False

    @property
    def heaviest(self) -> tuple[tuple[str, float], ...]:
        """Members and their weights, the heaviest first."""
        return tuple(sorted(self.weights.items(), key=lambda one: (-one[1], one[0])))


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is done to the blend of a model's members before it is handed out; see `artificer_runtime.package.Contents`."""

    temperature: float = 1.0
    multipliers: tuple[float, ...] = ()
    residuals: Residuals | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """From `refine`: the model as it would ship, in a folder of the workspace that the runtime can load.

    Attributes
    ----------
    reference : str
        Folder of the linear model it is compared with, which is not shipped; "" where there is none.
    refitted : bool
        Whether its parts were trained on all training rows; else they are those of the first fold, for want of time.
    score : Estimate
        The blend's out-of-fold score, each row by weights that other rows chose.
    cut : bool
        Whether the clock cut any fit that is in it.
    front : tuple of Choice
        Blends that no other one beats in score, time and size alike, the most accurate first; empty in a replay.
    """

    folder: str
    parts: tuple[Part, ...]
    reference: str
    score: Estimate
    model_hash: str
    out_of_fold: str
    cut: bool = False
    refitted: bool = True
    decisions: tuple[Decision, ...] = ()
    front: tuple[Choice, ...] = ()
    outputs: Outputs = Outputs()

    @property
    def weights(self) -> dict[str, float]:
        """What each candidate weighs in the blend, all its seeds together."""
        return shares(self.parts)

    def _repr_html_(self) -> str:
        from artificer.core.report.notebook import model_html

        return model_html(self)
