"""The line's own model, as the tests of any model are shown it: bounded in rows, and by the run's time limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from artificer.core.records import Finding
from artificer.core.stages import ModelTest
from artificer.line.ask.rows import Labelled, oriented
from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.seen import Seen
from artificer.line.judge.tests import about, run_tests
from artificer.measure.labels import turned

# Rows that a test predicts anew for each change it tries, and seconds that must be left for that.
MOST_ROWS, LEAST_S = 400, 1.0
INTERVALS = 0.9


def tests_of(seen: Seen, train: Labelled, *, sealed: bool) -> tuple[tuple[ModelTest, ...], tuple[Finding, ...]]:
    """Run the tests of a model on what a verdict sees; none where effects are off.

    Parameters
    ----------
    train : Labelled
        The rows that trained the model, the target among their columns.
    sealed : bool
        Whether the judged rows trained nothing; out of fold, the model itself is not what predicted them.
    """
    if not seen.run.effects:
        return (), ()
    shown = _shown(seen, train, sealed=sealed)
    found = run_tests(shown)
    return found, (about(shown, found), *(one for test in found for one in test.findings))


def _shown(seen: Seen, train: Labelled, *, sealed: bool) -> Examined:
    brief, asked = seen.run.brief, seen.asked
    names = [column.name for column in seen.predictor.schema.columns]
    names += [name for name in brief.features.protected if name not in names and name in seen.rows.frame.columns]
    reasons = {"fit": "the line trains no model again to judge one"}
    more: dict[str, Any] = {}
    if not sealed:
        why = "out of fold, other models than this one predicted the rows, which trained it"
        reasons |= {"predict": why, "train": why}
    elif seen.run.replay is None and seen.run.clock.left_s < LEAST_S:
        why = "the time limit left no time for it"
        reasons |= {"predict": why, "train": why}
    else:
        y, _ = oriented(train.y, seen.prediction, asked.positive)
        more["train"] = Rows(train.frame.select(names), y, train.weight, train.time, train.group)
        more["predict"] = lambda frame: _predicted(seen, frame)
    if seen.predictor.contents.residuals is not None:
        more["intervals"] = seen.predictor.interval(seen.prediction, INTERVALS)
    rows = seen.rows
    return Examined(
        task=asked.task,
        metric=seen.metric,
        rows=Rows(rows.frame.select(names), seen.y, rows.weight, rows.time, rows.group),
        prediction=seen.prediction,
        classes=asked.classes[::-1] if asked.positive == 0 else asked.classes,
        level=seen.level,
        protected=brief.features.protected,
        effects={name: effect for name, effect in brief.features.effect.items() if effect != "any"},
        folder=seen.folder,
        linear=seen.linear,
        multipliers=turned(seen.predictor.contents.multipliers, asked.positive),
        intervals_level=INTERVALS,
        took_ms=seen.took_ms,
        most_rows=MOST_ROWS,
        reasons=reasons,
        **more,
    )


def _predicted(seen: Seen, frame: pl.DataFrame) -> np.ndarray:
    raw = seen.predictor.raw(seen.predictor.schema.encode(frame))
    return raw[:, ::-1] if seen.asked.positive == 0 else raw
