"""Parts of a table give its rows column by column, whatever they stand in."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from artificer.core.errors import DataError
from artificer.data import parts
from artificer.data.parts import held, spread, stored

FRAME = pl.DataFrame({"a": range(95), "a.b": ["x"] * 95, "it's": pl.Series(["a"] * 95, dtype=pl.Categorical)})
READ = FRAME.with_columns(pl.col("it's").cast(pl.String))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROWS_AT_ONCE", 15)
    monkeypatch.setattr(parts, "ROWS_IN_PART", 40)
    monkeypatch.setattr(parts, "LOOKED_AT", 16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    FRAME.write_parquet(tmp_path / "it's.parquet", row_group_size=10)
    return tmp_path / "it's.parquet"


def test_a_parquet_file_gives_its_groups_together(path: Path) -> None:
    found = list(stored(path))
    assert [one.height for one in found] == [40, 40, 15]
    assert pl.concat([one.frame() for one in found]).equals(READ)
    assert [len(cells) for cells in found[0].cells("a")] == [15, 15, 10]
    assert found[0].without(["a"]).columns == ("a.b", "it's")


@pytest.mark.parametrize(("n", "heights"), [(0, [0]), (15, [15]), (16, [8, 8]), (95, [14, 14, 14, 14, 14, 14, 11])])
def test_rows_that_are_held_come_in_even_batches(n: int, heights: list[int]) -> None:
    part = held(READ.head(n), at_once=15)
    assert [len(cells) for cells in part.cells("a")] == heights
    assert part.frame().equals(READ.head(n))


def test_rows_are_drawn_from_eight_places(path: Path) -> None:
    sample = spread([path, path])
    assert sample is not None
    assert sample["a"].to_list() == [0, 1, 20, 21, 50, 51, 80, 81, 0, 1, 30, 31, 60, 61, 90, 91]
    FRAME.clear().write_parquet(path)
    assert spread([path]) is None
    assert list(stored(path)) == []


def test_a_file_that_changes_while_it_is_read_is_refused(path: Path) -> None:
    first, second, _ = stored(path)
    cells = first.cells("a")
    next(cells)
    FRAME.with_columns(a=pl.col("a") + 1).write_parquet(path)
    with pytest.raises(DataError, match="the rows changed while they were read"):
        list(cells)
    with pytest.raises(DataError, match="the rows changed while they were read"):
        next(second.cells("a.b"))


def test_a_damaged_file_is_told(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    (first, *_) = stored(path)
    with pytest.raises(DataError, match=r"'it's.parquet' is a damaged Parquet file .*; make or copy it again"):
        first.frame()
