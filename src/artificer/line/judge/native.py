"""Rows in the caller's own kind, array, frame or one column, to polars and back, so that any model reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import DataError
from artificer.data.readers import read


@dataclass(frozen=True)
class Native:
    """Rows as they were given."""

    given: Any

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The rows as a polars frame.

        Raises
        ------
        DataError
            When they are neither a table nor a matrix.
        """
        if self._is_column:  # of texts, as scikit-learn's vectorizers read them
            name = str(self.given.name) if self.given.name not in (None, "") else "x0"
            return read({name: self.given.to_list()}).frame
        if not isinstance(self.given, np.ndarray):
            if hasattr(self.given, "toarray"):
                raise DataError("X is a sparse matrix; give a frame, or X.toarray()")
            return read(self.given).frame
        if self.given.ndim != 2:
            raise DataError(f"X has shape {self.given.shape}; a matrix (n_rows, n_features) is needed")
        names = [f"x{place}" for place in range(self.given.shape[1])]
        columns = [self.given[:, place] for place in range(len(names))]
        if self.given.dtype == object:
            return read({name: column.tolist() for name, column in zip(names, columns, strict=True)}).frame
        return pl.DataFrame(dict(zip(names, columns, strict=True))).with_columns(
            pl.col(pl.Float32, pl.Float64).fill_nan(None)
        )

    def back(self, frame: pl.DataFrame) -> Any:
        """Rows of a polars frame in the kind and the order of columns that were given; gaps in whole numbers make floats."""
        frame = frame.select([name for name in self.frame.columns if name in frame.columns])
        if self._is_column:
            column = frame.to_series()
            return column if isinstance(self.given, pl.Series) else _as_it_was(column, self.given.dtype)
        if isinstance(self.given, np.ndarray):
            if self.given.dtype == object:
                return frame.to_numpy().astype(object)
            return frame.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return self._pandas(frame) if hasattr(self.given, "iloc") else frame

    @property
    def _is_column(self) -> bool:
        return hasattr(self.given, "to_list") and np.ndim(self.given) == 1

    def _pandas(self, frame: pl.DataFrame) -> Any:
        import pandas

        kept = [name for name in self.given.columns if str(name) in frame.columns]
        gaps = frame.null_count().row(0, named=True)
        numbers = [name for name in kept if _is_float(frame[str(name)], gaps[str(name)])]
        # All at once: column by column, a frame of 60 takes as long as a model takes to predict it.
        matrix = frame.select(pl.col([str(name) for name in numbers]).cast(pl.Float64).fill_null(np.nan)).to_numpy()
        columns = dict(zip(numbers, matrix.T, strict=True)) if numbers else {}
        columns |= {name: _as_it_was(frame[str(name)], self.given.dtypes[name]) for name in kept if name not in columns}
        return pandas.DataFrame(columns, columns=self.given.columns[self.given.columns.isin(kept)])


def _is_float(values: pl.Series, n_gaps: int) -> bool:
    return values.dtype.is_float() or (values.dtype.is_numeric() and n_gaps > 0)


def _as_it_was(values: pl.Series, own: Any) -> Any:
    """A column of pandas again, of the kind that it had."""
    import pandas

    if _is_float(values, values.null_count()):
        return pandas.Series(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
    column = values.to_pandas()
    if isinstance(own, pandas.CategoricalDtype):  # a level that it does not have is missing to it
        column = column.where(column.isin(own.categories))
    # Numbers that a test changed are floats now; all else goes back to what it was.
    return column.astype(own) if own.kind not in "iuf" or values.dtype.is_integer() else column
