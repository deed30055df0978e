"""A file that is sent: scored as the package predicts, safe to open, bounded, and removed."""

from __future__ import annotations

import gzip
import io
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from client import Client, contents, table
from web import answering

import artificer
import artificer_runtime
from artificer.line.ship.server.pages import batch, jobs, scored
from artificer_runtime.package import write


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "files"))
    (tmp_path / "files").mkdir()
    return Client(tmp_path).ask(more="[decision]\ncapacity = { top = 3 }\n").ship().serve()


@pytest.fixture
def site(client: Client) -> Iterator[Any]:
    with answering(client.brief) as found:
        yield found


def sent(site: Any, data: bytes, name: str = "rows.csv") -> str:
    """Send a file, and give the address of its page once it has ended."""
    found = site.post("/pages/batch", files={"file": (name, data)}, follow_redirects=False)
    assert found.status_code == 303, found.text
    address: str = found.headers["location"]
    for _ in range(400):
        if "data-busy" not in site.get(address, headers={"x-part": "progress"}).text:
            return address
        time.sleep(0.02)
    raise AssertionError("it never ended")


def as_file(frame: pl.DataFrame, form: str) -> bytes:
    file = io.BytesIO()
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "xlsx": frame.write_excel}[form](file)
    return file.getvalue()


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_rows_come_back_in_order_with_what_the_package_predicts(site: Any, client: Client, form: str) -> None:
    rows = table(50).drop("day")
    address = sent(site, as_file(rows, form), f"rows.{form}")
    found = pl.read_parquet(io.BytesIO(site.get(f"{address}/parquet").content))
    expected = artificer_runtime.load(client.package("v1")).predict_proba(rows)[:, 1]
    assert found["id"].to_list() == rows["id"].to_list()
    assert found["score"].to_list() == expected.tolist()
    best = set(found.sort("score", descending=True)["id"].head(3))
    assert set(found.filter(pl.col("decision") == "act")["id"]) == best
    page = site.get(address).text
    assert "50 rows are scored" in page
    assert "<b>3</b> to act on" in page


def test_the_control_share_and_rows_for_a_person_are_left_alone_as_score_leaves_them(client: Client) -> None:
    client.ask(more='[decision]\ncapacity = { top = 5 }\ncontrol = 0.3\nreview = { when = ["score > 0.8"] }\n')
    rows = table(60).drop("day")
    artificer.score(client.brief, rows, client.folder / "out.parquet")
    with answering(client.brief) as site:
        address = sent(site, as_file(rows, "parquet"), "rows.parquet")
        found = pl.read_parquet(io.BytesIO(site.get(f"{address}/parquet").content))
        page = site.get(address).text
    expected = pl.read_parquet(client.folder / "out.parquet")
    for said, decision in (
        ("for a person to decide", "review"),
        ("of the control share", "control"),
        ("to act on", "act"),
    ):
        assert f"<b>{(found['decision'] == decision).sum()}</b> {said}" in page
    assert found.sort("id")["decision"].to_list() == expected.sort("id")["decision"].cast(pl.String).to_list()
    assert {"control", "review", "act"} < {*found["decision"]}


def as_scored(client: Client, rows: pl.DataFrame) -> list[str | None]:
    """Decisions that the page gives rows, which must be those of `score`."""
    artificer.score(client.brief, rows, client.folder / "out.parquet")
    with answering(client.brief) as site:
        address = sent(site, as_file(rows, "parquet"), "rows.parquet")
        found = pl.read_parquet(io.BytesIO(site.get(f"{address}/parquet").content))
    decisions = found.sort("id")["decision"].to_list()
    expected = pl.read_parquet(client.folder / "out.parquet").sort("id")["decision"].cast(pl.String).to_list()
    assert decisions == expected
    return decisions


def test_what_a_person_decided_stands_in_the_place_of_review(client: Client) -> None:
    client.ask(more='[decision]\nthreshold = 0.5\nreview = { when = ["score > 0.8"] }\n')
    rows = table(60).drop("day")
    before = as_scored(client, rows)
    place = before.index("review")
    client.ledger.reviews("calls").answer(str(sorted(rows["id"])[place]), "leave")
    after = as_scored(client, rows)
    assert after[place] == "leave"
    assert after[:place] + after[place + 1 :] == before[:place] + before[place + 1 :]


def test_rows_of_more_than_two_classes_wait_for_a_person_as_score_has_them_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.ask(more='[decision]\nreview = { when = ["score < 0.5"] }\n').ship("v2", "multiclass").serve("v2")
    rows = table(60).drop("day")
    found = as_scored(client, rows)
    assert {*found} == {None, "review"}
    monkeypatch.setattr(scored, "CLASSES_SHOWN", 2)
    assert as_scored(client, rows) == found


def test_no_cell_of_what_is_downloaded_starts_a_formula(site: Any) -> None:
    rows = pl.DataFrame({"x": [1.0], "shop": ["a"], "note": ["=1+1"], "@name": ["+2"]})
    address = sent(site, as_file(rows, "parquet"), "rows.parquet")
    csv = site.get(f"{address}/csv")
    assert "'=1+1" in csv.text
    assert "'@name" in csv.text
    assert csv.headers["content-disposition"] == 'attachment; filename="rows-scored.csv"'
    sheet = pl.read_excel(site.get(f"{address}/xlsx").content)
    assert sheet["note"].to_list() == ["=1+1"]  # a text: a formula would have become 2 or nothing


def test_our_columns_give_way_to_those_of_the_file(site: Any) -> None:
    address = sent(site, as_file(pl.DataFrame({"x": [1.0], "shop": ["a"], "score": ["mine"]}), "csv"))
    found = pl.read_parquet(io.BytesIO(site.get(f"{address}/parquet").content))
    assert found["score"].to_list() == ["mine"]
    assert 0 < found["score_"][0] < 1


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"PAR1 and nothing", "rows.parquet", "damaged Parquet"),
        (b"junk", "rows.parquet", "rows.parquet&#39; is no Parquet file"),
        (b"PK\x03\x04 nothing", "rows.xlsx", "damaged workbook"),
        (gzip.compress(b"x,shop\n1,a\n", mtime=0), "rows.csv.gz", "packed by gzip"),
        (b"SQLite format 3\x00", "rows.db", "an SQLite database"),
        (b"shop\na\n", "rows.csv", "column &#39;x&#39; is absent"),
        (b"x,shop\nmuch,a\n", "rows.csv", "must hold a number; row 0"),
        (b"", "rows.csv", "is empty"),
        (b"x,shop\n", "../../<b>rows.csv", "rows.csv&#39; has a header and no rows"),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong_with_it(site: Any, data: bytes, name: str, says: str) -> None:
    found = site.get(sent(site, data, name))
    assert "It was not scored" in found.text
    assert says in found.text
    assert "<b>rows" not in found.text
    assert "given" not in found.text  # our own name of it


def test_a_file_that_would_grow_too_large_is_refused(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scored, "MOST_ROWS", 10)
    monkeypatch.setattr(scored, "MOST_UNPACKED", 100)
    for form, says in (("parquet", "more than 10"), ("csv", "more than 10"), ("xlsx", "unpacks to")):
        assert says in site.get(sent(site, as_file(table(11).drop("day"), form), f"rows.{form}")).text


def far_apart() -> bytes:
    """A workbook of two cells, in the first corner of its sheet and in the last."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "x")
        sheet.write(1_048_575, 16_383, 1)
    return file.getvalue()


def test_a_workbook_of_two_cells_far_apart_and_one_whose_reach_is_not_known_are_refused(site: Any) -> None:
    found = site.get(sent(site, far_apart(), "rows.xlsx"))
    assert "reaches over 17,179,869,184 cells" in found.text
    assert "of a binary form" in site.get(sent(site, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "rows.xls")).text


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet", "arrow"])
def test_a_file_of_very_many_columns_is_refused_before_its_rows_are_read(
    site: Any, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scored, "MOST_COLUMNS", 30)
    monkeypatch.setattr(scored, "read", None)
    wide = pl.DataFrame({f"c{place}": [1, 2] for place in range(31)})
    file = io.BytesIO()
    write = {"json": wide.write_json, "jsonl": wide.write_ndjson, "arrow": wide.write_ipc_stream}.get(form)
    data = as_file(wide, form) if write is None else write(file) or file.getvalue()
    assert "more than 30 columns" in site.get(sent(site, data, f"rows.{form}")).text


def test_more_than_is_read_no_file_and_too_many_are_refused(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_BYTES", 1000)
    large = site.post("/pages/batch", files={"file": ("rows.csv", b"x" * (batch.MIB + 2000))})
    assert large.status_code == 413
    assert "larger than" in large.text
    assert site.post("/pages/batch", data={"file": ""}).status_code == 422
    assert site.post("/pages/batch", content=b"--x", headers={"content-type": "multipart/form-data"}).status_code == 400
    monkeypatch.setattr(jobs, "MOST_BUSY", 0)
    assert site.post("/pages/batch", files={"file": ("rows.csv", b"x,shop\n1,a\n")}).status_code == 503


def test_it_is_removed_when_asked_and_when_its_time_is_over(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [sent(site, b"x,shop\n1,a\n") for _ in range(2)]
    assert site.get(addresses[0]).status_code == 200
    site.post(f"{addresses[0]}/remove")
    assert site.get(addresses[0]).status_code == 404
    assert site.get(f"{addresses[0]}/csv").status_code == 404
    assert site.get(f"{addresses[1]}/csv").status_code == 200
    monkeypatch.setattr(jobs, "KEPT_S", -1)
    assert site.get(addresses[1]).status_code == 404
    assert not list(jobs._root().iterdir())


def test_what_was_sent_is_not_kept_and_lies_where_no_other_user_reads(site: Any) -> None:
    sent(site, b"x,shop\n1,a\n")
    (folder,) = jobs._root().iterdir()
    assert {path.name for path in folder.iterdir()} == {"job.json", "scored.parquet"}
    assert jobs._root().stat().st_mode & 0o077 == 0


def test_a_name_that_was_guessed_finds_nothing(site: Any) -> None:
    for id in ("..", "%2e%2e", "x" * 24, "job.json"):
        assert site.get(f"/pages/batch/{id}").status_code == 404
        assert site.get(f"/pages/batch/{id}/csv").status_code == 404


def test_work_of_a_process_that_is_gone_is_told_and_takes_no_turn(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_BUSY", 1)
    address = sent(site, b"x,shop\n1,a\n")
    path = jobs._folder(address.rpartition("/")[2]) / "job.json"
    path.write_text(re.sub(r'"process": \d+', '"process": 99999999', path.read_text().replace('"done"', '"busy"')))
    assert "the server was stopped meanwhile" in site.get(address).text
    assert "csv" in site.get(sent(site, b"x,shop\n1,a\n")).text


def test_a_fault_of_ours_is_told_by_a_name_that_the_log_has(
    site: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "a value of the file"

    def fail(*_: Any) -> Any:
        raise pl.exceptions.PanicException(words)

    monkeypatch.setattr(jobs, "scored_rows", fail)
    found = re.search(r"our fault, logged as (\w+)", site.get(sent(site, b"x,shop\n1,a\n")).text)
    assert found is not None
    assert f"fault {found[1]}" in caplog.text
    assert "PanicException" in caplog.text
    assert words not in caplog.text


class Full(io.BytesIO):
    def read(self, *_: Any) -> bytes:
        raise OSError(28, "No space left on device")


def test_a_file_that_cannot_be_kept_leaves_nothing_and_one_whose_copying_was_killed_is_removed(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="No space"):
        jobs.begin(site.serving.model, "rows.csv", Full(b"x"))
    assert not list(jobs._root().iterdir())
    monkeypatch.setattr(jobs, "begin", lambda *_: Full().read())
    answer = site.post("/pages/batch", files={"file": ("rows.csv", b"x,shop\n1,a\n")})
    assert answer.status_code == 503
    assert "No space left on device" in answer.text
    for name, moment in (("old", 0), ("new", time.time())):
        (jobs._root() / name).mkdir()
        (jobs._root() / name / "given").write_bytes(b"x")
        os.utime(jobs._root() / name, (moment, moment))
    site.get("/pages/batch/none")
    assert [one.name for one in jobs._root().iterdir()] == ["new"]


@pytest.mark.parametrize("n", [99, 9], ids=["told", "too few rows to tell"])
def test_numbers_come_with_the_ends_between_which_nine_in_ten_lie(tmp_path: Path, client: Client, n: int) -> None:
    whole = contents("regression", 1.0, 2.0)
    assert whole.residuals is not None
    write(tmp_path / "numbers", replace(whole, residuals=replace(whole.residuals, n=n)))
    with answering(tmp_path / "numbers") as site:
        address = sent(site, as_file(pl.DataFrame({"x": [1.0], "shop": ["a"], "low": [7]}), "csv"))
        found = site.get(f"{address}/csv").text.splitlines()
        page = site.get(address).text
    assert found[0].startswith("x,shop,low,prediction,low_,high,flags")
    assert found[1].startswith("1.0,a,7,1.0,-1.0,3.0," if n == 99 else "1.0,a,7,1.0,,,")
    assert "Nine in ten such rows lie between <b>low_</b> and <b>high</b>" in page
