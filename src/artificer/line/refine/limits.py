"""The client's limits of time and size, measured on a model that may ship: of a verdict, these lines alone.

A whole verdict takes seconds, and a blend that breaks a limit is followed by another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from artificer.core.run import Run
from artificer.core.stages import Line, Model, Requirement
from artificer.line.ask import ask
from artificer.line.design import design
from artificer.line.judge import LEVEL, judged_rows
from artificer.line.judge.lines import test_lines
from artificer.line.judge.seen import Seen

LIMITS = ("latency_ms", "size_mb")


def limits_of(requirements: Sequence[Requirement]) -> list[Requirement]:
    """Those that limit time or size."""
    return [one for one in requirements if one.id in LIMITS]


def broken_limits(run: Run, model: Model, limits: Sequence[Requirement]) -> list[Line]:
    """Limits that the model breaks, each with what was measured."""
    if not limits:
        return []
    asked = ask(run)
    judged = judged_rows(run, asked, model, sealed=False)
    seen = Seen(
        run=run,
        asked=replace(asked, requirements=tuple(limits)),
        rows=judged.rows,
        y=judged.y,
        prediction=judged.prediction,
        linear=judged.linear,
        constant=np.empty(0),
        metric=design(run).metric,
        level=LEVEL,
        predictor=judged.predictor,
        folder=run.path(model.folder),
    )
    return [line for line in test_lines(seen) if line.outcome == "unmet"]
