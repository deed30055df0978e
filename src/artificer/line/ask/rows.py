"""Labelled rows as the stages after `ask` use them: the table, the labels as numbers, weights, moments and groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.errors import DataError
from artificer.core.figures import counted
from artificer.core.run import Run
from artificer.core.stages import Asked, Rows
from artificer.data.moments import as_time
from artificer.data.table import read_table
from artificer.line.ask.labels import numeric
from artificer.measure.scales import plain_weights


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows with their labels.

    Attributes
    ----------
    frame : DataFrame
        Normalised values (see `artificer.data.table.normalise`) and the target as it was read.
    y : array of float64, (n_rows,)
        Class index in the order of `Asked.classes`, or the target's value.
    weight, time : array of float64, (n_rows,), or None
        Row weights; seconds since 1970 (NaN where missing).
    group : array of int64, (n_rows,), or None
        Number of the row's group.
    """

    frame: pl.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None
    time: np.ndarray | None = None
    group: np.ndarray | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    def take(self, places: np.ndarray) -> Labelled:
        """Some of the rows, by position."""
        weight, time, group = (one if one is None else one[places] for one in (self.weight, self.time, self.group))
        return Labelled(self.frame[places], self.y[places], weight, time, group)


def labelled(run: Run, asked: Asked, rows: Rows) -> Labelled:
    """Read `asked.train`, or the sealed rows when it is time.

    Raises
    ------
    DataError
        When a weight is missing or negative, or all are zero.
    """
    data = run.brief.data
    frame = read_table(run.path(rows.path))
    return Labelled(
        frame,
        numeric(frame[run.brief.target.column], asked.classes),
        weights(frame[data.weight]) if data.weight else None,
        as_time(frame[data.time]) if data.time else None,
        codes_of(frame[data.group]) if data.group else None,
    )


def weights(column: pl.Series) -> np.ndarray:
    """Row weights as float64 (n_rows,), checked, and of a size that can be summed."""
    values = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise DataError(
            f"the weight '{column.name}' is missing, infinite or negative in {counted(int(bad.sum()), 'row')}; weights must be "
            "numbers from 0 up: mend the column or remove [data] weight"
        )
    if not values.any():
        raise DataError(f"the weight '{column.name}' is zero in every row; mend the column or remove [data] weight")
    return plain_weights(np.asarray(values, np.float64))


def codes_of(column: pl.Series) -> np.ndarray:
    """Number the different values of a column, missing ones included: int64 (n_rows,)."""
    return column.cast(pl.String).fill_null("").rank("dense").cast(pl.Int64).to_numpy()


def oriented(y: np.ndarray, prediction: np.ndarray, positive: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn labels and probabilities so that class 1 is success, as metrics of two classes read them.

    Parameters
    ----------
    y : array of float64, (n_rows,)
    prediction : array of float64, (n_rows, n_classes) or (n_rows,)
    positive : int
        `Asked.positive`; anything but 0 leaves both as they are.
    """
    return (1.0 - y, prediction[:, ::-1]) if positive == 0 else (y, prediction)
