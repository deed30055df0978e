"""Shapes: how the prediction changes along a number, by accumulated local effects with bootstrap bands.

Apley and Zhu (2020), "Visualizing the effects of predictor variables in black box supervised learning models", JRSS B
82: within each stretch of the number, rows that lie there are moved from one end to the other and nothing else; so no row is
asked about that could not be, as partial dependence asks where columns go together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from artificer.core.records import Estimate
from artificer.core.stages import Shape
from artificer.line.judge.examined import Examined
from artificer.measure.intervals import of_draws

ROWS, STRETCHES, FEWEST, REPLICATES = 600, 12, 50, 200
LARGEST = float(np.finfo(np.float32).max) / 4


def shapes(seen: Examined, columns: Sequence[str]) -> tuple[Shape, ...]:
    """The shape of each column that holds numbers; none where there are several classes or nothing predicts.

    On at most 600 rows. The band is of the mean at each end of a stretch, by the bootstrap of rows.
    """
    if seen.task == "multiclass" or seen.predict is None:
        return ()
    kept = np.sort(np.random.default_rng(0).permutation(len(seen.rows))[:ROWS])
    frame = seen.rows.frame[kept]
    numbers = [name for name in columns if frame[name].dtype.is_numeric()]
    return tuple(one for name in numbers if (one := shape(seen, frame, name)) is not None)


def shape(seen: Examined, frame: pl.DataFrame, name: str) -> Shape | None:
    """Accumulated local effects of one column; None where fewer than 50 rows hold it or it takes fewer than 3 values."""
    assert seen.predict is not None
    # What overflows float32 is clipped when a model reads it, and leaves no scale to draw on.
    frame = frame.filter((frame[name].cast(pl.Float64).abs() <= LARGEST).fill_null(False))
    values = frame[name].cast(pl.Float64).to_numpy()
    if len(values) < FEWEST:
        return None
    ends = np.unique(np.quantile(values, np.linspace(0, 1, STRETCHES + 1), method="nearest"))
    if len(ends) < 3:
        return None
    place = np.clip(np.searchsorted(ends, values, "left") - 1, 0, len(ends) - 2)
    low, high = (_moved(seen, frame, name, ends[place + step]) for step in (0, 1))
    rng = np.random.default_rng(0)
    draws = [_curve(high - low, place, len(ends), np.ones(len(values)))]
    draws += [
        _curve(high - low, place, len(ends), rng.multinomial(len(values), np.full(len(values), 1 / len(values))))
        for _ in range(REPLICATES)
    ]
    value, drawn = draws[0], np.stack(draws[1:])
    points = tuple(
        (float(end), _banded(float(value[k]), drawn[:, k], len(values), seen.level)) for k, end in enumerate(ends)
    )
    return Shape(name, points)


def _moved(seen: Examined, frame: pl.DataFrame, name: str, to: np.ndarray) -> np.ndarray:
    assert seen.predict is not None
    there = pl.Series(name, to).cast(frame[name].dtype)
    return np.asarray(seen.predict(frame.with_columns(there))[:, -1], np.float64)


def _curve(effects: np.ndarray, place: np.ndarray, n_ends: int, times: np.ndarray) -> np.ndarray:
    """Effects averaged within stretches and added up, with mean 0 over the rows: float64 (n_ends,)."""
    rows = np.bincount(place, times, n_ends - 1)
    steps = np.bincount(place, times * effects, n_ends - 1) / np.maximum(rows, 1)
    curve = np.concatenate([[0.0], np.cumsum(steps)])
    middle = (curve[1:] + curve[:-1]) / 2
    return np.asarray(curve - (rows @ middle) / rows.sum())


def _banded(value: float, draws: np.ndarray, n: int, level: float) -> Estimate:
    return of_draws(value, draws, "accumulated local effects, bootstrap", n, level)
