"""Demanded effects: whether the shipped model never moves the wrong way when one column alone rises."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from artificer.core.records import Fact, Finding
from artificer.line.judge.seen import Seen

ROWS, STEPS = 300, 20
TOLERANCE = 1e-9


def effects(seen: Seen) -> Iterator[Finding]:
    """Sweep each column of `[features] effect` over its range in training, on up to 300 rows."""
    for name, effect in seen.run.brief.features.effect.items():
        column = next(column for column in seen.asked.schema.columns if column.name == name)
        if effect == "any" or column.kind != "number" or column.low is None or column.high is None:
            continue
        share = _violations(
            seen, name, np.linspace(column.low, column.high, STEPS), 1 if effect == "increasing" else -1
        )
        held = share == 0
        yield Finding(
            "effect",
            "note" if held else "blocker",
            name,
            f"the prediction is {effect} in '{name}' "
            + ("on every row that was tried" if held else f"except on {share:.0%} of the rows"),
            "nothing to do" if held else "report this: the members should not allow it",
            (Fact("share_violated", share, "share of rows"),),
        )


def _violations(seen: Seen, name: str, grid: np.ndarray, sign: int) -> float:
    frame = seen.rows.frame.head(ROWS)
    swept = [_raw(seen, frame.with_columns(pl.lit(float(value)).alias(name))) for value in grid]
    steps = sign * np.diff(np.stack(swept, axis=1), axis=1)
    return float((steps < -TOLERANCE).any(axis=1).mean())


def _raw(seen: Seen, frame: pl.DataFrame) -> np.ndarray:
    raw = seen.predictor.raw(seen.predictor.schema.encode(frame))
    column: np.ndarray = raw[:, 0 if seen.asked.task == "regression" or seen.asked.positive == 0 else 1]
    return column
