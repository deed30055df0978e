"""Rows as a caller has them, seen column by column: dicts, pandas, polars, Arrow or numpy, none of which is imported.

Few rows of a frame are read in one go: on a frame of pandas of one row, access to 80 columns one by one costs 3 ms. In one
go they cost 1 ms, of which most is for texts, so one row is read as a series or, where columns are few, cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artificer_runtime.errors import RowsError, closest

FEW, NARROW = 16, 32  # rows, columns
_PLAIN = frozenset({float, int, str, bool, type(None)})

# Types of pandas, polars and Arrow whose moments name no time zone.
_NAIVE = re.compile(r"^datetime64\[\w+\]$|time_zone=None|^[Dd]ate(32|64)?(\[\w+\])*$|^timestamp\[\w+\](\[pyarrow\])?$")

_NOT_NUMPY = ("Decimal", "Int128", "UInt128")  # types of polars whose values numpy has as none of its own

Column = Sequence[Any] | np.ndarray


class Rows:
    """Rows by column.

    Parameters
    ----------
    rows : dict, list of dicts, dict of columns, frame of pandas, polars or Arrow, or 2-d array
        An array's columns are taken in the order of `names`.
    names : sequence of str
        Columns that are wanted.
    zoned : sequence of int
        Places among them of those whose moments must name a time zone.

    Attributes
    ----------
    zoneless : list of int
        Places of those that are columns of moments of a frame without one, and not empty.

    Raises
    ------
    RowsError
        When a column is absent or there twice, columns differ in length, or the rows are none of these.
    """

    def __init__(self, rows: Any, names: Sequence[str], zoned: Sequence[int] = ()) -> None:
        self.names = names
        rows = rows.collect() if hasattr(rows, "collect_schema") and hasattr(rows, "collect") else rows
        self.zoneless = [place for place in zoned if _zoneless(rows, names[place])]
        self.cells: list[Column]
        self.n_rows: int
        if isinstance(rows, Mapping):
            self._from_mapping(rows)
        elif isinstance(rows, np.ndarray):
            self._from_array(rows)
        elif isinstance(rows, list | tuple):
            self._from_dicts(rows)
        elif hasattr(rows, "iloc"):
            self._from_pandas(rows) if hasattr(rows, "columns") else self._from_mapping(rows.to_dict())
        elif hasattr(rows, "get_column") and hasattr(rows, "height"):
            self._from_polars(rows)
        elif hasattr(rows, "column_names") and hasattr(rows, "num_rows"):
            self._from_arrow(rows)
        else:
            raise RowsError(
                f"rows of type {type(rows).__name__} cannot be read; give a dict, a list of dicts, a frame of pandas, "
                "polars or Arrow, or a two-dimensional array"
            )

    def row(self) -> list[Any]:
        """The values of the only row."""
        return [column[0] for column in self.cells]

    def _from_mapping(self, rows: Mapping[str, Any]) -> None:
        try:
            values = [rows[name] for name in self.names]
        except KeyError:
            raise self._absent(list(rows)) from None
        if not _PLAIN.issuperset(map(type, values)):
            values = [_column(value) for value in values]
        columns = [value for value in values if isinstance(value, list | tuple | np.ndarray)]
        if not columns:
            self.n_rows, self.cells = 1, [(value,) for value in values]
            return
        lengths = {len(column) for column in columns} | ({1} if len(columns) < len(values) else set())
        if len(lengths) != 1 or len(columns) < len(values):
            raise RowsError(
                f"the columns to predict from differ in length: {sorted(lengths)}; give one value a row in each"
            )
        self.n_rows, self.cells = lengths.pop(), values

    def _from_dicts(self, rows: Sequence[Any]) -> None:
        for row in rows:
            if not isinstance(row, Mapping):
                raise RowsError(
                    f"a row of type {type(row).__name__} cannot be read; give each row as a dict by column name"
                )
        self.n_rows = len(rows)
        try:
            self.cells = [[row[name] for row in rows] for name in self.names]
        except KeyError:
            poor = next(row for row in rows if any(name not in row for name in self.names))
            raise self._absent(list(poor)) from None

    def _from_array(self, rows: np.ndarray) -> None:
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise RowsError(
                f"an array of shape {rows.shape} cannot be read: it needs two dimensions and {len(self.names)} columns, in "
                "the order in which the model was fitted"
            )
        self.n_rows, self.cells = len(rows), list(rows.T)

    def _from_pandas(self, rows: Any) -> None:
        self.n_rows = len(rows)
        known = rows.columns.tolist()
        if self.n_rows == 1:
            self.cells = [(cell,) for cell in _pandas_cells(rows, self._places(known))]
            return
        if self.n_rows <= FEW:
            matrix = rows.to_numpy(dtype=object).T
            if known == list(self.names):
                self.cells = list(matrix)
                return
            self.cells = [matrix[place] for place in self._places(known)]
            return
        self.cells = [_pandas_column(rows.iloc[:, place]) for place in self._places(known)]

    def _from_polars(self, rows: Any) -> None:
        self.n_rows = rows.height
        if self.n_rows <= FEW:
            columns = list(zip(*rows.rows(), strict=True)) if self.n_rows else [()] * rows.width
            self.cells = [columns[place] for place in self._places(rows.columns)]
            return
        self.cells = [_polars_column(rows.to_series(place)) for place in self._places(rows.columns)]

    def _from_arrow(self, rows: Any) -> None:
        self.n_rows = rows.num_rows
        places, columns = self._places(rows.column_names), rows.columns
        if self.n_rows <= FEW:
            at = range(self.n_rows)
            self.cells = [[columns[place][row].as_py() for row in at] for place in places]
            return
        self.cells = [_arrow_column(columns[place]) for place in places]

    def _places(self, known: Sequence[Any]) -> list[int]:
        where = {name: place for place, name in enumerate(known)}
        if len(where) < len(known):
            self._refuse_twins(known)
        try:
            return [where[name] for name in self.names]
        except KeyError:
            raise self._absent(known) from None

    def _refuse_twins(self, known: Sequence[Any]) -> None:
        for name in self.names:
            if list(known).count(name) > 1:
                raise RowsError(f"the rows to predict have two columns named '{name}'; rename or drop one of them")

    def _absent(self, known: Sequence[Any]) -> RowsError:
        name = next(name for name in self.names if name not in known)
        return RowsError(
            f"column '{name}' is absent from the rows to predict; the model was fitted with it"
            f"{closest(name, map(str, known))}"
        )


def _zoneless(rows: Any, name: str) -> bool:
    """Whether a column of a frame, or of a dict of columns, holds moments or dates, and names no time zone."""
    names = getattr(rows, "column_names", getattr(rows, "columns", rows))
    if isinstance(rows, np.ndarray | list | tuple) or name not in names:
        return False
    column = rows[name]
    kind = (
        ""
        if isinstance(column, np.generic | np.ndarray)
        else str(getattr(column, "dtype", getattr(column, "type", "")))
    )
    if not _NAIVE.search(kind):
        return False
    n_missing = column.isna().sum() if hasattr(column, "isna") else column.null_count
    return bool(len(column) > (n_missing() if callable(n_missing) else n_missing))


def _column(value: Any) -> Any:
    """A value of a dict: a column of some library, or one row's value as it is."""
    if isinstance(value, np.ndarray):
        return value if value.ndim else value[()] if value.dtype.kind in "mM" else value.item()
    if hasattr(value, "iloc"):
        return _pandas_column(value)
    if hasattr(value, "null_count"):
        return (
            _polars_column(value) if hasattr(value, "to_list") and callable(value.null_count) else _arrow_column(value)
        )
    return value


def _pandas_cells(rows: Any, places: Sequence[int]) -> list[Any]:
    """Values of the only row, as Python has them."""
    if len(places) <= NARROW:
        cells = [rows.iat[0, place] for place in places]
    else:
        row = rows.iloc[0]
        if row.dtype != object:  # made one type of several, which may not hold all digits
            row = rows.to_numpy(dtype=object)[0]
        known = row.tolist()
        cells = [known[place] for place in places]
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in cells]


def _pandas_column(column: Any) -> Column:
    kind = getattr(column.dtype, "kind", "O")
    if kind in "biufmM":
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        try:
            plain = np.asarray(column.to_numpy())
            return plain.astype("datetime64[us]") if kind == "M" else plain
        except (TypeError, ValueError):
            pass
    values: list[Any] = column.tolist()
    return values


def _polars_column(column: Any) -> Column:
    if column.dtype.is_numeric() or str(column.dtype) == "Boolean":
        if column.null_count() == 0 and not str(column.dtype).startswith(_NOT_NUMPY):
            return np.asarray(column.to_numpy())
    elif str(column.dtype).startswith("Date"):
        return np.asarray(column.to_numpy()).astype(f"datetime64[{'D' if str(column.dtype) == 'Date' else 'us'}]")
    elif str(column.dtype).startswith("Duration"):
        return np.asarray(column.to_numpy())
    values: list[Any] = column.to_list()
    return values


def _arrow_column(column: Any) -> Column:
    kind = str(column.type)
    if column.null_count == 0 and (kind.startswith(("int", "uint", "float", "double"))):
        return np.asarray(column.to_numpy())
    if kind.startswith("duration"):
        return np.asarray(column.to_numpy())
    if kind.startswith(("timestamp", "date")):
        return np.asarray(column.to_numpy()).astype(f"datetime64[{'D' if kind.startswith('date') else 'us'}]")
    values: list[Any] = column.to_pylist()
    return values
