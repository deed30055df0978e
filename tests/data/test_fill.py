"""A table that is filled again and again: each key once, what is alike left alone, on files and in databases."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pwd
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artificer.core.errors import BriefError, DataError
from artificer.data import fill_file
from artificer.data.fill import Filled, Filling, Place, fill, place_of
from artificer.data.fill_postgres import connected

KINDS = ("calls.parquet", "calls.csv", "calls.jsonl", "calls.arrow", "calls.sqlite#calls", "postgres")
ENV = "SCORES_URL"
Held = list[dict[str, Any]]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A table of each kind, not made yet."""
    if request.param != "postgres":
        return place_of(request.param, tmp_path)
    monkeypatch.setenv(ENV, request.getfixturevalue("postgres"))
    return place_of("calls", tmp_path, ENV)


def held(place: Place) -> Held:
    """All rows of a table, by key."""
    if place.url:
        with connected(place) as connection:
            cursor = connection.execute(f'select * from "{place.table}"')
            names = [one.name for one in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    elif place.table:
        assert place.file is not None
        with sqlite3.connect(place.file) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(f'select * from "{place.table}"')]
    else:
        assert place.file is not None
        read: dict[str, Callable[[Path], pl.DataFrame]] = {
            ".parquet": pl.read_parquet,
            ".csv": pl.read_csv,
            ".jsonl": pl.read_ndjson,
            ".arrow": pl.read_ipc,
        }
        rows = read[place.file.suffix](place.file).to_dicts()
    return sorted(rows, key=lambda row: str(row["id"]))


def filling(ids: Any, score: Any, at: str = "monday", **columns: Any) -> Filling:
    frame = pl.DataFrame({"id": ids, "score": pl.Series(score, dtype=pl.Float64), **columns, "at": [at] * len(ids)})
    return Filling(frame, ("id",), "at", "period" if "period" in columns else "")


def test_a_table_is_made_with_what_it_is_filled_with(place: Place) -> None:
    assert fill(filling([1, 2], [0.25, 0.1]), place) == Filled(2, 0, 0)
    assert held(place) == [{"id": 1, "score": 0.25, "at": "monday"}, {"id": 2, "score": 0.1, "at": "monday"}]


def test_the_same_again_changes_nothing_not_even_the_stamp(place: Place) -> None:
    fill(filling([1, 2], [1 / 3, 2 / 3]), place)
    before = held(place)
    assert fill(filling([2, 1], [2 / 3, 1 / 3], at="tuesday"), place) == Filled(0, 0, 2)
    assert held(place) == before


def test_rows_of_a_known_key_are_replaced_others_stay_and_new_ones_come_in(place: Place) -> None:
    fill(filling([1, 2], [0.25, 0.5]), place)
    assert fill(filling([2, 3], [0.75, 1.0], at="tuesday"), place) == Filled(1, 1, 0)
    assert held(place) == [
        {"id": 1, "score": 0.25, "at": "monday"},
        {"id": 2, "score": 0.75, "at": "tuesday"},
        {"id": 3, "score": 1.0, "at": "tuesday"},
    ]


def test_nothing_known_is_a_value_of_its_own(place: Place) -> None:
    def decided(*decision: str | None) -> Filling:
        return filling([1, 2], [0.5, 0.5], decision=pl.Series(decision, dtype=pl.String))

    fill(decided(None, "act"), place)
    assert fill(decided(None, "act"), place) == Filled(0, 0, 2)
    assert fill(decided("act", None), place) == Filled(0, 2, 0)
    assert [row["decision"] for row in held(place)] == ["act", None]


def test_rows_of_the_same_group_that_were_left_out_are_counted(place: Place) -> None:
    fill(filling([1, 2, 3], [0.1, 0.2, 0.3], period=["a", "a", "b"]), place)
    assert fill(filling([2, 4], [0.2, 0.4], period=["a", "a"]), place).n_beside == 1
    assert fill(filling([5], [0.2], period=["c"]), place).n_beside == 0


@pytest.mark.parametrize(
    "keys",
    [["007", "7"], [date(2009, 1, 5), date(2009, 1, 6)], [True, False], ['o"brien; drop table calls', "a,b\n'c'"]],
    ids=["leading zeros", "dates", "truth values", "signs"],
)
def test_keys_keep_what_they_are(place: Place, keys: list[Any]) -> None:
    fill(filling(keys, [0.1, 0.2]), place)
    assert fill(filling(keys, [0.1, 0.2]), place) == Filled(0, 0, 2)
    assert fill(filling(keys, [0.3, 0.2]), place) == Filled(0, 1, 1)
    assert len(held(place)) == 2


def test_a_key_of_texts_that_are_numbers_is_the_key_of_those_numbers(place: Place) -> None:
    fill(filling([7, 8], [0.1, 0.2]), place)
    assert fill(filling(["7", "8"], [0.1, 0.2]), place) == Filled(0, 0, 2)
    assert fill(filling([7.0, 8.0], [0.1, 0.2]), place) == Filled(0, 0, 2)


def test_a_key_of_several_columns_with_hard_names(place: Place) -> None:
    frame = pl.DataFrame({"id": ["a", "a"], 'no "1"': [1, 2], "score": [0.5, 0.5], "at": ["x", "x"]})
    both = Filling(frame, ("id", 'no "1"'), "at")
    assert fill(both, place) == Filled(2, 0, 0)
    assert fill(both, place) == Filled(0, 0, 2)


def test_a_table_is_given_the_columns_that_its_brief_came_to_ask_for(place: Place) -> None:
    fill(filling([1, 2], [0.25, 0.5]), place)
    asked = replace(filling([2, 3], [0.5, 1.0], at="tuesday", reasons=["x +1", ""]), optional=("reasons", "review"))
    assert fill(asked, place) == Filled(1, 1, 0)
    assert {row["id"]: row["reasons"] or "" for row in held(place)} == {1: "", 2: "x +1", 3: ""}
    before = held(place)
    assert fill(replace(asked, frame=asked.frame.with_columns(at=pl.lit("sunday"))), place) == Filled(0, 0, 2)
    assert held(place) == before


def test_a_table_that_cannot_be_filled_is_given_no_column(place: Place) -> None:
    fill(filling([1, 2], [0.25, 0.5], other=["a", "b"]), place)
    before = held(place)
    with pytest.raises(DataError, match="it has the column 'other', which scores do not"):
        fill(replace(filling([2], [0.5], reasons=["x +1"]), optional=("reasons",)), place)
    assert held(place) == before


def test_a_table_of_another_shape_is_refused_and_stays(place: Place) -> None:
    fill(filling([1], [0.5], note=["x"]), place)
    before = held(place)
    for other, says in (
        (filling([1], [0.5]), "has the column 'note'"),
        (filling([1], [0.5], note=["x"], more=[1.0]), "lacks the column 'more'"),
    ):
        with pytest.raises(DataError, match=says):
            fill(other, place)
    assert held(place) == before


def test_texts_do_not_go_into_a_column_of_numbers(place: Place) -> None:
    fill(filling([1, 2], [0.5, 0.6]), place)
    if place.file is not None and place.file.suffix == ".csv":
        assert fill(filling(["abc"], [0.5]), place) == Filled(1, 0, 0)  # a CSV's keys are texts
        return
    for key in ("abc", "007"):
        with pytest.raises(DataError, match=r"column 'id' holds numbers.*texts"):
            fill(filling([key], [0.5]), place)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=3).filter(str.strip)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    calls=st.lists(st.dictionaries(KEYS, st.floats(0, 1), min_size=1, max_size=5), min_size=1, max_size=4),
)
def test_after_any_calls_each_key_stands_once_with_its_last_score(
    tmp_path: Path, calls: list[dict[str, float]]
) -> None:
    for name in ("t.parquet", "t.csv", "t.jsonl", "t.sqlite#t"):
        place = place_of(name, tmp_path)
        assert place.file is not None
        place.file.unlink(missing_ok=True)
        wanted: dict[str, float] = {}
        for call in calls:
            done = fill(filling(list(call), list(call.values())), place)
            assert done.n_new == len(call.keys() - wanted.keys())
            wanted |= call
        again = fill(filling(list(wanted), list(wanted.values())), place)
        assert again == Filled(0, 0, len(wanted))


def test_csv_holds_no_formula_and_is_read_back(tmp_path: Path) -> None:
    place = place_of("t.csv", tmp_path)
    keys = ["=1+1", "'=1+1", "@x", "-x"]
    fill(filling(keys, [0.1, 0.2, 0.3, 0.4]), place)
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert "\n'=1+1," in text
    assert not any(line.startswith(("=", "@", "-")) for line in text.splitlines())
    assert fill(filling(keys, [0.1, 0.2, 0.3, 0.4]), place) == Filled(0, 0, 4)


def test_negative_numbers_of_a_csv_stay_numbers(tmp_path: Path) -> None:
    fill(filling([-5, 6], [0.1, 0.2]), place_of("t.csv", tmp_path))
    assert pl.read_csv(tmp_path / "t.csv")["id"].to_list() == [-5, 6]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_a_file_written_in_pieces_is_the_file_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rows = filling(["a", "=1", "7", "8", "9"], [0.1, 0.2, 0.3, 0.4, 0.5])
    fill(rows, whole := place_of(name, tmp_path))
    monkeypatch.setattr(fill_file, "ROWS_AT_ONCE", 2)
    (tmp_path / "pieces").mkdir()
    fill(rows, pieces := place_of(name, tmp_path / "pieces"))
    assert held(pieces) == held(whole)
    assert fill(rows, pieces) == Filled(0, 0, 5)


def _fill_one(place: Place, first: int) -> None:
    for start in range(first, first + 50, 10):
        fill(filling(list(range(start, start + 10)), [0.5] * 10), place)


@pytest.mark.slow
def test_four_at_once_lose_nothing(place: Place) -> None:
    workers = [multiprocessing.get_context("spawn").Process(target=_fill_one, args=(place, 50 * k)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(held(place)) == 200


class TestRefused:
    def test_a_suffix_that_is_unknown(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"'t\.txt' has no suffix that is known"):
            place_of("t.txt", tmp_path)

    def test_a_folder_that_is_absent(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no folder"):
            place_of("absent/t.csv", tmp_path)

    def test_a_folder_in_the_files_place(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").mkdir()
        with pytest.raises(DataError, match="is a folder"):
            place_of("t.csv", tmp_path)

    def test_a_database_without_a_table(self, tmp_path: Path) -> None:
        with pytest.raises(BriefError, match=r"t\.sqlite#table"):
            place_of("t.sqlite", tmp_path)

    def test_a_url_in_plain_text(self, tmp_path: Path) -> None:
        with pytest.raises(BriefError, match="environment variable") as refused:
            place_of("postgresql://me:hidden@host/x#t", tmp_path)
        assert "hidden" not in str(refused.value)

    @pytest.mark.parametrize("url", ["", "mysql://me:hidden@host/x", "postgresql://me:hidden@host:x/y"])
    def test_a_variable_that_holds_no_url(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv(ENV, url)
        with pytest.raises(BriefError, match=ENV) as refused:
            place_of("t", tmp_path, ENV)
        assert "hidden" not in str(refused.value)

    def test_no_name_of_a_table(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ENV, "postgresql://me@host/x")
        with pytest.raises(BriefError, match="no table is named"):
            place_of("", tmp_path, ENV)

    def test_a_server_that_is_not_there_without_showing_the_password(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(ENV, "postgresql://me:hidden@127.0.0.1:1/x")
        with pytest.raises(DataError, match=r"me@127\.0\.0\.1:1/x#t' cannot be filled") as refused:
            fill(filling([1], [0.5]), place_of("t", tmp_path, ENV))
        assert "hidden" not in str(refused.value)
        assert "hidden" not in repr(place_of("t", tmp_path, ENV))

    def test_a_database_that_is_not_there(self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(ENV, postgres + "x")
        with pytest.raises(DataError, match="does not exist"):
            fill(filling([1], [0.5]), place_of("t", tmp_path, ENV))

    def test_a_table_that_may_not_be_written(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(ENV, f"{postgres}?options=-cdefault_transaction_read_only%3Don")
        with pytest.raises(DataError, match="read-only"):
            fill(filling([1], [0.5]), place_of("t", tmp_path, ENV))

    def test_a_table_that_has_no_key(self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(ENV, postgres)
        place = place_of("t", tmp_path, ENV)
        with connected(place) as connection:
            connection.execute("create table t (id bigint, score double precision, at text)")
        with pytest.raises(DataError, match=r"primary key is not \(id\)"):
            fill(filling([1], [0.5]), place)

    def test_a_table_whose_scores_are_texts(self, tmp_path: Path) -> None:
        pl.DataFrame({"id": [1], "score": ["high"], "at": ["x"]}).write_parquet(tmp_path / "t.parquet")
        pl.DataFrame({"id": [1], "score": ["high"], "at": ["x"]}).write_csv(tmp_path / "t.csv")
        for name in ("t.parquet", "t.csv"):
            with pytest.raises(DataError, match="column 'score' holds texts"):
                fill(filling([1], [0.5]), place_of(name, tmp_path))

    @pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.sqlite#t", "t.jsonl"])
    def test_a_file_that_is_no_table(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name.partition("#")[0]
        path.write_bytes(b"no table at all, and long enough to be taken for one" * 40)
        with pytest.raises(DataError, match=path.name):
            fill(filling([1], [0.5]), place_of(name, tmp_path))
        assert path.read_bytes().startswith(b"no table")

    def test_a_file_with_doubled_keys(self, tmp_path: Path) -> None:
        pl.DataFrame({"id": [1, 1], "score": [0.1, 0.2], "at": ["x", "x"]}).write_parquet(tmp_path / "t.parquet")
        with pytest.raises(DataError, match="holds 1 row whose key another"):
            fill(filling([1], [0.5]), place_of("t.parquet", tmp_path))

    @pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.jsonl", "t.arrow"])
    def test_a_full_disk_and_the_old_table_stays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        place = place_of(name, tmp_path)
        fill(filling([1], [0.5]), place)
        before = (tmp_path / name).read_bytes()

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(DataError, match="the disk is full"):
                fill(filling([1], [0.6]), place)
        assert (tmp_path / name).read_bytes() == before
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(f".{name}.") and path.suffix != ".lock"]

    def test_an_sqlite_file_that_may_not_be_written(self, tmp_path: Path) -> None:
        place = place_of("t.sqlite#t", tmp_path)
        fill(filling([1], [0.5]), place)
        with sqlite3.connect(tmp_path / "t.sqlite") as connection:
            pages = connection.execute("pragma page_count").fetchone()[0]
        assert pages
        _refuse_growth(tmp_path / "t.sqlite", place)


def _refuse_growth(path: Path, place: Place) -> None:
    """Fill the table in a process whose files may not grow."""
    worker = multiprocessing.get_context("spawn").Process(target=_fill_in_little_space, args=(place,))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (1,)


def _fill_in_little_space(place: Place) -> None:
    import resource

    assert place.file is not None
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.file.stat().st_size + 4096, resource.RLIM_INFINITY))
    with pytest.raises(DataError, match="the disk has space"):
        fill(filling(list(range(20_000)), [0.5] * 20_000), place)


def _fill_as_nobody(folder: Path, elsewhere: Path) -> None:
    for name in ("t.csv", "t.sqlite#t"):  # all is imported before this process may read less
        fill(filling([1], [0.5]), place_of(name, elsewhere))
    if os.geteuid() == 0:  # root may write anywhere
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    for name in ("t.csv", "t.sqlite#t"):
        with pytest.raises(DataError, match="permission is missing"):
            fill(filling([1], [0.5]), place_of(name, folder))


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o555)
        worker = multiprocessing.get_context("spawn").Process(target=_fill_as_nobody, args=(Path(folder), tmp_path))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        assert not list(Path(folder).iterdir())
