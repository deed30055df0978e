"""Rows in the caller's own kind, an array or a frame of pandas or polars, to polars and back, so that any model reads them."""

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
        if isinstance(self.given, np.ndarray):
            if self.given.dtype == object:
                return frame.to_numpy().astype(object)
            return frame.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return self._pandas(frame) if hasattr(self.given, "iloc") else frame

    def _pandas(self, frame: pl.DataFrame) -> Any:
        import pandas

        columns = {}
        kept = [name for name in self.given.columns if str(name) in frame.columns]
        for name in kept:
            own = self.given.dtypes[name]
            values = frame[str(name)]
            if values.dtype.is_float() or (values.dtype.is_numeric() and values.null_count()):
                columns[name] = pandas.Series(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
                continue
            column = values.to_pandas()
            if isinstance(own, pandas.CategoricalDtype):  # a level that it does not have is missing to it
                column = column.where(column.isin(own.categories))
            # Numbers that a test changed are floats now; all else goes back to what it was.
            columns[name] = column.astype(own) if own.kind not in "iuf" or values.dtype.is_integer() else column
        return pandas.DataFrame(columns, columns=self.given.columns[self.given.columns.isin(kept)])
