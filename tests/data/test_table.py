"""A table has one canonical form, and its hashes hang on nothing but its values."""

import errno
import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from artificer.core.errors import DataError, WorkspaceError
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import (
    bare,
    csv_bytes,
    fingerprint,
    normalise,
    read_table,
    row_hashes,
    save_rows,
    unquoted,
    write,
)
from artificer_runtime.schema import Encoded

FRAME = pl.DataFrame(
    {
        "n": [1, 2, None, 4],
        "text_n": ["1", " 2.5 ", "?", "-1e3"],
        "flag": ["True", "false", "", "TRUE"],
        "when": ["2024-01-31", None, "2024-02-01", "n/a"],
        "job": [" a ", "b", "NULL", "none"],
    }
)

CELLS = {
    "number": st.none() | st.floats(allow_subnormal=False),
    "written": st.none()
    | st.integers(-(10**6), 10**6).map(str)
    | st.sampled_from(["", " 1.5 ", "NaN", "1e308", "-inf"]),
    "word": st.none() | st.sampled_from(["a", " a", "B", "?", "none", "ä", "1.0"]),
    "flag": st.none() | st.booleans(),
    "said": st.none() | st.sampled_from(["true", "FALSE", " True ", "na"]),
    "day": st.none() | st.dates(),
    "moment": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    "written_day": st.none() | st.sampled_from(["2024-01-31", "2023-12-24 ", "?", "2024-02-29T12:30:00Z"]),
}
KINDS = {
    "number": pl.Float64,
    "written": pl.String,
    "word": pl.String,
    "flag": pl.Boolean,
    "said": pl.String,
    "day": pl.Date,
    "moment": pl.Datetime("us", "UTC"),
    "written_day": pl.String,
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=30)


def same(one: Encoded, other: Encoded) -> None:
    for name in ("numbers", "codes", "times", "texts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@settings(deadline=None)
@given(ROWS)
def test_rows_are_encoded_alike_before_and_after_normalising(rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame(rows, schema=KINDS)
    schema = infer_schema(frame)
    same(schema.encode(frame), schema.encode(normalise(frame, schema)))


@settings(deadline=None)
@given(ROWS)
def test_normalising_twice_changes_nothing(rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame(rows, schema=KINDS)
    schema = infer_schema(frame)
    once = normalise(frame, schema)
    assert normalise(once, schema).equals(once)


def test_every_kind_has_one_form() -> None:
    found = normalise(FRAME, infer_schema(FRAME))
    assert found["n"].to_list() == [1.0, 2.0, None, 4.0]
    assert found["text_n"].to_list() == [1.0, 2.5, None, -1000.0]
    assert found["flag"].to_list() == ["true", "false", None, "true"]
    assert found["when"].dtype == pl.Datetime("us", "UTC")
    assert found["job"].to_list() == ["a", "b", None, "none"]


def test_an_absent_column_is_named() -> None:
    with pytest.raises(DataError, match="'job'"):
        normalise(FRAME.drop("job"), infer_schema(FRAME))


def test_the_fingerprint_is_that_of_the_values_whatever_held_them(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": [0.5, None, -2.0], "c": ["x", None, "ü"]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    frame.write_ndjson(tmp_path / "t.jsonl")
    held = [read(path).frame for path in tmp_path.iterdir()]
    chunked = pl.concat([frame[:1], frame[1:]], rechunk=False)
    assert {fingerprint(one) for one in (*held, chunked)} == {fingerprint(frame)}


@pytest.mark.parametrize(
    "other",
    [
        {"a": [2, 1], "b": ["x", "yz"]},
        {"b": [1, 2], "a": ["x", "yz"]},
        {"a": [1, 2], "b": ["xy", "z"]},
        {"a": [1, None], "b": ["x", "yz"]},
        {"a": ["1", "2"], "b": ["x", "yz"]},
    ],
    ids=["order", "names", "shifted letters", "missing", "type"],
)
def test_any_other_table_has_another_fingerprint(other: dict[str, list[object]]) -> None:
    assert fingerprint(pl.DataFrame(other)) != fingerprint(pl.DataFrame({"a": [1, 2], "b": ["x", "yz"]}))


def test_hashes_are_the_same_in_every_process_and_release() -> None:
    frame = pl.DataFrame({"a": [1.0, None], "b": ["x", None]})
    code = (
        "import polars as pl; from artificer.data.table import fingerprint, row_hashes;"
        "f = pl.DataFrame({'a': [1.0, None], 'b': ['x', None]});"
        "print(fingerprint(f), row_hashes(f, ['a', 'b']).tolist())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == f"{fingerprint(frame)} {row_hashes(frame, ['a', 'b']).tolist()}"
    assert other == PINNED


PINNED = "647e594d81355e8a903a7463f9ed66ee [3690976780334984735, 198306172288050273]"


def test_a_table_without_rows_has_no_hashes() -> None:
    assert row_hashes(pl.DataFrame({"a": [1.0], "b": ["x"]}).clear(), ["a", "b"]).tolist() == []


def test_equal_rows_have_equal_hashes_wherever_they_stand() -> None:
    frame = pl.DataFrame(
        {"a": [1.0, 2.0, 1.0, None, float("nan"), 0.0, -0.0], "b": ["x", "x", "x", "y", "y", None, None]}
    )
    hashes = row_hashes(frame, ["a", "b"])
    assert (hashes[0], hashes[3], hashes[5]) == (hashes[2], hashes[4], hashes[6])
    assert len(set(hashes.tolist())) == 4
    assert row_hashes(frame[2:3], ["a", "b"])[0] == hashes[0]


def test_values_that_change_places_change_the_hash() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    assert len(set(row_hashes(frame, ["a", "b"]).tolist())) == 2


@settings(deadline=None)
@given(arrays(np.int8, st.tuples(st.integers(1, 40), st.just(3)), elements=st.integers(0, 2)))
def test_duplicates_by_hash_are_duplicates(values: np.ndarray) -> None:
    frame = pl.DataFrame(values, schema=["a", "b", "c"], orient="row").with_columns(pl.col("b").cast(pl.String))
    assert len(set(row_hashes(frame, frame.columns).tolist())) == frame.n_unique()


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    table = normalise(FRAME, infer_schema(FRAME))
    write(table, tmp_path / "deep" / "t.arrow")
    assert read_table(tmp_path / "deep" / "t.arrow").equals(table)
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["t.arrow"], "no temporary file stays"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl", "t.arrow"])
def test_saved_rows_are_read_back(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"a": [1, -2], "b": ["x, y", 'z"\n']})
    save_rows(frame, tmp_path / name)
    assert read(tmp_path / name).frame.equals(frame)


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'t\.xlsx'"):
        save_rows(FRAME, tmp_path / "t.xlsx")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_in_a_csv_starts_a_formula(start: str) -> None:
    frame = pl.DataFrame({f"{start}name": [f"{start}cmd|' /C calc'!A0", "safe"], "n": [-1, 2]})
    found = pl.read_csv(io.BytesIO(csv_bytes(frame)))
    assert found.columns == [f"'{start}name", "n"]
    assert found.to_series(0).to_list() == [f"'{start}cmd|' /C calc'!A0", "safe"]
    assert found["n"].to_list() == [-1, 2], "numbers stay numbers"


def test_numbers_and_dashes_among_texts_stay_as_they_are() -> None:
    texts = ["-", "+", "-5", "+1,234.50", "-1,5", "-1+1", "=", "unknown"]
    found = pl.read_csv(io.BytesIO(csv_bytes(pl.DataFrame({"a": texts}))), infer_schema=False)
    assert found["a"].to_list() == [*texts[:5], "'-1+1", "'=", "unknown"]


@given(st.lists(st.text("'=+-@\t0,.5a\n", min_size=1), min_size=1))
def test_what_is_written_to_csv_is_got_back(texts: list[str]) -> None:
    frame = pl.DataFrame({"a": texts})
    assert unquoted(pl.read_csv(io.BytesIO(csv_bytes(frame)), infer_schema=False)).equals(frame)
    assert [bare(text) for text in pl.read_csv(io.BytesIO(csv_bytes(frame)), infer_schema=False)["a"]] == texts


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match="the disk is full"):
        write(FRAME, tmp_path / "t.arrow")
    assert list(tmp_path.iterdir()) == []


def test_a_number_named_as_missing_is_missing_whether_written_or_read_as_a_number() -> None:
    for values in ([-1, 5, 7], ["-1", "5", "7"], [-1.0, 5.0, 7.0]):
        frame = pl.DataFrame({"a": values})
        schema = infer_schema(frame, missing=("-1",))
        assert (schema.columns[0].low, schema.columns[0].high) == (5.0, 7.0)
        normal = normalise(frame, schema)
        assert normal["a"].to_list() == [None, 5.0, 7.0]
        np.testing.assert_array_equal(schema.encode(frame).numbers, schema.encode(normal).numbers)
