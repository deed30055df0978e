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


def importance(
    name: str,
    y: np.ndarray,
    prediction: np.ndarray,
    shuffled: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    *,
    n_repeats: int,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Mean over several shuffles of what is lost, and of the ends of its interval: positive where the column helps.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    prediction : array of float64, (n_rows, n_out)
        Of the rows as they are.
    shuffled : callable
        From an order of the rows, int64 (n_rows,), to the predictions of rows whose column is put into that order.
    """
    losses = []
    for _ in range(n_repeats):
        other = shuffled(rng.permutation(len(y)))
        losses.append(compare(name, y, prediction, other, weight, level=level))
    value, low, high = (float(np.mean([getattr(one, end) for one in losses])) for end in ("value", "low", "high"))
    return replace(losses[0], value=value, low=low, high=high, method=f"{n_repeats} shuffles, {losses[0].method}")
