"""What drives the prediction: how much the score falls when a column is shuffled among the judged rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.stages import Description, Driver
from artificer.line.judge.seen import Seen
from artificer.measure.importance import importance
from artificer_runtime.schema import GROUPS, Column

MOST_ROWS, MOST_COLUMNS, SHUFFLES = 1_500, 15, 3
LOW, HIGH = 0.1, 0.9


def drivers(seen: Seen, described: Description) -> tuple[Driver, ...]:
    """Rank the columns by what shuffling them costs, the costliest first."""
    rng = np.random.default_rng(0)
    kept = np.sort(rng.permutation(len(seen.y))[:MOST_ROWS])
    y, base = seen.y[kept], seen.decided(seen.metric, seen.prediction[kept])
    frame = seen.rows.frame[kept]
    weight = seen.rows.weight[kept] if seen.rows.weight is not None else None
    strength = {one.name: one.association.value for one in described.columns if one.association is not None}
    read = [column for column in seen.predictor.schema.columns if column.kind in GROUPS]
    read.sort(key=lambda column: -np.nan_to_num(strength.get(column.name, 0.0)))
    found = []
    for column in read[:MOST_COLUMNS]:

        def shuffled(order: np.ndarray, name: str = column.name) -> np.ndarray:
            return seen.decided(seen.metric, _predicted(seen, frame.with_columns(frame[name][order].alias(name))))

        effect = importance(seen.metric, y, base, shuffled, rng, n_repeats=SHUFFLES, weight=weight, level=seen.level)
        found.append(Driver(column.name, effect, _direction(seen, frame, column)))
    found = [one for one in found if np.isfinite(one.effect.value)]
    return tuple(sorted(found, key=lambda one: -one.effect.value))


def _predicted(seen: Seen, frame: pl.DataFrame) -> np.ndarray:
    raw: np.ndarray = seen.predictor.raw(seen.predictor.schema.encode(frame))
    return raw[:, ::-1] if seen.asked.positive == 0 else raw


def _direction(seen: Seen, frame: pl.DataFrame, column: Column) -> str:
    """Whether a high number raises or lowers the prediction, all else as it is; "" where there is no saying."""
    values = frame[column.name].drop_nulls()
    if column.kind != "number" or seen.prediction.shape[1] > 2 or len(values) < 2:
        return ""
    ends = [values.quantile(one, "nearest") for one in (LOW, HIGH)]
    if ends[0] == ends[1]:
        return ""
    low, high = (_predicted(seen, frame.with_columns(pl.lit(end).alias(column.name)))[:, -1] for end in ends)
    spread = float(np.std(seen.prediction[:, -1]))
    if not spread or abs(float((high - low).mean())) < 0.05 * spread:
        return ""
    return "more of it, higher" if (high - low).mean() > 0 else "more of it, lower"
