"""Arrow's types that polars does not hold are read as numbers and moments, or told by name; polars panics on some."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from artificer.core.errors import DataError
from artificer.data.batches import streamed
from artificer.data.fill import Filling, Place
from artificer.data.fill_file import fill_file
from artificer.data.readers import read
from artificer.data.survey import survey

LONG, WIDE = pa.decimal256(60, 3), pl.DataFrame({"a": pl.Series([2**100, 5, None], dtype=pl.Int128)})
PLAIN = {  # each of 1.5 or 1, and nothing
    "long decimals": pa.array([Decimal("1.5"), None], LONG),
    "long decimals in a dictionary": pa.array([Decimal("1.5"), None], LONG).dictionary_encode(),
    "runs": pa.RunEndEncodedArray.from_arrays([1, 2], [1, None]),
    "decimals below zero places": pa.array([Decimal("15000"), None], pa.decimal128(10, -3)),
    "an extension's truth values": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None], pa.int8())),
}
HELD = {
    "spans of months": pa.array([pa.MonthDayNano([1, 2, 3]), None]),
    "a union": pa.UnionArray.from_dense(pa.array([0, 0], pa.int8()), pa.array([0, 1], pa.int32()), [pa.array([1, 2])]),
    "views of lists": pa.array([[1], None], pa.list_view(pa.int64())),
    "lists of long decimals": pa.array([[Decimal("1.5")], None], pa.list_(LONG)),
}


def saved(folder: Path, column: pa.Array) -> list[Path]:
    """An Arrow file and stream of the column and another, and Parquet where that holds it."""
    table = pa.table({"a": column, "b": [1, 2]})
    paths = [folder / "rows.arrow", folder / "rows.stream", folder / "rows.parquet"]
    for path, make in zip(paths, (pa.ipc.new_file, pa.ipc.new_stream), strict=False):
        with make(path, table.schema) as file:
            file.write_table(table)
    try:
        parquet.write_table(table, paths[2])
    except (pa.ArrowNotImplementedError, OSError):
        return paths[:2]
    return paths


@pytest.mark.parametrize("column", PLAIN.values(), ids=PLAIN)
def test_what_is_a_number_is_read_as_one(tmp_path: Path, column: pa.Array) -> None:
    first, none = pa.table({"a": column})["a"].to_pylist()
    assert none is None
    for source in (*saved(tmp_path, column), pa.table({"a": column, "b": [1, 2]})):
        frame = read(source).frame
        assert frame["a"].dtype.is_numeric()
        assert frame.to_dict(as_series=False) == {"a": [float(first), None], "b": [1, 2]}


@pytest.mark.parametrize("column", HELD.values(), ids=HELD)
def test_what_is_no_single_value_is_left_out_of_files_and_refused_in_frames(tmp_path: Path, column: pa.Array) -> None:
    for path in saved(tmp_path, column):
        loaded = read(path)
        assert loaded.frame.columns == ["b"]
        assert [(one.code, one.where) for one in loaded.findings] == [("nested", "a")]
        if path.suffix != ".stream":
            assert survey(path).profile.n_rows == 2
    with pytest.raises(DataError, match="column 'a' in the frame holds objects, which no model reads"):
        read(pa.table({"a": column, "b": [1, 2]}))


def test_a_moment_of_an_unknown_zone_is_the_same_moment(tmp_path: Path) -> None:
    for path in saved(tmp_path, pa.array([86_400, None], pa.timestamp("s", "Mars/Olympus"))):
        assert str(read(path).frame["a"][0]) == "1970-01-02 00:00:00+00:00"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3, max_value=10**50), min_size=1))
def test_long_decimals_are_the_nearest_doubles(values: list[Decimal | None]) -> None:
    values = [one if one is None or abs(one) < 10**50 else Decimal(0) for one in values]
    found = read(pa.table({"a": pa.array(values, LONG)})).frame["a"].to_list()
    wanted = [None if one is None else float(one) for one in values]
    assert [one is None for one in found] == [one is None for one in wanted]
    np.testing.assert_allclose([one or 0 for one in found], [one or 0 for one in wanted], rtol=1e-15)


@pytest.mark.parametrize("kind", [pl.Int128, pl.UInt128])
def test_integers_of_128_bits_keep_every_digit(tmp_path: Path, kind: type[pl.DataType]) -> None:
    frame = WIDE.with_columns(pl.col("a").cast(kind))
    frame.write_parquet(tmp_path / "rows.parquet")
    frame.write_ipc(tmp_path / "rows.arrow")
    for source in (frame, tmp_path / "rows.parquet", tmp_path / "rows.arrow"):
        assert read(source).frame["a"].to_list() == [str(2**100), "5", None]
    assert streamed("rows.*", tmp_path) is None
    assert survey("rows.parquet", folder=tmp_path).profile.n_rows == 3
    assert read(frame.filter(pl.col("a") == 5)).frame["a"].dtype == pl.Int64


def test_columns_of_pandas_are_read_so_too() -> None:
    sparse = pd.DataFrame({"a": pd.arrays.SparseArray([0.5, 0.0]), "b": pd.array([1, 2], pd.ArrowDtype(LONG))})
    assert read(sparse).frame.to_dict(as_series=False) == {"a": [0.5, 0.0], "b": [1.0, 2.0]}
    with pytest.raises(DataError, match="rows of type Series cannot be read"):
        read(pd.Series([1, 2]))


def test_a_table_of_such_a_type_is_not_filled(tmp_path: Path) -> None:
    path = saved(tmp_path, PLAIN["long decimals"])[0]
    kept, rows = path.read_bytes(), pl.DataFrame({"b": [1], "score": [0.5]})
    with pytest.raises(DataError, match=r"'rows.arrow' is no table that can be filled: its column 'a' .* name another"):
        fill_file(Filling(rows, ("b",), "score"), Place("rows.arrow", path))
    assert path.read_bytes() == kept
