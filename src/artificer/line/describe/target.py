"""The target by itself: shares of classes, or the shape of a number."""

from __future__ import annotations

import numpy as np
from scipy import stats

from artificer.core.records import Fact
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.measure.intervals import mean_of_rows, share_of

MOST_CLASSES = 12


def target_facts(asked: Asked, rows: Labelled) -> tuple[Fact, ...]:
    """State the target's distribution in the training rows; intervals stand in the unit."""
    facts = [Fact("n_rows", float(rows.n_rows), "rows"), Fact("n_unlabelled", float(asked.n_unlabelled), "rows")]
    return (*facts, *(_classes(asked, rows) if asked.classes else _numbers(rows)))


def _classes(asked: Asked, rows: Labelled) -> list[Fact]:
    counts = np.bincount(rows.y.astype(np.int64), minlength=len(asked.classes))
    facts = []
    for index in np.argsort(-counts, kind="stable")[:MOST_CLASSES]:
        share = share_of((rows.y == index).astype(np.float64), None, rows.group, level=0.95)
        unit = f"share of rows, {share.low:.4g} to {share.high:.4g}"
        facts.append(Fact(f"share of '{asked.classes[index]}'", share.value, unit))
    return facts


def _numbers(rows: Labelled) -> list[Fact]:
    y, mean = rows.y, mean_of_rows(rows.y, None, rows.group)
    quartiles = np.quantile(y, (0.0, 0.25, 0.5, 0.75, 1.0))
    names = ("lowest", "first quartile", "median", "third quartile", "highest")
    return [
        Fact("mean", mean.value, f"{mean.low:.4g} to {mean.high:.4g}"),
        Fact("standard deviation", float(y.std(ddof=1)) if len(y) > 1 else 0.0),
        *(Fact(name, float(value)) for name, value in zip(names, quartiles, strict=True)),
        Fact("skewness", float(stats.skew(y)) if np.ptp(y) > 0 else 0.0, "0 for a symmetric distribution"),
    ]
