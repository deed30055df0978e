"""Robustness: how fast the score falls when inputs get worse, all at once or one column after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from artificer.core.errors import DataError
from artificer.core.figures import with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.trivial import constant_prediction
from artificer.measure.correct import looks
from artificer_runtime.errors import RuntimeInputError

CODE = "robustness"
MOST_COLUMNS = 20
# Of the gain over a constant: what slightly worse inputs, or one column's loss, may cost.
LARGE_SHARE, LARGEST_OF_ONE = 0.25, 0.75
NOTHING = 1e-9  # of it: rounding
REFUSED = (ValueError, TypeError, DataError, RuntimeInputError)
Change = Callable[[pl.DataFrame, float, np.random.Generator], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Harm:
    """One way in which inputs get worse.

    Attributes
    ----------
    steps : tuple of float
        How much, the slight one first: a warning hangs on that one.
    """

    name: str
    says: str
    steps: tuple[float, ...]
    change: Change
    fix: str


@examination(CODE, "predict")
def robustness(seen: Examined) -> Iterator[Finding]:
    """Report what noise, gaps and shifts cost, and which column the model can least do without."""
    seen = seen.sampled(seen.most_rows)
    gain = seen.against(constant_prediction(seen)).value
    if not gain > 0:  # what is worth nothing cannot lose it
        return
    for harm in HARMS:
        found = _harmed(seen, harm, gain)
        if found is not None:
            yield found
    worst = _worst_column(seen, gain)
    if worst is not None:
        yield worst


def _harmed(seen: Examined, harm: Harm, gain: float) -> Finding | None:
    losses: list[Estimate] = []
    for step in harm.steps:
        changed = harm.change(seen.rows.frame, step, np.random.default_rng(0))
        lost = None if changed.equals(seen.rows.frame) else _lost(seen, changed)
        if lost is None:
            return None if not losses and harm.name != "gaps" else _refused(harm)
        losses.append(lost)
    slight = losses[0]
    large = slight.low > 0 and slight.value > LARGE_SHARE * gain
    return Finding(
        CODE,
        "warning" if large else "note",
        harm.name,
        f"{harm.says.format(_told(harm.steps[0]))}, {_worse(seen, slight, gain)}",
        harm.fix if large else "nothing to do",
        tuple(
            Fact(f"{harm.name}_{_told(step)}", lost.value, f"{seen.metric} lost")
            for step, lost in zip(harm.steps, losses, strict=True)
        ),
        slight,
    )


def _refused(harm: Harm) -> Finding:
    return Finding(
        CODE,
        "note",
        harm.name,
        "the model refuses rows with missing values, or says nothing of them",
        "let it fill gaps as in training, or see that every row that comes in is whole",
    )


def _worst_column(seen: Examined, gain: float) -> Finding | None:
    """The column whose absence costs most: its values are missing in every row, or where it refuses that, shuffled."""
    names = seen.rows.frame.columns[:MOST_COLUMNS]
    seen = replace(seen, level=looks(seen.level, len(names)))
    order = np.random.default_rng(0).permutation(len(seen.rows))
    found: dict[str, Estimate] = {}
    for name in names:
        column = seen.rows.frame[name]
        lost = _lost(seen, seen.rows.frame.with_columns(pl.Series(name, [None] * len(column), column.dtype)))
        if lost is None:
            lost = _lost(seen, seen.rows.frame.with_columns(column[order].alias(name)))
        if lost is not None and np.isfinite(lost.value):
            found[name] = lost
    if not found:
        return None
    worst = max(found, key=lambda name: found[name].value)
    lost = found[worst]
    large = lost.low > 0 and lost.value > LARGEST_OF_ONE * gain and len(found) > 1
    tried = f"; the first {len(names)} columns were tried" if len(names) < seen.rows.frame.width else ""
    return Finding(
        CODE,
        "warning" if large else "note",
        worst,
        f"without '{worst}', {_worse(seen, lost, gain)}; no column costs more{tried}",
        f"see that '{worst}' always comes in, or say what is done when it does not" if large else "nothing to do",
        (
            *(Fact(name, one.value, f"{seen.metric} lost") for name, one in found.items()),
            Fact("level_of_each", seen.level),
        ),
        lost,
    )


def _worse(seen: Examined, lost: Estimate, gain: float) -> str:
    if lost.value <= NOTHING * gain:
        return f"{seen.metric} gets no worse"
    share = lost.value / gain
    return f"{seen.metric} gets worse by {with_interval(lost)}, {share:.0%} of what the model gains over a constant"


def _lost(seen: Examined, frame: pl.DataFrame) -> Estimate | None:
    """What changed rows cost; None where the model refuses them."""
    assert seen.predict is not None
    try:
        return seen.lost(seen.predict(frame))
    except REFUSED:
        return None


def _noisy(frame: pl.DataFrame, step: float, rng: np.random.Generator) -> pl.DataFrame:
    return _numbers(frame, lambda values: values + step * _spread(values) * rng.normal(size=len(values)))


def _gapped(frame: pl.DataFrame, step: float, rng: np.random.Generator) -> pl.DataFrame:
    gone = [pl.Series(rng.random(frame.height) < step) for _ in frame.columns]
    return frame.with_columns(
        pl.when(~mask).then(frame[name]).alias(name) for name, mask in zip(frame.columns, gone, strict=True)
    )


def _shifted(frame: pl.DataFrame, step: float, rng: np.random.Generator) -> pl.DataFrame:
    return _numbers(frame, lambda values: values + step * _spread(values))


def _numbers(frame: pl.DataFrame, change: Callable[[np.ndarray], np.ndarray]) -> pl.DataFrame:
    """Change the numbers of a frame; a gap stays one."""
    changed = []
    for name in frame.columns:
        if frame[name].dtype.is_numeric():
            values = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
            changed.append(pl.Series(name, change(values)).fill_nan(None))
    return frame.with_columns(changed)


def _spread(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else 0.0


def _told(step: float) -> str:
    return f"{step:g}"


HARMS = (
    Harm(
        "noise",
        "with noise of {} standard deviations on every number",
        (0.1, 0.3, 1.0),
        _noisy,
        "smooth the model: larger leaves, more regularisation, or noise in training",
    ),
    Harm(
        "gaps",
        "with a share of {} of all cells missing",
        (0.1, 0.3, 0.5),
        _gapped,
        "train with gaps, or see that rows come in whole",
    ),
    Harm(
        "shift",
        "with every number raised by {} standard deviations",
        (0.1, 0.5),
        _shifted,
        "watch the means of the inputs, and retrain when they move",
    ),
)
