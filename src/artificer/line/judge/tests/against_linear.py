"""Against a linear model of the same columns: what a simpler model would do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.tests.rival import Rival, met

CODE = "against_linear"
MOST_ROWS, MOST_LEVELS, FEWEST_OF_A_LEVEL = 20_000, 30, 5
ITERATIONS = 200


@examination(CODE, "linear|train")
def against_linear(seen: Examined) -> Iterator[Finding]:
    """Report whether the model is better than a linear one; a note where it is not worse, as simple may be enough."""
    linear = seen.linear if seen.linear is not None else linear_prediction(seen)
    if linear is None:
        return
    fix = "ship the linear model, or look for what spoils this one: it should learn all that a line tells"
    found = met(seen, Rival(CODE, "a linear model", linear, fix, unshown="note", worse="warning"))
    if found is not None:
        yield found


def linear_prediction(seen: Examined) -> np.ndarray | None:
    """Train a linear model on at most 20,000 training rows, and predict the judged ones; None where they are of one class.

    Ridge for numbers, else logistic regression; numbers scaled, gaps marked, up to 30 levels of each text told apart.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    assert seen.train is not None
    train = seen.train.sampled(MOST_ROWS)
    if seen.classes and len(np.unique(train.y)) < 2:
        return None
    columns = [_learned(train.frame[name]) for name in train.frame.columns if name in seen.rows.frame.columns]
    X, X_seen = (_matrix(columns, frame) for frame in (train.frame, seen.rows.frame))
    if seen.task == "regression":
        return np.asarray(Ridge().fit(X, train.y, train.weight).predict(X_seen))[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(max_iter=ITERATIONS).fit(X, train.y, train.weight)
    prediction = np.zeros((len(seen.rows), len(seen.classes)))
    prediction[:, model.classes_.astype(np.int64)] = model.predict_proba(X_seen)
    return prediction


@dataclass(frozen=True, slots=True)
class _Column:
    """What is learned of a column: mean and spread of numbers, or levels of texts."""

    name: str
    levels: tuple[str, ...] = ()
    mean: float = 0.0
    spread: float = 1.0
    gaps: bool = False


def _learned(values: pl.Series) -> _Column:
    numbers = as_numbers(values)
    if numbers is None:
        counts = (
            values.cast(pl.String).drop_nulls().alias("level").value_counts().sort("count", "level", descending=True)
        )
        common = counts.filter(pl.col("count") >= FEWEST_OF_A_LEVEL)["level"].head(MOST_LEVELS)
        return _Column(values.name, tuple(common))
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return _Column(values.name)
    return _Column(values.name, (), float(known.mean()), float(known.std()) or 1.0, len(known) < len(numbers))


def _matrix(columns: list[_Column], frame: pl.DataFrame) -> np.ndarray:
    parts = [np.zeros((frame.height, 0))]
    for column in columns:
        numbers = as_numbers(frame[column.name])
        if numbers is None:
            text = frame[column.name].cast(pl.String).fill_null("")
            parts += [(text == level).to_numpy().astype(np.float64)[:, None] for level in column.levels]
            continue
        scaled = (numbers - column.mean) / column.spread
        parts.append(np.where(np.isfinite(scaled), np.clip(scaled, -10, 10), 0.0)[:, None])
        if column.gaps:
            parts.append((~np.isfinite(numbers)).astype(np.float64)[:, None])
    return np.concatenate(parts, axis=1)


def as_numbers(values: pl.Series) -> np.ndarray | None:
    """Numbers, truth values and moments as float64 (n_rows,), NaN where missing; None for texts."""
    if values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        values = values.cast(pl.Datetime("us")).cast(pl.Int64)
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return None
    return np.asarray(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
