"""Long tables come in batches: the same rows in the same order, whatever they stand in."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from artificer.core.errors import DataError
from artificer.data import batches
from artificer.data.batches import Batch, State, sliced, streamed
from artificer.data.readers import read

FRAME = pl.DataFrame({"id": range(25), "x": [0.5] * 25, "kind": pl.Series(["a"] * 25, dtype=pl.Categorical)})


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 10)


def whole(found: list[Batch]) -> pl.DataFrame:
    return pl.concat([one.frame for one in found])


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_files_are_read_piece_by_piece_with_the_columns_that_are_needed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    FRAME.write_parquet(path, row_group_size=10) if name == "t.parquet" else FRAME.write_ipc(path)
    found = list(streamed(name, tmp_path, {"id", "kind"}) or ())
    assert whole(found).equals(FRAME.select("id", pl.col("kind").cast(pl.String)))
    assert [(one.source, one.start) for one in found] == [(name, 0), (name, 10), (name, 20)]


def test_where_a_column_is_absent_all_are_read_so_that_the_closest_can_be_named(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    (first, *_) = streamed("t.parquet", tmp_path, {"id", "Kind"}) or ()
    assert first.frame.columns == FRAME.columns


def test_files_of_a_glob_follow_each_other_each_counted_from_its_start(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t_2.parquet")
    FRAME.head(3).write_parquet(tmp_path / "t_1.parquet")
    found = streamed("t_*.parquet", tmp_path, {"id"}) or ()
    places = [(one.source, one.start) for one in found]
    assert places == [("t_1.parquet", 0), *(("t_2.parquet", start) for start in (0, 10, 20))]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_file_that_changes_while_it_is_read_or_before_it_is_read_again_is_refused(tmp_path: Path, name: str) -> None:
    def put(rows: pl.DataFrame) -> None:
        new = tmp_path / "new"
        rows.write_parquet(new, row_group_size=10) if name == "t.parquet" else rows.write_ipc(new)
        new.replace(tmp_path / name)

    put(FRAME)
    seen: dict[Path, State] = {}
    for _ in range(2):
        assert len(list(streamed(name, tmp_path, {"id"}, seen) or ())) == 3
    put(FRAME.with_columns(x=pl.lit(0.25)))
    for_second = streamed(name, tmp_path, {"id"}, seen)
    assert for_second is not None
    with pytest.raises(DataError, match="the rows changed while they were read"):
        next(for_second)
    under_way = streamed(name, tmp_path, {"id"})
    assert under_way is not None
    next(under_way)
    put(FRAME)
    with pytest.raises(DataError, match="the rows changed while they were read"):
        list(under_way)


def test_a_file_without_rows_gives_none(tmp_path: Path) -> None:
    FRAME.clear().write_parquet(tmp_path / "t.parquet")
    assert list(streamed("t.parquet", tmp_path, {"id"}) or ()) == []


def test_other_files_are_left_to_the_readers(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "t.csv")
    FRAME.write_parquet(tmp_path / "t.parquet")
    for source in ("t.csv", "t.*", "absent.parquet", "book.xlsx#Sheet"):
        assert streamed(source, tmp_path, {"id"}) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-9])
    with pytest.raises(DataError, match=r"'t\.parquet' is a damaged Parquet file"):
        list(streamed("t.parquet", tmp_path, {"id"}) or ())


def test_rows_that_are_held_are_sliced_by_their_sources(tmp_path: Path) -> None:
    FRAME.head(12).write_csv(tmp_path / "a.csv")
    FRAME.tail(13).write_csv(tmp_path / "b.csv")
    found = list(sliced(read("*.csv", folder=tmp_path)))
    assert [(one.source, one.start) for one in found] == [("a.csv", 0), ("a.csv", 10), ("b.csv", 0), ("b.csv", 10)]
    assert whole(found)["id"].to_list() == list(range(25))
