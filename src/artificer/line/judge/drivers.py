"""What drives the prediction: how much the score falls when a column is shuffled among the judged rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from artificer.core.clock import Clock
from artificer.core.stages import Description, Driver
from artificer.line.judge.examined import Examined, drawn
from artificer.line.judge.seen import Seen
from artificer.measure.importance import importance
from artificer_runtime.schema import GROUPS

MOST_ROWS, FEWEST_COLUMNS, MOST_COLUMNS, SHUFFLES = 1_500, 3, 15, 3
LOW, HIGH, LEAST = 0.1, 0.9, 0.05


def drivers(
    seen: Examined, columns: Sequence[str], numbers: Collection[str], clock: Clock | None = None
) -> tuple[Driver, ...]:
    """Rank columns by what shuffling them costs, the costliest first; nothing where nothing predicts.

    Parameters
    ----------
    columns : sequence of str
        The first fifteen are tried.
    numbers : collection of str
        Those of them that hold numbers, which have a direction.
    clock : Clock, optional
        No further column is tried when it has expired, but for the first three.
    """
    if seen.predict is None:
        return ()
    rng, rows = np.random.default_rng(0), seen.rows
    kept = drawn(len(rows), MOST_ROWS)
    y, base, frame = rows.y[kept], seen.as_scored(seen.prediction[kept]), rows.frame[kept]
    weight, groups = (one[kept] if one is not None else None for one in (rows.weight, rows.group))
    found: list[Driver] = []
    for name in columns[:MOST_COLUMNS]:
        if clock is not None and clock.expired and len(found) >= FEWEST_COLUMNS:
            break

        def shuffled(order: np.ndarray, name: str = name) -> np.ndarray:
            assert seen.predict is not None
            return seen.as_scored(seen.predict(frame.with_columns(frame[name][order].alias(name))))

        effect = importance(
            seen.metric, y, base, shuffled, rng, n_repeats=SHUFFLES, weight=weight, groups=groups, level=seen.level
        )
        found.append(Driver(name, effect, _direction(seen, frame, name) if name in numbers else ""))
    found = [one for one in found if np.isfinite(one.effect.value)]
    return tuple(sorted(found, key=lambda one: -one.effect.value))


def read_columns(seen: Seen, described: Description) -> tuple[list[str], set[str]]:
    """Columns that the line's own model reads, by their relation to the target; and those of them that are numbers."""
    strength = {one.name: one.association.value for one in described.columns if one.association is not None}
    read = [column for column in seen.predictor.schema.columns if column.kind in GROUPS]
    read.sort(key=lambda column: -np.nan_to_num(strength.get(column.name, 0.0)))
    return [column.name for column in read], {column.name for column in read if column.kind == "number"}


def _direction(seen: Examined, frame: pl.DataFrame, name: str) -> str:
    """What a high number does to the prediction, all else as it is; "" where there is no saying."""
    assert seen.predict is not None
    values = frame[name].drop_nulls()
    if len(values) < 2:
        return ""
    ends = [values.quantile(one, "nearest") for one in (LOW, HIGH)]
    if ends[0] == ends[1]:
        return ""
    there = [pl.lit(end).cast(frame[name].dtype).alias(name) for end in ends]
    low, high = (np.asarray(seen.predict(frame.with_columns(one)), np.float64) for one in there)
    spread = seen.prediction.std(axis=0)
    # In standard deviations of the predictions; a twentieth of one is no direction.
    moved = np.divide((high - low).mean(axis=0), spread, out=np.zeros(len(spread)), where=spread > 0)
    if seen.task != "multiclass":
        return "" if abs(moved[-1]) < LEAST else f"more of it, {'higher' if moved[-1] > 0 else 'lower'}"
    up, down = int(moved.argmax()), int(moved.argmin())
    return "" if np.ptp(moved) < LEAST else f"more of it, rather {seen.classes[up]} than {seen.classes[down]}"
