"""The model card: what the model is for, what it learned from, and what it can be trusted with (Mitchell et al. 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np

from artificer.core.run import Run, versions
from artificer.core.stages import Asked, Model, Verdict
from artificer.line.choose import choose


def card(run: Run, asked: Asked, model: Model, verdict: Verdict) -> dict[str, Any]:
    """Collect the card as plain values."""
    brief = run.brief
    return {
        "name": brief.name,
        "purpose": brief.purpose,
        "owner": brief.owner,
        "task": asked.task,
        "target": brief.target.column,
        "classes": list(asked.classes),
        "positive": asked.classes[asked.positive] if asked.positive >= 0 else "",
        "key": list(brief.data.key),
        "features": [column.name for column in asked.schema.columns if column.name in asked.features],
        "unknown": brief.serve.unknown,
        "missing": brief.serve.missing,
        "protected": list(brief.features.protected),
        "trained_on": {"rows": asked.train.n_rows - _n_left_out(run), "fingerprint": asked.fingerprint},
        "tested_on": {"rows": verdict.n_rows, "which": verdict.on, "openings": verdict.n_openings},
        "members": model.weights,
        "score": {
            "metric": verdict.metric,
            "value": verdict.score.value,
            "low": verdict.score.low,
            "high": verdict.score.high,
        },
        "requirements": {line.requirement.id: line.outcome for line in verdict.lines},
        "not_known": list(asked.questions),
        "made_with": versions(),
    }


def _n_left_out(run: Run) -> int:
    """Training rows that a repair left out."""
    place = choose(run).split.left_out
    return int(np.load(run.path(place)).sum()) if place else 0
