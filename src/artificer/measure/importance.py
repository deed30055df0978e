"""What a column is worth to a model: how much the score falls when its values are shuffled among the rows.

Permutation importance (Breiman 2001, Machine Learning 45; Fisher, Rudin and Dominici 2019, JMLR 20): paired on the same
rows, in the metric's units. Columns that say the same share their importance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from artificer.core.records import Estimate
from artificer.measure.compare import compare
from artificer.measure.distributions import t_reach
from artificer.measure.influence import has_influence, influence
from artificer.measure.intervals import influence_error, rank_quantile
from artificer.measure.metrics import metric


def importance(
    name: str,
    y: np.ndarray,
    prediction: np.ndarray,
    shuffled: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    *,
    n_repeats: int,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """What is lost on average over several shuffles, with an interval: positive where the column helps.

    Where the metric has row influences, the interval is over rows (or groups) of the mean influence that a row loses in the
    shuffles, so that more shuffles show more; else its ends are the means of the ends of each shuffle's interval. Of accuracy
    too, as few rows that differ need an interval of their own.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    prediction : array of float64, (n_rows, n_out)
        Of the rows as they are.
    shuffled : callable
        From an order of the rows, int64 (n_rows,), to the predictions of rows whose column is put into that order.
    """
    others = [shuffled(rng.permutation(len(y))) for _ in range(n_repeats)]
    losses = [compare(name, y, prediction, one, weight, groups=groups, level=level) for one in others]
    value, low, high = (float(np.mean([getattr(one, end) for one in losses])) for end in ("value", "low", "high"))
    found = replace(losses[0], value=value, low=low, high=high, method=f"{n_repeats} shuffles, {losses[0].method}")
    if n_repeats == 1 or metric(name).of_hits or not has_influence(name) or not low < high < np.inf:
        return found
    lost = influence(name, y, prediction, weight) - np.mean([influence(name, y, one, weight) for one in others], axis=0)
    few = len(y) if groups is None else len(np.unique(groups))
    reach = rank_quantile(y, level, groups) if name == "roc_auc" else t_reach(level, max(few - 1, 1))
    half = reach * influence_error(lost - lost.mean(), few, groups)
    return replace(found, low=value - half, high=value + half) if half else found
