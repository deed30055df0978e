"""Against what needs no model: a constant, and of numbers in time the value that came last."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, Rows, examination
from artificer.line.judge.tests.rival import Rival, met
from artificer.line.judge.trivial import constant_prediction, last_value

CODE = "against_trivial"


@examination(CODE, "prediction")
def against_trivial(seen: Examined) -> Iterator[Finding]:
    """Report whether the model is better than saying the same of every row, or the last value again."""
    if seen.train is None and np.ptp(seen.rows.y) == 0:
        return  # a constant that is learned from them is right
    constant = constant_prediction(seen)
    learned = "from the training rows" if seen.train is not None else "from the judged rows, which favours it"
    found = met(
        seen,
        Rival(CODE, "a constant", constant, "do not use it: bring columns that tell of the target, or more rows"),
        Fact("constant", float(constant[0, -1]), learned),
    )
    if found is not None:
        yield found
    if seen.task != "regression" or seen.rows.time is None:
        return
    fix = "give it earlier values of the target as columns, or say the last value where that is known in time"
    rival = Rival(CODE, "the last value", _last(seen, float(constant[0, 0])), fix, worse="warning")
    found = met(seen, rival)
    if found is not None:
        yield found


def _last(seen: Examined, start: float) -> np.ndarray:
    """The latest earlier value among training rows and judged ones; groups of both are not numbered alike."""
    train, rows = seen.train, seen.rows
    if train is None or train.time is None or rows.group is not None:
        return last_value(rows, start)
    assert rows.time is not None
    both = Rows(rows.frame, np.concatenate([train.y, rows.y]), time=np.concatenate([train.time, rows.time]))
    return last_value(both, start)[len(train) :]
