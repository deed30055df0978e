"""A model against another way to predict the same rows: how a comparison becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artificer.core.figures import in_chances, with_interval
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
        What it means that the model is not shown to be better, and that it is shown to be worse.
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
    severity, says = _outcome(gain, rival)
    likely = chances(gain, practically(seen.metric, seen.score().value))
    return Finding(
        rival.code,
        severity,
        rival.name,
        f"the model is {says} {rival.name}: {seen.metric} better by {with_interval(gain)}"
        + (f"; {in_chances(likely)}" if likely else ""),
        "nothing to do" if severity == "note" else rival.fix,
        (*scores, *facts),
        gain,
    )


def _outcome(gain: Estimate, rival: Rival) -> tuple[Severity, str]:
    if gain.low > 0:
        return "note", "better than"
    if gain.high < 0:
        return rival.worse, "worse than"
    return rival.unshown, "not shown to be better than"


def _score_of(other: Estimate | None, metric: str) -> tuple[Fact, ...]:
    return (Fact("score_of_the_other", other.value, metric),) if other is not None else ()
