"""Contributions: what each column's value adds to one row's prediction.

The line's own models tell it themselves, as their packages do (see `artificer_runtime.contributions`). Of other people's
models, with the error of the sampling: Shapley values by sampled orders (Štrumbelj and Kononenko 2014, KAIS 41), each order
beside its reverse (Mitchell et al. 2022, "Sampling permutations for Shapley value estimation", JMLR 23). They add up to the
prediction less the mean prediction of the rows that it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from artificer.core.records import Estimate
from artificer.core.stages import Explained
from artificer.line.judge.examined import Examined, Predict
from artificer.measure.means import mean_t
from artificer_runtime import Predictor, RowsError
from artificer_runtime.schema import GROUPS

ORDERS, MOST_COLUMNS = 30, 40


def explained_by(predictor: Predictor, seen: Examined, *, at: Mapping[str, int] | None = None) -> tuple[Explained, ...]:
    """Explain rows, by default those of the highest and the lowest prediction, of the line's own model as its package would.

    Of several classes the surest and the least sure prediction, and what adds to the class that the model names. A model
    whose trees were trained before they kept their rows' counts is explained as any other one is.

    Parameters
    ----------
    at : mapping of str to int, optional
        Names and positions of rows.
    """
    columns = tuple(column.name for column in predictor.schema.columns if column.kind in GROUPS)
    if not columns or len(seen.rows) < 2:
        return ()
    places = at or ends(seen)
    try:
        told = predictor.explain(seen.rows.frame[list(places.values())])
    except RowsError:
        return explained(seen, columns, at=at)
    own = predictor.contents.classes
    found = []
    for (which, place), row in zip(places.items(), told.contributions, strict=True):
        k = _told_of(seen, place)
        if seen.task == "multiclass":
            added = row[:, own.index(seen.classes[k])]
        else:  # of two classes the package tells the log-odds of its last one
            added = -row[:, 0] if own[-1:] != seen.classes[-1:] else row[:, 0]
        found.append(_as_told(seen, which, place, k, tuple(_ranked(columns, added)), told.scale))
    return tuple(found)


def _ranked(columns: tuple[str, ...], added: np.ndarray) -> Iterator[tuple[str, Estimate]]:
    for k in np.argsort(-np.abs(added), kind="stable").tolist():
        value = float(added[k])
        yield columns[k], Estimate(value, value, value, "Shapley values of the package", 1)


def explained(
    seen: Examined, columns: tuple[str, ...], *, at: Mapping[str, int] | None = None
) -> tuple[Explained, ...]:
    """Explain rows, by default those of the highest and the lowest prediction; values of the rows are not told.

    Of several classes the surest and the least sure prediction. Nothing where there are more than 40 columns, or nothing
    predicts.
    """
    if seen.predict is None or not 0 < len(columns) <= MOST_COLUMNS or len(seen.rows) < 2:
        return ()
    found = []
    for which, place in (at or ends(seen)).items():
        k = _told_of(seen, place)
        added = contributions(seen.predict, seen.rows.frame, place, columns, of=k)
        found.append(_as_told(seen, which, place, k, added))
    return tuple(found)


def ends(seen: Examined) -> dict[str, int]:
    """Names and positions of the rows that are explained where none are asked for."""
    shown, names = seen.prediction[:, -1], ("highest", "lowest")
    if seen.task == "multiclass":
        named = seen.labels(seen.prediction)
        shown, names = seen.prediction[np.arange(len(named)), named], ("surest", "least sure")
    return {names[0]: int(shown.argmax()), names[1]: int(shown.argmin())}


def _told_of(seen: Examined, place: int) -> int:
    """Column of the prediction that is explained: success or the value; of several classes that which the model names."""
    return int(seen.labels(seen.prediction[place : place + 1])[0]) if seen.task == "multiclass" else -1


def _as_told(
    seen: Examined, which: str, place: int, k: int, added: tuple[tuple[str, Estimate], ...], scale: str = ""
) -> Explained:
    return Explained(
        which, float(seen.prediction[place, k]), added, scale, seen.classes[k] if seen.task == "multiclass" else ""
    )


def contributions(
    predict: Predict,
    frame: pl.DataFrame,
    place: int,
    columns: tuple[str, ...],
    *,
    of: int = -1,
    n_orders: int = ORDERS,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[tuple[str, Estimate], ...]:
    """What each column adds to the prediction of one row, against rows drawn from the same frame.

    Parameters
    ----------
    frame : DataFrame
        Rows to compare with; `place` is the position of the row that is explained.
    columns : tuple of str
        Those that the model reads; the others stay as they are in the rows to compare with.
    of : int
        Column of the prediction that is explained.
    n_orders : int
        Orders drawn, each tried forwards and backwards: 2 × n_orders × (n_columns + 1) predictions.

    Returns
    -------
    tuple of (str, Estimate)
        The largest first; intervals are Student's t over orders.
    """
    rng = np.random.default_rng(seed)
    d = len(columns)
    others = np.repeat(rng.integers(0, len(frame), n_orders), 2)
    orders = np.stack([rng.permutation(d) for _ in range(n_orders)])
    both = np.stack([orders, orders[:, ::-1]], axis=1).reshape(2 * n_orders, d)
    rank = np.argsort(both, axis=1)
    # Row (order, step): the first `step` columns of the order are the explained row's, the rest another row's.
    steps = np.arange(d + 1)
    asked = frame[np.repeat(others, d + 1)]
    changed = []
    for k, name in enumerate(columns):
        own = rank[:, k, None] < steps
        changed.append(frame[name][np.where(own, place, others[:, None]).ravel()].alias(name))
    value = np.asarray(predict(asked.with_columns(changed))[:, of], np.float64).reshape(2 * n_orders, d + 1)
    added = np.take_along_axis(np.diff(value, axis=1), rank, axis=1)
    pairs = added.reshape(n_orders, 2, d).mean(axis=1)
    found = [
        (name, mean_t(pairs[:, k], level=level, method="sampled Shapley values")) for k, name in enumerate(columns)
    ]
    return tuple(sorted(found, key=lambda one: -abs(one[1].value)))
