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

ROWS, STRETCHES, FEWEST, REPLICATES, MOST_CLASSES = 600, 12, 50, 200, 2
REACHED = 10  # rows that lie at an end of a shape or beyond: what single rows hold is not told, nor stretches the chart
LARGEST = float(np.finfo(np.float32).max) / 4


def shapes(seen: Examined, columns: Sequence[str]) -> tuple[Shape, ...]:
    """The shape of each column that holds numbers; of several classes those of the two that it moves most.

    On at most 600 rows; none where nothing predicts. The band is of the mean at each end of a stretch, by the bootstrap of
    rows.
    """
    if seen.predict is None:
        return ()
    kept = np.sort(np.random.default_rng(0).permutation(len(seen.rows))[:ROWS])
    frame = seen.rows.frame[kept]
    numbers = [name for name in columns if frame[name].dtype.is_numeric()]
    return tuple(one for name in numbers for one in shapes_along(seen, frame, name))


def shapes_along(seen: Examined, frame: pl.DataFrame, name: str) -> tuple[Shape, ...]:
    """Accumulated local effects of one column, from its tenth lowest to its tenth highest value.

    None where fewer than 50 rows hold it, or these take fewer than 3 values.
    """
    assert seen.predict is not None
    # What overflows float32 is clipped when a model reads it, and leaves no scale to draw on.
    frame = frame.filter((frame[name].cast(pl.Float64).abs() <= LARGEST).fill_null(False))
    values = frame[name].cast(pl.Float64).to_numpy()
    if len(values) < FEWEST:
        return ()
    low_end, high_end = np.sort(values)[[REACHED - 1, -REACHED]]
    inside = (values >= low_end) & (values <= high_end)
    frame, values = frame.filter(inside), values[inside]
    ends = np.unique(np.quantile(values, np.linspace(0, 1, STRETCHES + 1), method="nearest"))
    if len(ends) < 3:
        return ()
    place = np.clip(np.searchsorted(ends, values, "left") - 1, 0, len(ends) - 2)
    low, high = (_moved(seen, frame, name, ends[place + step]) for step in (0, 1))
    effects, as_they_are = high - low, np.ones(len(values))
    curves = {k: _curve(effects[:, k], place, len(ends), as_they_are) for k in range(effects.shape[1])}
    names = seen.classes if seen.task == "multiclass" else ("",) * len(curves)
    points = {k: _points(curves[k], effects[:, k], place, ends, seen.level) for k in _most_moved(seen, curves)}
    return tuple(Shape(name, told, names[k]) for k, told in points.items())


def _most_moved(seen: Examined, curves: dict[int, np.ndarray]) -> list[int]:
    """Columns of the prediction to tell of: success or the value; of several classes those that move, the most first."""
    if seen.task != "multiclass":
        return [max(curves)]
    order = sorted(curves, key=lambda k: -float(np.ptp(curves[k])))
    return [k for k in order[:MOST_CLASSES] if np.ptp(curves[k]) > 0]


def _points(
    curve: np.ndarray, effects: np.ndarray, place: np.ndarray, ends: np.ndarray, level: float
) -> tuple[tuple[float, Estimate], ...]:
    """Ends of stretches, and what is predicted there with its band."""
    rng, n = np.random.default_rng(0), len(effects)
    again = (rng.multinomial(n, np.full(n, 1 / n)) for _ in range(REPLICATES))
    drawn = np.stack([_curve(effects, place, len(ends), times) for times in again])
    return tuple((float(end), _banded(float(curve[k]), drawn[:, k], n, level)) for k, end in enumerate(ends))


def _moved(seen: Examined, frame: pl.DataFrame, name: str, to: np.ndarray) -> np.ndarray:
    assert seen.predict is not None
    there = pl.Series(name, to).cast(frame[name].dtype)
    return np.asarray(seen.predict(frame.with_columns(there)), np.float64)


def _curve(effects: np.ndarray, place: np.ndarray, n_ends: int, times: np.ndarray) -> np.ndarray:
    """Effects averaged within stretches and added up, with mean 0 over the rows: float64 (n_ends,)."""
    rows = np.bincount(place, times, n_ends - 1)
    steps = np.bincount(place, times * effects, n_ends - 1) / np.maximum(rows, 1)
    curve = np.concatenate([[0.0], np.cumsum(steps)])
    middle = (curve[1:] + curve[:-1]) / 2
    return np.asarray(curve - (rows @ middle) / rows.sum())


def _banded(value: float, draws: np.ndarray, n: int, level: float) -> Estimate:
    return of_draws(value, draws, "accumulated local effects, bootstrap", n, level)
