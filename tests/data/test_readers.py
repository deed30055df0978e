"""Rows are read from whatever holds them, by content, and nothing is lost in silence."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv

from artificer.core.errors import DataError
from artificer.data.readers import read
from artificer.data.separated import separated_batches, typed
from artificer.data.survey import survey
from artificer_runtime.values import canonical_text

ROWS = pl.DataFrame({"age": [41, 29], "job": ["admin.", "none"], "rate": [0.5, None]})


def written(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(source: object, folder: Path | None = None) -> str:
    with pytest.raises(DataError) as error:
        read(source, folder=folder)
    return str(error.value)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "jsonl", "jsonl.gz", "json", "arrow", "stream"])
def test_the_format_is_told_by_content_and_not_by_name(tmp_path: Path, form: str) -> None:
    path = tmp_path / "rows.data"
    lines = ROWS.write_ndjson().encode()
    writers = {
        "csv": lambda: path.write_bytes(ROWS.write_csv().encode()),
        "csv.gz": lambda: path.write_bytes(gzip.compress(ROWS.write_csv().encode())),
        "parquet": lambda: ROWS.write_parquet(path),
        "jsonl": lambda: path.write_bytes(lines),
        "jsonl.gz": lambda: path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines)),
        "json": lambda: path.write_text(json.dumps(ROWS.to_dicts())),
        "arrow": lambda: ROWS.write_ipc(path),
        "stream": lambda: ROWS.write_ipc_stream(path),
    }
    writers[form]()
    loaded = read("rows.data", folder=tmp_path)
    assert loaded.frame.equals(ROWS)
    assert loaded.parts == (("rows.data", 2),)


@pytest.mark.parametrize(
    "frame",
    [
        ROWS,
        ROWS.lazy(),
        ROWS.to_arrow(),
        ROWS.to_arrow().to_batches()[0],
        ROWS.to_dict(as_series=False),
        pd.DataFrame(ROWS.to_dict(as_series=False)),
    ],
    ids=["polars", "lazy", "arrow", "batch", "dict", "pandas"],
)
def test_frames_of_any_library_hold_the_same_rows(frame: object) -> None:
    assert read(frame).frame.equals(ROWS)


def test_pandas_types_keep_their_values() -> None:
    frame = pd.DataFrame(
        {
            "city": pd.Series(["Bonn", None], dtype="category"),
            "code": pd.Series([7, 9], dtype="category"),
            "gap": pd.Series([1, None], dtype="Int64"),
            "mixed": pd.Series([1, "one"], dtype=object),
            "seen": pd.to_datetime(["2024-03-31 01:30", "2024-03-31 03:30"]).tz_localize("Europe/Berlin"),
            3: [True, False],
        }
    )
    found = read(frame).frame
    assert found["city"].to_list() == ["Bonn", None]
    assert found["code"].to_list() == [7, 9]
    assert found["gap"].to_list() == [1, None]
    assert found["mixed"].to_list() == ["1", "one"]
    assert found["seen"].dt.epoch("s").diff()[1] == 3600, "an hour was skipped that night"
    assert found["3"].to_list() == [True, False]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path: Path, separator: str) -> None:
    text = f'a{separator}"b"\n1{separator}"x{separator} ""y""\nz"\n2{separator}w\n'
    found = read(written(tmp_path, text)).frame
    assert found.to_dict(as_series=False) == {"a": [1, 2], "b": [f'x{separator} "y"\nz', "w"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_the_encoding_is_found_and_told(tmp_path: Path, encoding: str) -> None:
    extra = "\x81" if encoding == "latin-1" else ""
    loaded = read(written(tmp_path, f"name,n\nJosé{extra},1\n".encode(encoding)))
    assert loaded.frame["name"].to_list() == [f"José{extra}"]
    assert [one.code for one in loaded.findings] == ([] if encoding.startswith("utf-8") else ["encoding"])


def test_decimal_commas_are_read_as_numbers_and_told(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, "price;dot;tag\n1,5;1.5;1,5kg\n-2;2;b\n"))
    assert loaded.frame["price"].to_list() == [1.5, -2.0]
    assert loaded.frame["dot"].to_list() == [1.5, 2.0]
    assert loaded.frame["tag"].to_list() == ["1,5kg", "b"]
    assert [(one.code, one.where) for one in loaded.findings] == [("decimal_comma", "rows.csv")]


def test_words_among_decimal_commas_do_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    rows = "unknown;1,5;1.005,5;1;1.005,50\n1,5;b;2,5;a;2,5\n 2 ;c;1.005;b;-12.000,25\n-3,25;d;2;c;7"
    frame = read(written(tmp_path, f"price;word;points;tag;sum\n{rows}\n")).frame
    assert frame["price"].to_list() == ["unknown", "1.5", " 2 ", "-3.25"]
    assert frame["word"].to_list() == ["1,5", "b", "c", "d"]  # of mostly words, one is a level
    assert frame["points"].to_list() == ["1.005,5", "2,5", "1.005", "2"]  # is 1.005 about one, or a thousand?
    assert frame["tag"].to_list() == ["1", "a", "b", "c"]
    assert frame["sum"].to_list() == [1005.5, 2.5, -12000.25, 7.0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5.1,setosa\n4.9,setosa\n", True),
        ("1,0,3\n0,1,2\n", True),
        ("yes,Rome\nno,Bern\nyes,Rome\n", True),
        ("2021,2022,2023\n4,5,6\n", False),  # years
        ("age,5.1\n4,5\n", False),
        ("town,other\nRome,other\n", False),
    ],
)
def test_a_first_line_of_values_is_told(tmp_path: Path, text: str, told: bool) -> None:
    (tmp_path / "rows.csv").write_text(text)
    assert ["no_header"] * told == [one.code for one in read(tmp_path / "rows.csv").findings]
    (tmp_path / "twins.csv").write_text("1,1\n2,3\n")
    with pytest.raises(DataError, match=r"two columns named '1'.*put a line of names before it"):
        read(tmp_path / "twins.csv")


@pytest.mark.parametrize(
    ("zones", "says"),
    [
        (("Z", ""), "8 moments of 'at' name a time zone (+0000) and 8 none"),
        (("Z", "+02:00", "-05:00", "+0900"), "moments of 4 time zones"),
        ((" CET", " EST"), "by letters (CET, EST)"),
        (("+01:00", "+02:00"), ""),  # winter and summer
        (("",), ""),
    ],
)
def test_time_zones_that_mix_are_told(tmp_path: Path, zones: tuple[str, ...], says: str) -> None:
    lines = [f"{day},2024-01-{day:02d}T10:00:00{zones[day % len(zones)]}" for day in range(1, 17)]
    (tmp_path / "rows.csv").write_text("n,at\n" + "\n".join(lines))
    found = read(tmp_path / "rows.csv").findings
    assert [one.code for one in found] == ["mixed_zones"] * bool(says)
    assert all(says in one.says for one in found)


def test_a_word_far_down_makes_a_column_of_texts(tmp_path: Path) -> None:
    found = read(written(tmp_path, "a,b\n" + "1,2\n" * 400_000 + "x,3\n")).frame
    assert (found.height, found.schema["a"], found["a"][-1]) == (400_001, pl.String, "x")
    assert found.schema["b"] == pl.Int64


def test_codes_keep_their_zeros_and_long_numbers_their_digits(tmp_path: Path) -> None:
    found = read(written(tmp_path, "zip,long,plain\n01067,12345678901234567890,0.5\n53111,1,7\n")).frame
    assert found["zip"].to_list() == ["01067", "53111"]
    assert found["long"].to_list() == ["12345678901234567890", "1"]
    assert found["plain"].to_list() == [0.5, 7.0]


def test_quoted_numbers_booleans_and_gaps_are_typed(tmp_path: Path) -> None:
    found = read(written(tmp_path, 'n,b,s,gap\n"1",True,,\n" 2",false,"",\n')).frame
    assert found.to_dict(as_series=False) == {"n": [1, 2], "b": [True, False], "s": [None, None], "gap": [None, None]}


def test_huge_and_infinite_numbers_survive(tmp_path: Path) -> None:
    found = read(written(tmp_path, "a\n1e308\ninf\n-inf\n-1e308\n")).frame
    assert found["a"].to_list() == [1e308, float("inf"), float("-inf"), -1e308]


def test_a_single_column_and_no_last_newline_are_a_table(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a\n1\n2")).frame["a"].to_list() == [1, 2]


def test_json_lines_of_mixed_types_lose_nothing(tmp_path: Path) -> None:
    found = read(written(tmp_path, '{"a":1}\n{"a":"x","b":2}\n')).frame
    assert found.to_dict(as_series=False) == {"a": ["1", "x"], "b": [None, 2]}


def test_files_of_a_glob_are_joined_in_order_of_name(tmp_path: Path) -> None:
    written(tmp_path, "b,a\nx,1.5\n", "2.csv")
    written(tmp_path, "a,b\n1,y\n2,z\n", "1.csv")
    loaded = read("*.csv", folder=tmp_path)
    assert loaded.frame.to_dict(as_series=False) == {"a": [1.0, 2.0, 1.5], "b": ["y", "z", "x"]}
    assert loaded.parts == (("1.csv", 2), ("2.csv", 1))


def test_a_column_that_files_hold_differently_becomes_texts(tmp_path: Path) -> None:
    written(tmp_path, "a\n1\n", "1.csv")
    written(tmp_path, "a\nx\n", "2.csv")
    assert read("*.csv", folder=tmp_path).frame["a"].to_list() == ["1", "x"]


def test_a_glob_whose_files_differ_in_columns_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "a,b\n1,2\n", "1.csv")
    written(tmp_path, "a\n1\n", "2.csv")
    assert "'2.csv' lacks the column 'b'" in refusal("*.csv", tmp_path)


def test_an_absent_file_is_named_with_the_closest_there(tmp_path: Path) -> None:
    written(tmp_path, "a\n1\n", "calls.csv")
    assert "'call.csv'" in (said := refusal("call.csv", tmp_path))
    assert "'calls.csv'" in said


def test_a_folder_and_a_glob_without_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    assert "'days' is a folder" in refusal("days", tmp_path)
    assert "no file matches 'days/*.csv'" in refusal("days/*.csv", tmp_path)


PARQUET = b"PAR1" + b"\x15\x04" * 400
NOTHING_TO_READ = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "header": (b"a,b\n", "no rows"),
    "header without newline": (b"a,b", "no rows"),
    "twins": (b"a,b,a\n1,2,3\n", "two columns named 'a'"),
    "ragged": (b"a,b\n1,2\n1,2,3\n4\n", "2 rows have another number of fields"),
    "open quote": (b'a,b\n1,"x\n2,y\n3,z\n', "quote that is never closed"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "no table"),
    "utf-16 without mark": ("a,b\n1,2\n".encode("utf-16-le"), "zero bytes"),
    "excel": (b"PK\x03\x04" + b"x" * 99, "a zip file"),
    "pickle": (b"\x80\x04\x95\x00\x00", "a pickle"),
    "damaged parquet": (PARQUET, "damaged Parquet"),
    "damaged arrow": (b"ARROW1\x00\x00" + b"x" * 99, "damaged Arrow"),
    "damaged stream": (b"\xff\xff\xff\xff" + b"x" * 99, "damaged Arrow"),
    "cut gzip": (gzip.compress(b"a\n" + bytes(range(48, 58)) * 99)[:-20], "cannot be read"),
    "wrong gzip": (b"\x1f\x8b\x08\x00" + b"\xff" * 40, "cannot be read"),
    "cut json": (b'[{"a": 1}, {"a"', "damaged JSON"),
    "array of numbers": (b"[1, 2]", "must hold objects"),
    "cut json lines": (b'{"a": 1}\n{"a"', "damaged JSON lines"),
    "lists": (b'{"tags": ["x"]}\n{"tags": []}\n', "column 'tags'"),
    "records": (b'[{"who": {"name": "x"}}]', "holds records"),
}


@pytest.mark.parametrize("case", NOTHING_TO_READ)
def test_what_is_no_table_is_refused_by_name_and_reason(tmp_path: Path, case: str) -> None:
    content, reason = NOTHING_TO_READ[case]
    said = refusal(written(tmp_path, content))
    assert "'rows.csv'" in said
    assert reason in said


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl"])
def test_a_column_of_lists_or_records_is_left_out_of_a_file_and_told(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame({"n": [1, 2], "tags": [["x"], []], "who": [{"name": "x"}, {"name": "y"}]})
    path = tmp_path / f"rows.{ending}"
    {"parquet": frame.write_parquet, "arrow": frame.write_ipc, "jsonl": frame.write_ndjson}[ending](path)
    loaded = read(path)
    assert loaded.frame.to_dict(as_series=False) == {"n": [1, 2]}
    assert [(one.code, one.where) for one in loaded.findings] == [("nested", "tags"), ("nested", "who")]
    assert "holds lists" in loaded.findings[0].says
    assert "holds records" in loaded.findings[1].says
    assert survey(path).findings == loaded.findings
    path.rename(tmp_path / f"first.{ending}")
    (tmp_path / f"second.{ending}").write_bytes((tmp_path / f"first.{ending}").read_bytes())
    assert read(tmp_path / f"*.{ending}").findings == loaded.findings


def test_what_cannot_be_read_is_not_what_its_name_says(tmp_path: Path) -> None:
    for name, form in (("new.parquet", "Parquet"), ("new.xlsx", "Excel"), ("new.feather", "Arrow")):
        (tmp_path / name).write_bytes(b"junk")
        with pytest.raises(DataError, match=rf"'{name}' is no {form} file"):
            read(tmp_path / name)


def test_no_thread_of_arrow_holds_a_function_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that still held it when the interpreter ended would abort the process, with 134 in place of 2."""
    how, reads = list[tuple[bool, bool]](), csv.read_csv

    def seen(held: Any, **options: Any) -> pa.Table:
        how.append((options["read_options"].use_threads, options["parse_options"].invalid_row_handler is not None))
        return reads(held, **options)

    monkeypatch.setattr(csv, "read_csv", seen)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(DataError, match=r"ragged: 1 row has .* row 3 has 1"):
        read(tmp_path / "rows.csv")
    assert how == [(True, False), (False, True)]


def test_ragged_rows_are_numbered_past_quoted_newlines(tmp_path: Path) -> None:
    assert "row 3 has 1. Rows (header: row 1): 3, 5." in refusal(written(tmp_path, 'a,b\n"x\ny",1\n2\n3,3\n4\n'))


@pytest.mark.parametrize("before", ["\n\n", "\r\n", "sep=;\n", '"sep=;"\r\n\n', "\nSEP=;\n"])
def test_blank_lines_and_a_told_separator_before_the_names_are_no_rows(tmp_path: Path, before: str) -> None:
    path = written(tmp_path, f"{before}a;b\n1,5;2\n2;3\n")
    assert read(path).frame.to_dict(as_series=False) == {"a": [1.5, 2.0], "b": [2, 3]}
    (batch,) = map(typed, separated_batches(path))
    assert batch.equals(read(path).frame)
    assert f"header: row {before.count(chr(10)) + 1})" in refusal(written(tmp_path, f"{before}a;b\n1;2\n1;2;3\n"))


def test_every_cut_of_a_parquet_file_is_refused(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    for end in range(4, len(data) - 1, 97):
        assert "damaged Parquet" in refusal(written(tmp_path, data[:end]))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pl.DataFrame({"tags": [["x"], []]}), "column 'tags' in the frame holds lists"),
        (pl.DataFrame({"a": []}), "no rows"),
        (pl.DataFrame(), "no columns"),
        ({"a": [1, 2], "b": [1]}, "the frame cannot be read"),
        (pa.table([[1], [2]], names=["a", "a"]), "two columns named 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (pl.DataFrame({"a": [b"x"]}), "holds bytes"),
        (7, "rows of type int"),
    ],
    ids=["lists", "no rows", "no columns", "uneven", "arrow twins", "pandas twins", "bytes", "number"],
)
def test_a_frame_that_is_no_table_is_refused(frame: object, reason: str) -> None:
    assert reason in refusal(frame)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a\n1\n")
    path.chmod(0)
    if os.geteuid() == 0:  # root may read everything, so the refusal is put in its mouth

        def refuse(self: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "'rows.csv' cannot be read" in refusal(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_may_end_in_any_way(tmp_path: Path, end: str, last: bool) -> None:
    lines = ["a;b;t", *(f"{row};{row},5;{'xy'[row % 2]}" for row in range(300))]
    path = written(tmp_path, end.join(lines) + end * last)
    frame = read(path).frame
    assert frame.shape == (300, 3)
    assert frame.row(7) == (7, 7.5, "y")


def test_a_header_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "first line of 'rows.csv'" in refusal(written(tmp_path, f"{'a' * 200_000},b\n1,2\n"))


def test_a_column_that_is_empty_in_one_file_has_the_type_of_the_others(tmp_path: Path) -> None:
    for name, cells in (("1", ["", ""]), ("2", ["7", "8"]), ("3", ["", ""])):
        written(tmp_path, "a,n,d\n" + "".join(f"x,{cell},\n" for cell in cells), f"{name}.csv")
    frame = read("*.csv", folder=tmp_path).frame
    assert dict(frame.schema) == {"a": pl.String, "n": pl.Int64, "d": pl.String}
    assert frame["n"].to_list() == [None, None, 7, 8, None, None]


def test_a_link_to_nothing_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").symlink_to("gone.csv")
    with pytest.raises(DataError, match="'rows.csv' is a link to 'gone.csv', which is not there"):
        read("rows.csv", folder=tmp_path)


def test_floats_of_more_than_64_bits_are_numbers_and_complex_ones_refused() -> None:
    frame = pd.DataFrame({"a": np.array([1.5, 2.0], np.longdouble)})
    assert read(frame).frame["a"].to_list() == [1.5, 2.0]
    assert canonical_text(frame["a"].iloc[0]) == "1.5"
    assert canonical_text(np.clongdouble(1.5)) == canonical_text(1.5 + 0j)
    with pytest.raises(DataError, match="column 'a' in the frame holds complex numbers"):
        read(frame.astype(complex))
