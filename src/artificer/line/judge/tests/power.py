"""Power: the smallest change of the score that these rows could have shown, so that “not shown” is no comfort."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import figure
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.trivial import constant_prediction
from artificer.measure.distributions import normal_quantile, normal_reach
from artificer.measure.metrics import metric

CHANCE = 0.8
# Of the gain over a constant: rows that would miss the loss of half of it are too few.
LARGE_SHARE = 0.5
SLICE = 0.1


@examination("power", "prediction")
def power(seen: Examined) -> Iterator[Finding]:
    """Report what change of the score a test on these rows would notice four times in five (Cohen 1988, chapter 1)."""
    held = seen.score()
    against = seen.against(constant_prediction(seen))
    drop, gain = detectable(held), detectable(against)
    if not np.isfinite([drop, against.value]).all():
        return
    n_slice = int(SLICE * len(seen.rows))
    of_slice = drop * float(np.sqrt(1 / SLICE + 1 / (1 - SLICE)))
    few = against.value > 0 and drop > LARGE_SHARE * against.value
    yield Finding(
        "power",
        "warning" if few else "note",
        "rows",
        f"were {seen.metric} worse by {figure(drop)} or more, {len(seen.rows):,} rows would show it four times in five; "
        f"less may pass unseen{_of_slice(seen, held.value, n_slice, of_slice)}",
        "bring more rows before a “not shown” is taken for “there is none”" if few else "nothing to do",
        (
            Fact("detectable_drop", drop, f"{seen.metric}, against a known score"),
            Fact("detectable_gain", gain, f"{seen.metric}, over another way to predict the same rows"),
            Fact("detectable_in_a_slice", of_slice, f"{seen.metric}, a tenth of the rows against the rest"),
            Fact("gain", against.value, f"{seen.metric} over a constant, positive where better"),
        ),
    )


def _of_slice(seen: Examined, score: float, n_rows: int, least: float) -> str:
    """How much worse a slice must be; nothing of one without rows."""
    worst = metric(seen.metric).worst
    if worst is not None and least > abs(score - worst):
        return f". A slice of {n_rows:,} rows could be at its worst unseen" if n_rows else ""
    return f". A slice of {n_rows:,} rows must be worse by {figure(least)}" if n_rows else ""


def detectable(found: Estimate) -> float:
    """Smallest change that such an interval excludes with a chance of four in five: its half and 0.84 of its error."""
    half, z = (found.high - found.low) / 2, normal_reach(found.level)
    return half * (1 + normal_quantile(CHANCE) / z)
