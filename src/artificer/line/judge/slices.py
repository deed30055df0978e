"""Slices: the score of each level of the protected columns, and of a few others, with an interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from artificer.core.figures import figure
from artificer.core.records import Estimate, Fact, Finding
from artificer.core.run import Run
from artificer.core.stages import Asked, Description
from artificer.line.judge.conditions import MOST_LEVELS, groups
from artificer.line.judge.seen import Seen
from artificer.measure.correct import holm
from artificer.measure.distributions import normal_reach
from artificer.measure.intervals import estimate
from artificer.measure.metrics import metric

FEWEST_ROWS = 50
MOST_OTHERS = 3
ALARM = 0.05


def slices(seen: Seen, columns: Sequence[str]) -> tuple[tuple[tuple[str, Estimate], ...], tuple[Finding, ...]]:
    """Score slices of at least 50 rows, and report those clearly worse than the rest (Holm-corrected z tests)."""
    scores, tests = [], []
    for column in columns:
        for one in groups(seen.rows.frame, column):
            label, mask = one.label, one.holds(seen.rows.frame)
            if mask.sum() < FEWEST_ROWS or (~mask).sum() < FEWEST_ROWS:
                continue
            inside, outside = (_score(seen, part) for part in (mask, ~mask))
            if np.isfinite(inside.value) and np.isfinite(outside.value):
                scores.append((f"{column} = {label}", inside))
                tests.append((column, label, int(mask.sum()), inside, outside))
    return tuple(scores), _worse(seen, tests)


def sliced_columns(run: Run, asked: Asked, described: Description) -> list[str]:
    """The protected columns, and the three features of few levels that say most about the target."""
    protected = list(run.brief.features.protected)
    strength = {one.name: one.association.value for one in described.columns if one.association is not None}
    others = [
        column.name
        for column in asked.schema.columns
        if column.kind in ("category", "boolean")
        and 2 <= len(column.levels) <= MOST_LEVELS
        and column.name in asked.features
        and column.name not in protected
    ]
    return protected + sorted(others, key=lambda name: -np.nan_to_num(strength.get(name, 0.0)))[:MOST_OTHERS]


def _score(seen: Seen, mask: np.ndarray) -> Estimate:
    weight = seen.rows.weight[mask] if seen.rows.weight is not None else None
    group = seen.rows.group[mask] if seen.rows.group is not None else None
    prediction = seen.decided(seen.metric, seen.prediction[mask])
    return estimate(seen.metric, seen.y[mask], prediction, weight, groups=group, level=seen.level)


def _worse(seen: Seen, tests: list[tuple[str, str, int, Estimate, Estimate]]) -> tuple[Finding, ...]:
    if not tests:
        return ()
    sign, z = metric(seen.metric).sign, normal_reach(seen.level)
    gaps = np.array([sign * (inside.value - outside.value) for *_, inside, outside in tests])
    errors = np.array([np.hypot(a.high - a.low, b.high - b.low) / (2 * z) for *_, a, b in tests])
    p = holm(special.ndtr(gaps / np.maximum(errors, 1e-300)))
    findings = []
    for (column, label, n_rows, inside, outside), gap, chance in zip(tests, gaps, p, strict=True):
        if gap < 0 and chance < ALARM:
            findings.append(
                Finding(
                    "slice",
                    "warning",
                    f"{column} = {label}",
                    f"where {column} is {label}, {seen.metric} is {figure(inside.value)}, elsewhere {figure(outside.value)}",
                    "bring more rows of this kind, or columns that tell them apart",
                    (Fact("rows", float(n_rows), "rows"), Fact("p", float(chance), "Holm-corrected")),
                )
            )
    return tuple(findings)
