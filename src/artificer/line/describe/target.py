"""The target by itself: shares of classes, or the shape of a number."""

from __future__ import annotations

import numpy as np
from scipy import stats

from artificer.core.figures import TOO_FEW
from artificer.core.records import Estimate, Fact
from artificer.core.stages import Asked
from artificer.line.ask.rows import Labelled
from artificer.measure.means import mean_of_rows, share_of

MOST_CLASSES = 12


def target_facts(asked: Asked, rows: Labelled) -> tuple[Fact, ...]:
    """State the target's distribution in the training rows; intervals stand in the unit."""
    facts = [Fact("n_rows", float(rows.n_rows), "rows"), Fact("n_unlabelled", float(asked.n_unlabelled), "rows")]
    return (*facts, *(_classes(asked, rows) if asked.classes else _numbers(rows)))


def _classes(asked: Asked, rows: Labelled) -> list[Fact]:
    counts = np.bincount(rows.y.astype(np.int64), minlength=len(asked.classes))
    facts = []
    for index in np.argsort(-counts, kind="stable")[:MOST_CLASSES]:
        success = (rows.y == index).astype(np.float64)
        for weight, weighted in _ways(rows):
            share = share_of(success, weight, rows.group, level=0.95)
            unit = f"share of rows{weighted}, {_between(share, 0.0, 1.0)}"
            facts.append(Fact(f"share of '{asked.classes[index]}'{weighted}", share.value, unit))
    return facts


def _between(found: Estimate, least: float, greatest: float) -> str:
    """The interval in words; one that reaches from end to end says no more than that rows, or groups, are too few."""
    return TOO_FEW if found.low <= least and found.high >= greatest else f"{found.low:.4g} to {found.high:.4g}"


def _ways(rows: Labelled) -> list[tuple[np.ndarray | None, str]]:
    """Each row counted once, and by its weight where it has one."""
    return [(None, ""), *([(rows.weight / rows.weight.max(), ", weighted")] if rows.weight is not None else [])]


def _numbers(rows: Labelled) -> list[Fact]:
    y = rows.y
    means = [(f"mean{weighted}", mean_of_rows(y, weight, rows.group)) for weight, weighted in _ways(rows)]
    quartiles = np.quantile(y, (0.0, 0.25, 0.5, 0.75, 1.0))
    names = ("lowest", "first quartile", "median", "third quartile", "highest")
    return [
        *(Fact(name, mean.value, _between(mean, -np.inf, np.inf)) for name, mean in means),
        Fact("standard deviation", float(y.std(ddof=1)) if len(y) > 1 else 0.0),
        *(Fact(name, float(value)) for name, value in zip(names, quartiles, strict=True)),
        Fact("skewness", float(stats.skew(y)) if np.ptp(y) > 0 else 0.0, "0 for a symmetric distribution"),
    ]
