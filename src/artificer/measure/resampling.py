"""Scores by labels of resampled rows, or of whole groups of them: what a bootstrap's interval is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from artificer.measure.metrics import Metric, score

REPLICATES, FEWER_REPLICATES = 500, 200
BOOTSTRAP_ROWS = 20_000  # of more, fewer replicates


def replicates(
    found: Metric,
    y: np.ndarray,
    predictions: Sequence[np.ndarray],
    weight: np.ndarray | None,
    groups: np.ndarray | None,
) -> np.ndarray:
    """Scores of each prediction on the same resampled rows, or whole groups: float64 (n_replicates, n_predictions).

    The metric is one of labels: rows of one class that are said to be the same are one kind, and kinds are counted.
    """
    k = predictions[0].shape[1]
    rows = (y.astype(np.int64), *(one.argmax(axis=1) for one in predictions))
    kinds, kind = np.unique(np.ravel_multi_index(rows, (k,) * len(rows)), return_inverse=True)
    truth, *said = np.unravel_index(kinds, (k,) * len(rows))
    tables: Iterable[np.ndarray]
    if weight is None and groups is None:
        share = np.bincount(kind) / len(y)
        tables = np.random.default_rng(0).multinomial(len(y), share, _n_replicates(len(y)))
    else:
        tables = (np.bincount(kind[one], _at(weight, one), len(kinds)) for one in resamples(len(y), groups))
    shown = [np.eye(k)[one] for one in said]
    held = ((table > 0, table.astype(np.float64)) for table in tables)
    return np.array([[score(found.name, truth[at], one[at], n[at]) for one in shown] for at, n in held])


def resamples(n_rows: int, groups: np.ndarray | None) -> Iterator[np.ndarray]:
    """Rows of each replicate, drawn with a fixed seed; fewer replicates where rows are many."""
    rng = np.random.default_rng(0)
    if groups is None:
        yield from (rng.integers(0, n_rows, n_rows) for _ in range(_n_replicates(n_rows)))
        return
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    sizes = np.diff(starts, append=n_rows)
    for _ in range(_n_replicates(n_rows)):
        pick = rng.integers(0, len(starts), len(starts))
        ends = np.cumsum(sizes[pick])
        yield order[np.arange(ends[-1]) + np.repeat(starts[pick] + sizes[pick] - ends, sizes[pick])]


def _n_replicates(n_rows: int) -> int:
    return REPLICATES if n_rows <= BOOTSTRAP_ROWS else FEWER_REPLICATES


def _at(weight: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return weight[rows] if weight is not None else None
