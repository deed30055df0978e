"""Workbooks, stores, joined tables, and what comes in."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from artificer.core.brief import Brief, Data, Joined, Target, Track
from artificer.core.errors import BriefError, DataError
from artificer.data.readers import Loaded, read
from artificer.data.sources import contacts, gather, incoming


def workbook(path: Path, sheets: dict[str, pl.DataFrame]) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        for name, frame in sheets.items():
            frame.write_excel(book, worksheet=name)
    return path


def sheets(path: Path, **rows: list[list[Any]]) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        for name, cells in rows.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(cells):
                sheet.write_row(place, 0, row)
    return path


class TestWorkbooks:
    FRAME = pl.DataFrame({"n": [1, 2], "x": [0.5, None], "t": ["a", "b"]})

    def test_the_first_sheet_is_read_and_any_by_name(self, tmp_path: Path) -> None:
        workbook(tmp_path / "book.xlsx", {"One": self.FRAME, "Two": self.FRAME.head(1)})
        loaded = read("book.xlsx", folder=tmp_path)
        assert loaded.frame["t"].to_list() == ["a", "b"]
        assert loaded.frame["n"].to_list() == [1, 2]
        assert loaded.frame.dtypes == [pl.Int64, pl.Float64, pl.String]  # as from CSV; Excel has no whole numbers
        assert [finding.code for finding in loaded.findings] == ["one_sheet_of_several"]
        second = read("book.xlsx#Two", folder=tmp_path)
        assert second.frame.height == 1
        assert second.findings == ()

    def test_a_sheet_without_rows_is_passed_over_and_empty_rows_are_none(self, tmp_path: Path) -> None:
        path = sheets(
            tmp_path / "book.xlsx", Notes=[["read me"]], Rows=[["n", None, "x"], [1, "a", 2], [], [2, "b", 4]]
        )
        loaded = read(path)
        assert loaded.frame.to_dict(as_series=False) == {"n": [1, 2], "unnamed_2": ["a", "b"], "x": [2, 4]}
        assert loaded.findings == ()

    def test_a_title_above_the_names_is_refused(self, tmp_path: Path) -> None:
        path = sheets(tmp_path / "book.xlsx", Rows=[["Sales of 2024"], [], ["id", "sum"], [1, 2.5]])
        with pytest.raises(DataError, match=r"names 1 of 2 columns: 'Sales of 2024' looks like a title; delete what"):
            read(path)

    def test_two_columns_of_one_name_are_refused_and_blanks_around_names_are_not_of_them(self, tmp_path: Path) -> None:
        path = sheets(tmp_path / "book.xlsx", Rows=[["a", " b ", "a "], [1, 2, 3]])
        with pytest.raises(DataError, match=r"'book.xlsx' has two columns named 'a'; rename or drop"):
            read(path)
        assert read(sheets(path, Rows=[["a", " b ", 2020], [1, 2, 3]])).frame.columns == ["a", "b", "2020"]

    def test_a_word_far_down_makes_a_column_of_texts(self, tmp_path: Path) -> None:
        path = sheets(tmp_path / "book.xlsx", Rows=[["a", "b"], *([n, 0.5] for n in range(1_500)), ["word", 1]])
        frame = read(path).frame
        assert frame["a"].to_list() == [*map(str, range(1_500)), "word"]
        assert frame["b"].dtype == pl.Float64

    def test_an_absent_sheet_is_named_with_the_closest(self, tmp_path: Path) -> None:
        workbook(tmp_path / "book.xlsx", {"Sales": self.FRAME})
        with pytest.raises(DataError, match=r"no sheet 'Sale'; closest name here: 'Sales'"):
            read("book.xlsx#Sale", folder=tmp_path)

    def test_a_damaged_one_is_named(self, tmp_path: Path) -> None:
        path = workbook(tmp_path / "book.xlsx", {"Sales": self.FRAME})
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.xml", "<broken")
        with pytest.raises(DataError, match=r"'book.xlsx' is a damaged workbook"):
            read(path)

    def test_without_the_reader_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = workbook(tmp_path / "book.xlsx", {"Sales": self.FRAME})
        monkeypatch.setitem(sys.modules, "fastexcel", None)
        with pytest.raises(DataError, match="extra 'excel'"):
            read(path)

    def test_a_part_of_a_plain_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x,y\n1,2\n")
        with pytest.raises(DataError, match="neither a workbook nor an SQLite database"):
            read("a.csv#y", folder=tmp_path)


class TestStores:
    @pytest.fixture
    def store(self) -> Any:
        memory = fsspec.filesystem("memory")
        for name in ("b", "a"):
            memory.pipe(f"/shop/{name}.csv", f"x,y\n{name},1\n".encode())
        yield memory
        memory.rm("/shop", recursive=True)

    def test_an_object_and_a_glob_of_them(self, store: Any) -> None:
        assert read("memory://shop/a.csv").frame["x"].to_list() == ["a"]
        loaded = read("memory://shop/*.csv")
        assert loaded.parts == (("a.csv", 1), ("b.csv", 1))

    def test_what_is_not_there_is_named(self, store: Any) -> None:
        with pytest.raises(DataError, match="memory://shop/c.csv"):
            read("memory://shop/c.csv")
        with pytest.raises(DataError, match="no object matches"):
            read("memory://shop/*.parquet")

    def test_an_absent_driver_and_an_unknown_protocol_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(DataError, match=r"s3fs"):
            read("s3://bucket/rows.csv")
        with pytest.raises(DataError, match=r"carrier://"):
            read("carrier://pigeon/rows.csv")


def shop(folder: Path, clients: pl.DataFrame) -> Data:
    pl.DataFrame({"id": [1, 2, 3], "client": [7, 8, 9], "bought": ["yes", "no", "yes"]}).write_parquet(
        folder / "orders.parquet"
    )
    clients.write_csv(folder / "clients.csv")
    return Data(source="orders.parquet", tables={"clients": Joined(source="clients.csv", key=("client",))})


class TestJoined:
    CLIENTS = pl.DataFrame({"client": ["7", "8", "9"], "city": ["Bonn", "Linz", "Lima"]})

    def test_columns_of_another_table_stand_beside_in_order(self, tmp_path: Path) -> None:
        loaded = gather(shop(tmp_path, self.CLIENTS.reverse()), tmp_path)
        assert loaded.frame.columns == ["id", "client", "bought", "clients.city"]
        assert loaded.frame["clients.city"].to_list() == ["Bonn", "Linz", "Lima"]
        assert loaded.findings == ()

    def test_rows_without_a_match_are_told(self, tmp_path: Path) -> None:
        loaded = gather(shop(tmp_path, self.CLIENTS.head(2)), tmp_path)
        assert loaded.frame["clients.city"].to_list() == ["Bonn", "Linz", None]
        (finding,) = loaded.findings
        assert (finding.code, finding.severity) == ("unmatched", "warning")
        assert "1 of 3 rows" in finding.says

    def test_keys_that_both_sides_spell_differently_are_told(self, tmp_path: Path) -> None:
        clients = self.CLIENTS.with_columns(client=pl.Series(["7", "-8-", "_0009"]))
        found = {finding.code: finding for finding in gather(shop(tmp_path, clients), tmp_path).findings}
        assert found["broken_keys"].severity == "warning"
        assert "67% of the rows would find their row" in found["broken_keys"].says

    def test_rows_of_the_table_that_nobody_asks_for_are_told(self, tmp_path: Path) -> None:
        more = pl.DataFrame({"client": ["10", None], "city": ["Pisa", "Oslo"]})
        (finding,) = gather(shop(tmp_path, pl.concat([self.CLIENTS, more])), tmp_path).findings
        assert (finding.code, finding.severity) == ("broken_keys", "note")
        assert "25% of its keys belong to no row of the source and 1 of its rows lacks its key" in finding.says

    def test_a_table_with_two_rows_of_a_key_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"2 rows that share their key \(client\)"):
            gather(shop(tmp_path, self.CLIENTS.with_columns(client=pl.Series(["7", "7", "9"]))), tmp_path)

    def test_nothing_that_matches_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no row of the source finds its row"):
            gather(shop(tmp_path, self.CLIENTS.with_columns(client=pl.Series(["a", "b", "c"]))), tmp_path)

    def test_an_absent_key_is_named_with_the_closest(self, tmp_path: Path) -> None:
        data = shop(tmp_path, self.CLIENTS.rename({"client": "Client"}))
        with pytest.raises(DataError, match=r"'client', which the table 'clients' lacks; closest name here: 'Client'"):
            gather(data, tmp_path)
        with pytest.raises(BriefError, match="names no key"):
            gather(Data(source="orders.parquet", tables={"clients": Joined(source="clients.csv")}), tmp_path)


BRIEF = Brief(
    target=Target(column="bought", positive="yes"),
    data=Data(source="orders.parquet", key=("id",)),
    track=Track(new="new_*.csv"),
)


class TestIncoming:
    def came(self, folder: Path, **track: str) -> Loaded | None:
        return incoming(replace(BRIEF, track=Track(**{"new": "new_*.csv", **track})), folder)

    def test_nothing_yet_is_nothing_and_no_error(self, tmp_path: Path) -> None:
        assert self.came(tmp_path) is None
        (tmp_path / "new_1.csv").write_text("id,bought\n")
        assert self.came(tmp_path) is None
        (tmp_path / "new_2.csv").write_text("id,bought\n5,yes\n")
        found = self.came(tmp_path)
        assert found is not None
        assert found.frame.to_dicts() == [{"id": 5, "bought": "yes"}]

    def test_a_brief_that_names_no_feed_says_how(self, tmp_path: Path) -> None:
        with pytest.raises(BriefError, match=r"\[track\] new"):
            self.came(tmp_path, new="")

    def test_labels_find_their_rows_by_key(self, tmp_path: Path) -> None:
        (tmp_path / "new_1.csv").write_text("id,size\n5,1\n6,2\n7,3\n")
        (tmp_path / "labels.csv").write_text("id,bought\n6,yes\n5,no\n5,no\n7,yes\n7,no\n99,yes\n")
        found = self.came(tmp_path, labels="labels.csv")
        assert found is not None
        assert found.frame["bought"].to_list() == ["no", "yes", None]
        assert [finding.code for finding in found.findings] == ["double_labels", "labels_without_rows"]

    def test_of_files_of_labels_only_key_and_target_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "new_1.csv").write_text("id,size\n5,1\n6,2\n7,3\n")
        (tmp_path / "labels_1.csv").write_text("id,bought\n6,yes\n")
        (tmp_path / "labels_2.csv").write_text("clerk,bought,id\nann,no,5\n")
        (tmp_path / "labels_3.csv").write_text("id,bought\n")
        found = self.came(tmp_path, labels="labels_*.csv")
        assert found is not None
        assert found.frame.to_dict(as_series=False) == {
            "id": [5, 6, 7],
            "size": [1, 2, 3],
            "bought": ["no", "yes", None],
        }
        (tmp_path / "labels_4.csv").write_text("id,bougth\n7,yes\n")
        with pytest.raises(DataError, match=r"'labels_4.csv' lacks the column 'bought'; closest name here: 'bougth'"):
            self.came(tmp_path, labels="labels_*.csv")

    @pytest.mark.parametrize("header", [None, "id,bought\n", ""])
    @pytest.mark.parametrize("labels", ["labels.csv", "labels_*.csv"])
    def test_rows_may_come_before_any_label(self, tmp_path: Path, labels: str, header: str | None) -> None:
        (tmp_path / "new_1.csv").write_text("id,size\n5,1\n")
        if header is not None:
            (tmp_path / labels.replace("*", "1")).write_text(header)
        found = self.came(tmp_path, labels=labels)
        assert found is not None
        assert found.frame.to_dicts() == [{"id": 5, "size": 1}]
        assert [finding.code for finding in found.findings] == ["labels_absent"]

    def test_labels_need_a_key_and_the_target(self, tmp_path: Path) -> None:
        (tmp_path / "new_1.csv").write_text("id,size\n5,1\n")
        (tmp_path / "labels.csv").write_text("id,baught\n5,yes\n")
        with pytest.raises(DataError, match=r"lacks the column 'bought'; closest name here: 'baught'"):
            self.came(tmp_path, labels="labels.csv")
        bare = replace(BRIEF, data=Data(source="o"), track=Track(new="new_*.csv", labels="labels.csv"))
        with pytest.raises(BriefError, match=r"needs \[data\] key"):
            incoming(bare, tmp_path)

    def late(self, folder: Path, frames: list[pl.DataFrame], form: str) -> Loaded | None:
        for place, frame in enumerate(frames):
            path = folder / f"new_{place}.{form}"
            frame.write_csv(path) if form == "csv" else frame.write_parquet(path)
        brief = replace(
            BRIEF,
            target=replace(BRIEF.target, known_after=("paid", "closed_on")),
            track=Track(new=f"new_*.{form}"),
        )
        return incoming(brief, folder)

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    @pytest.mark.parametrize("labels", [["yes", "no"], [1, 0], [0.5, 2.0], [True, False]])
    def test_labels_may_come_later_file_by_file(self, tmp_path: Path, form: str, labels: list[object]) -> None:
        bare, late = pl.DataFrame({"id": [5, 6], "size": [1, 2]}), {"bought": labels, "closed_on": ["2024-01-02", None]}
        whole = pl.DataFrame({"id": [7, 8], "paid": [2.5, None], "size": [0.5, 2.0], **late})
        found = self.late(tmp_path, [bare, whole, bare, whole.drop("paid", "closed_on")], form)
        assert found is not None
        assert found.frame["bought"].to_list() == [None, None, *labels, None, None, *labels]
        assert found.frame["size"].to_list() == [1.0, 2.0, 0.5, 2.0, 1.0, 2.0, 0.5, 2.0]
        assert found.frame["paid"].to_list() == [None, None, 2.5, None, None, None, None, None]
        assert found.frame["closed_on"].null_count() == 7
        assert [n for _, n in found.parts] == [2, 2, 2, 2]

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_labels_of_two_types_beside_files_without_any(self, tmp_path: Path, form: str) -> None:
        frames = [pl.DataFrame({"id": [5]}), *(pl.DataFrame({"id": [6], "bought": [one]}) for one in ("yes", 1))]
        found = self.late(tmp_path, frames, form)
        assert found is not None
        assert found.frame["bought"].to_list() == [None, "yes", "1"]

    def test_a_file_without_rows_changes_nothing_of_that(self, tmp_path: Path) -> None:
        frames = [pl.DataFrame({"id": [5]}), pl.DataFrame({"id": [6], "bought": ["yes"]})]
        (tmp_path / "new_9.csv").write_text("id,bought\n")
        found = self.late(tmp_path, frames, "csv")
        assert found is not None
        assert found.frame.to_dict(as_series=False) == {"id": [5, 6], "bought": [None, "yes"]}
        pl.DataFrame({"id": [7], "size": [1]}).write_csv(tmp_path / "new_7.csv")
        with pytest.raises(DataError, match="'new_0.csv' lacks the column 'size'"):
            self.late(tmp_path, frames, "csv")

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_no_other_column_may_be_absent_from_a_file(self, tmp_path: Path, form: str) -> None:
        whole = pl.DataFrame({"id": [5], "size": [1], "bought": ["yes"], "paid": [1.5]})
        for frames in ([whole, whole.drop("size", "bought")], [whole.drop("size", "paid"), whole]):
            with pytest.raises(DataError, match=r"lacks the column 'size'.*but for what is known later \(bought, paid"):
                self.late(tmp_path, frames, form)

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_what_is_learned_from_has_its_labels_in_each_file(self, tmp_path: Path, form: str) -> None:
        self.late(tmp_path, [pl.DataFrame({"id": [5]}), pl.DataFrame({"id": [6], "bought": ["no"]})], form)
        with pytest.raises(
            DataError, match=r"'new_0.* lacks the column 'bought', .*; all files need the same columns$"
        ):
            gather(Data(source=f"new_*.{form}"), tmp_path)

    def test_rows_that_came_twice_are_told(self, tmp_path: Path) -> None:
        (tmp_path / "new_1.csv").write_text("id,bought\n5,yes\n5,yes\n6,no\n")
        found = self.came(tmp_path)
        assert found is not None
        assert [finding.code for finding in found.findings] == ["double_keys"]


def test_what_would_be_contacted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_DATABASE", "postgresql://ann:geheim@db.example:5432/x")
    there = replace(BRIEF, data=Data(url_env="A_DATABASE", query="select 1"))
    assert contacts(there) == ("db.example",)
    assert contacts(replace(BRIEF, data=Data(source="s3://bucket/rows.csv"))) == ("s3://bucket",)
    assert contacts(BRIEF) == ()
