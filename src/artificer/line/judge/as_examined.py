"""What a verdict sees, as the tests of any model are shown it."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.seen import Seen
from artificer.measure.labels import turned


def as_examined(seen: Seen) -> Examined:
    """Give the line's own model and its judged rows to tests of any model: the columns that it reads, and protected ones."""

    def predict(frame: pl.DataFrame) -> np.ndarray:
        raw: np.ndarray = seen.predictor.raw(seen.predictor.schema.encode(frame))
        return raw[:, ::-1] if seen.asked.positive == 0 else raw

    features, classes = seen.run.brief.features, seen.asked.classes
    rows = seen.rows
    names = [column.name for column in seen.predictor.schema.columns]
    names += [name for name in features.protected if name not in names and name in rows.frame.columns]
    return Examined(
        task=seen.asked.task,
        metric=seen.metric,
        rows=Rows(rows.frame.select(names), seen.y, rows.weight, rows.time, rows.group),
        prediction=seen.prediction,
        classes=classes[::-1] if seen.asked.positive == 0 else classes,
        level=seen.level,
        predict=predict,
        protected=features.protected,
        effects={name: effect for name, effect in features.effect.items() if effect != "any"},
        changeable=features.changeable,
        folder=seen.folder,
        multipliers=turned(seen.predictor.contents.multipliers, seen.asked.positive),
    )
