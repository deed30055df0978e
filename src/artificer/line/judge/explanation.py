"""What a model's predictions hang on: columns that drive it, how it changes along them, single rows, what would turn them.

Of any model that predicts: columns by what shuffling them costs, with intervals; the strongest numbers by accumulated
local effects; of single rows what each column adds, and the smallest change of what a person can change that gives
them another label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from artificer.core.errors import DataError
from artificer.core.figures import figure, with_interval
from artificer.core.stages import Driver, Explained, Shape, Turned
from artificer.line.judge.ale import shapes
from artificer.line.judge.any_model import Pair, options, shown
from artificer.line.judge.contributions import MOST_COLUMNS, explained, explained_by
from artificer.line.judge.drivers import drivers
from artificer.line.judge.examined import Examined, drawn
from artificer.line.judge.recourse import counterfactuals
from artificer_runtime import Predictor
from artificer_runtime.schema import GROUPS

MOST_SHAPES, RANKED_ROWS, TOLD = 4, 300, 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a model's predictions hang on.

    Attributes
    ----------
    metric : str
        What is lost is counted in.
    drivers : tuple of Driver
        Columns by what shuffling them costs, the costliest first.
    shapes : tuple of Shape
        Of the numbers among the strongest.
    explained : tuple of Explained
        The rows that were asked for, else those of the highest and the lowest prediction; of several classes the surest
        and the least sure, of each what adds to the class that the model names.
    turned : tuple of Turned
        Of the same rows; of two classes as far as success is not their label.
    left_out : tuple of str
        What is not told, and why.
    """

    metric: str
    drivers: tuple[Driver, ...] = ()
    shapes: tuple[Shape, ...] = ()
    explained: tuple[Explained, ...] = ()
    turned: tuple[Turned, ...] = ()
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def explain(
    model: Any, X: Any, y: Any, *, rows: Sequence[int] = (), train: Pair | None = None, **about: Any
) -> Explanation:
    """Say what a model's predictions hang on: columns, how it changes along them, single rows, what would turn them.

    Parameters
    ----------
    model, X, y
        As for `examine`; rows that did not train the model.
    rows : sequence of int
        Positions of rows to explain by themselves; by default the highest and the lowest prediction.
    train : (X, y), optional
        The rows that trained it: a change that turns a decision is one to a value that occurred there.
    **about
        As for `examine`.

    Raises
    ------
    DataError, BriefError
        When rows, labels or options are not what they must be.

    Examples
    --------
    >>> found = explain(model, X, y, changeable=["hours"])  # doctest: +SKIP
    >>> print(found)  # doctest: +SKIP
    """
    with options(about, y, model) as told:
        seen = shown(model, X, y, train=train, refit=False, about=told)
        return explanation(seen, rows, predictor=model if isinstance(model, Predictor) else None)


def explanation(seen: Examined, rows: Sequence[int] = (), *, predictor: Predictor | None = None) -> Explanation:
    """Explain a model on the judged rows.

    Parameters
    ----------
    rows : sequence of int
        Positions of the rows to explain by themselves; by default the highest and the lowest prediction.
    predictor : Predictor, optional
        Of a package, which tells itself what each column adds.

    Raises
    ------
    DataError
        When a row is not there, or nothing predicts.
    """
    if seen.predict is None or not seen.rows.frame.width:
        raise DataError("predictions alone cannot be explained; give the model and the columns that it reads")
    wrong = [row for row in rows if not 0 <= row < len(seen.rows)]
    if wrong:
        raise DataError(f"there is no row {wrong[0]}; rows are counted from 0 to {len(seen.rows) - 1:,}")
    frame = seen.rows.frame
    columns = _read(predictor, seen)
    numbers = {name for name in columns if frame[name].dtype.is_numeric()}
    driving = drivers(seen, _ranked(seen, columns), numbers)
    strongest = [one.column for one in driving if one.effect.is_gain and one.column in numbers][:MOST_SHAPES]
    places = {f"row {row}": row for row in rows}
    told = explained(seen, columns, at=places) if predictor is None else explained_by(predictor, seen, at=places)
    return Explanation(
        seen.metric,
        driving,
        shapes(seen, strongest),
        told,
        counterfactuals(seen, places),
        tuple(_left_out(seen, rows_told=bool(told))),
    )


def _read(predictor: Predictor | None, seen: Examined) -> tuple[str, ...]:
    if predictor is None:
        return tuple(seen.rows.frame.columns)
    return tuple(column.name for column in predictor.schema.columns if column.kind in GROUPS)


def _ranked(seen: Examined, columns: Sequence[str]) -> list[str]:
    """Columns by how far predictions move when they are shuffled, on a few rows: what is told of is found so."""
    assert seen.predict is not None
    rng, frame = np.random.default_rng(0), seen.rows.frame[drawn(len(seen.rows), RANKED_ROWS)]
    base, order = seen.predict(frame), rng.permutation(frame.height)
    moves = {
        name: float(np.abs(seen.predict(frame.with_columns(frame[name][order].alias(name))) - base).mean())
        for name in columns
    }
    return sorted(columns, key=lambda name: -moves[name])


def _left_out(seen: Examined, *, rows_told: bool) -> Iterator[str]:
    if not rows_told and seen.rows.frame.width > MOST_COLUMNS:
        yield f"single rows: there are more than {MOST_COLUMNS} columns"
    if not seen.classes:
        yield "what would turn a decision: there is no one success to reach"
    elif not seen.changeable:
        yield "what would turn a decision: no column is named that a person can change (changeable)"


def _lines(told: Explanation) -> Iterator[str]:
    yield f"how much worse {told.metric} gets when a column is shuffled:"
    for one in told.drivers[:TOLD]:
        direction = f"; {one.direction}" if one.direction else ""
        yield f"  {one.column}: {with_interval(one.effect)}{direction}"
    for shape in told.shapes:
        (low, first), (high, last) = shape.points[0], shape.points[-1]
        whose = f"probability of {shape.of} along" if shape.of else "along"
        yield (
            f"{whose} {shape.column}: {with_interval(first)} at {figure(low)}, {with_interval(last)} at {figure(high)}, "
            "against the mean prediction"
        )
    for row in told.explained:
        added = ", ".join(f"{name} {with_interval(one)}" for name, one in row.contributions[:TOLD])
        scale = f", in {row.scale}" if row.scale not in ("", "value") else ""
        value = f"{row.of} with {figure(row.prediction)}" if row.of else figure(row.prediction)
        yield f"{_named(row.which)}, {value}: {added}{scale}"
    yield from map(str, told.turned)
    yield from (f"not told: {one}" for one in told.left_out)


def _named(which: str) -> str:
    return which if which.startswith("row") else f"the {which} prediction"
