"""Columns of lists are left out wherever they come from, and told by the name that they have there."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from artificer.core.brief import Data, Joined
from artificer.core.errors import DataError
from artificer.data.readers import read
from artificer.data.sources import gather
from artificer.data.survey import survey

LISTS, TEXTS, EMPTY = [["x"], []], ["x", "y"], [None, None]


def days(folder: Path, *tags: list[object]) -> str:
    for place, cells in enumerate(tags):
        rows = [{"n": n, "tags": cell} for n, cell in enumerate(cells)]
        (folder / f"day-{place}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "day-*.jsonl"


@pytest.mark.parametrize("tags", [(LISTS, TEXTS), (TEXTS, LISTS), (EMPTY, LISTS, TEXTS)])
def test_what_is_lists_in_some_files_is_left_out_of_all(tmp_path: Path, tags: tuple[list[object], ...]) -> None:
    source = days(tmp_path, *tags)
    loaded = read(source, folder=tmp_path)
    assert loaded.frame.to_dict(as_series=False) == {"n": [0, 1] * len(tags)}
    (told,) = loaded.findings
    assert told.says == "'tags' holds lists in some files, which no model reads: it is left out of all"
    found = survey(source, folder=tmp_path)
    assert [column.name for column in found.schema.columns] == ["n"]
    assert [(one.code, one.where) for one in found.findings] == [("nested", "tags")]
    assert found.profile.n_rows == 2 * len(tags)


def shop(folder: Path, clients: pl.DataFrame) -> Data:
    pl.DataFrame({"client": [7, 8], "bought": ["yes", "no"]}).write_parquet(folder / "orders.parquet")
    clients.write_parquet(folder / "clients.parquet")
    return Data(source="orders.parquet", tables={"clients": Joined(source="clients.parquet", key=("client",))})


def test_a_joined_tables_column_is_told_by_the_name_that_it_would_have(tmp_path: Path) -> None:
    loaded = gather(shop(tmp_path, pl.DataFrame({"client": [7, 8], "tags": LISTS, "city": TEXTS})), tmp_path)
    assert loaded.frame.columns == ["client", "bought", "clients.city"]
    (told,) = loaded.findings
    assert told.where == "clients.tags"
    assert told.says.startswith("'clients.tags' holds lists")


def test_so_are_its_moments_of_several_zones(tmp_path: Path) -> None:
    data = shop(tmp_path, pl.DataFrame({"client": [7, 8]}))
    pl.DataFrame({"client": [7, 8], "at": ["2024-01-01T10:00Z", "2024-01-01T10:00"]}).write_csv(tmp_path / "c.csv")
    table = Joined(source="c.csv", key=("client",))
    (told,) = gather(Data(source=data.source, tables={"c": table}), tmp_path).findings
    assert (told.code, told.where) == ("mixed_zones", "c.at")
    assert "moment of 'c.at'" in told.says


def test_a_key_of_lists_is_told_as_such(tmp_path: Path) -> None:
    data = shop(tmp_path, pl.DataFrame({"client": LISTS, "city": TEXTS}))
    with pytest.raises(DataError, match=r"of the table 'clients' that cannot be one: 'client' holds lists"):
        gather(data, tmp_path)
