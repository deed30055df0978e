"""A model against another way to predict the same rows: how a comparison becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer.core.figures import better_by, in_chances
from artificer.core.records import Estimate, Fact, Finding, Severity
from artificer.line.judge.examined import Examined
from artificer.measure.bayes import chances, practically


@dataclass(frozen=True, slots=True)
class Rival:
    """What a model is compared with.

    Attributes
    ----------
    name : str
        After "than" in a sentence.
    unshown, worse : Severity
        What it means that the model is not shown to be better, or worse by no more than what does not matter in practice, and
        that it is shown to be worse.
    """

    code: str
    name: str
    prediction: np.ndarray
    fix: str
    unshown: Severity = "warning"
    worse: Severity = "blocker"


def met(seen: Examined, rival: Rival, *facts: Fact) -> Finding | None:
    """Compare on the judged rows; None where the metric is not defined on them."""
    gain = seen.against(rival.prediction)
    if not np.isfinite(gain.value):
        return None
    other = seen.score(rival.prediction) if not seen.multipliers else None
    scores = (Fact("score", seen.score().value, seen.metric), *_score_of(other, seen.metric))
    little = practically(seen.metric, seen.score().value)
    severity, says = _outcome(gain, rival, little)
    likely = chances(gain, little)
    return Finding(
        rival.code,
        severity,
        rival.name,
        f"the model is {says}: {seen.metric} {better_by(gain)}" + (f"; {in_chances(likely)}" if likely else ""),
        "nothing to do" if severity == "note" else rival.fix,
        (*scores, *facts),
        gain if severity == "note" else -gain,  # mended by the other
    )


def _outcome(gain: Estimate, rival: Rival, little: float) -> tuple[Severity, str]:
    if gain.low > 0:
        return "note", f"better than {rival.name}"
    if gain.high >= 0:
        return rival.unshown, f"not shown to be better than {rival.name}"
    if gain.low > -little:
        return rival.unshown, f"worse than {rival.name} by too little to matter"
    return rival.worse, f"worse than {rival.name}"


def _score_of(other: Estimate | None, metric: str) -> tuple[Fact, ...]:
    return (Fact("score_of_the_other", other.value, metric),) if other is not None else ()
