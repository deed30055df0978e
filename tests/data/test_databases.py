"""Databases are read, never written, and never give away a password."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from artificer.core.brief import Data
from artificer.core.errors import ArtificerError, BriefError, DataError
from artificer.data.databases import read_table_of, shown
from artificer.data.readers import read
from artificer.data.sources import gather

ENV = "SHOP_DATABASE"


def sqlite(folder: Path) -> Path:
    path = folder / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('create table "the orders" (id integer, price real, colour text)')
        connection.executemany(
            'insert into "the orders" values (?, ?, ?)', [(1, 2.5, "red"), (2, None, "blue"), (3, 4, None)]
        )
        connection.execute("create table clients (id integer)")
        connection.commit()
    return path


def fetched(url: str, query: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pl.DataFrame:
    monkeypatch.setenv(ENV, url)
    return gather(Data(url_env=ENV, query=query), tmp_path).frame


def refusal(url: str, query: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    with pytest.raises(ArtificerError) as caught:
        fetched(url, query, monkeypatch, tmp_path)
    told = caught.value
    assert "geheim" not in str(told) + repr(told.__cause__) + repr(
        told.__context__ if not told.__suppress_context__ else ""
    )
    return str(told)


class TestSQLite:
    def test_a_query_gives_its_rows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = sqlite(tmp_path)
        frame = fetched(
            f"sqlite:///{path}", 'select id, price, colour from "the orders" order by id', monkeypatch, tmp_path
        )
        assert frame.to_dict(as_series=False) == {
            "id": [1, 2, 3],
            "price": [2.5, None, 4.0],
            "colour": ["red", "blue", None],
        }

    def test_a_file_names_its_table_after_a_sign(self, tmp_path: Path) -> None:
        sqlite(tmp_path)
        loaded = read("shop.sqlite#the orders", folder=tmp_path)
        assert loaded.parts == (("shop.sqlite", 3),)
        assert read("sqlite:///shop.sqlite#the orders", folder=tmp_path).frame.equals(loaded.frame)

    def test_a_table_that_is_not_named_or_not_there(self, tmp_path: Path) -> None:
        path = sqlite(tmp_path)
        with pytest.raises(DataError, match=r"several tables.*clients, the orders"):
            read(path)
        with pytest.raises(DataError, match=r"no table 'client'; closest name here: 'clients'"):
            read_table_of(path, "client")

    @pytest.mark.parametrize(
        "query", ["delete from clients", "insert into clients values (9)", "create table x (y)", "drop table clients"]
    )
    def test_a_query_that_writes_changes_nothing(
        self, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = sqlite(tmp_path)
        before = path.read_bytes()
        said = refusal(f"sqlite:///{path}", query, monkeypatch, tmp_path)
        assert "write a plain select" in said
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("select nothing from clients", "nothing"),
            ("selec 1", "selec"),
            ("select * from client", "client"),
            ("select id, id from clients", "two columns named 'id'"),
            ("select id from clients", "gives no row"),
        ],
    )
    def test_a_wrong_query_is_told(
        self, query: str, names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert names in refusal(f"sqlite:///{sqlite(tmp_path)}", query, monkeypatch, tmp_path)

    def test_a_file_that_is_absent_is_not_made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sqlite(tmp_path)
        said = refusal(f"sqlite:///{tmp_path}/shopp.sqlite", "select 1", monkeypatch, tmp_path)
        assert "'shop.sqlite'" in said
        assert not (tmp_path / "shopp.sqlite").exists()

    def test_a_damaged_file_is_named(self, tmp_path: Path) -> None:
        path = sqlite(tmp_path)
        path.write_bytes(path.read_bytes()[:120] + b"\x00" * 400)
        with pytest.raises(DataError, match=r"shop\.sqlite"):
            read(path)


class TestPostgreSQL:
    QUERY = "select * from orders order by id"

    @pytest.fixture
    def filled(self, postgres: str) -> str:
        import psycopg

        with psycopg.connect(postgres) as connection:
            connection.execute(
                "create table orders (id bigint, price numeric(8, 2), weight real, paid boolean, colour text, day date, "
                "at timestamptz, local timestamp, note jsonb)"
            )
            connection.execute(
                "insert into orders values (1, 2.50, 1.5, true, 'red', '2026-01-02', '2026-01-02 03:00+02', "
                "'2026-01-02 03:00', '{\"a\": 1}'), (2, null, null, null, null, null, null, null, null)"
            )
        return postgres

    def test_values_come_in_their_own_types(self, filled: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        frame = fetched(filled, self.QUERY, monkeypatch, tmp_path)
        first, second = frame.to_dicts()
        assert first == {
            "id": 1,
            "price": 2.5,
            "weight": 1.5,
            "paid": True,
            "colour": "red",
            "day": date(2026, 1, 2),
            "at": datetime(2026, 1, 2, 1, tzinfo=UTC),
            "local": datetime(2026, 1, 2, 3),
            "note": "{'a': 1}",
        }
        assert {value for name, value in second.items() if name != "id"} == {None}

    def test_many_rows_come_in_parts_and_in_order(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        frame = fetched(postgres, "select g as n from generate_series(1, 120001) g;", monkeypatch, tmp_path)
        assert frame["n"].to_list() == list(range(1, 120_002))

    @pytest.mark.parametrize(
        "query",
        [
            "delete from orders",
            "with gone as (delete from orders returning id) select * from gone",
            "select 1; delete from orders",
            "drop table orders",
            "select pg_catalog.set_config('transaction_read_only', 'off', false), id from orders; delete from orders",
        ],
    )
    def test_a_query_that_writes_changes_nothing(
        self, query: str, filled: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        import psycopg

        refusal(filled, query, monkeypatch, tmp_path)
        with psycopg.connect(filled) as connection:
            assert connection.execute("select count(*) from orders").fetchone() == (2,)

    def test_a_wrong_query_is_told_with_its_place(
        self, filled: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert 'column "prize" does not exist' in refusal(filled, "select prize from orders", monkeypatch, tmp_path)
        assert 'relation "order_s" does not exist' in refusal(filled, "select * from order_s", monkeypatch, tmp_path)
        assert "gives no row" in refusal(filled, "select * from orders where id = 9", monkeypatch, tmp_path)

    def test_an_unreachable_server_an_unknown_user_and_an_absent_database_never_show_the_password(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        host = postgres.rpartition("@")[2]
        server, _, database = host.partition("/")
        said = refusal(f"postgresql://ann:geheim@127.0.0.1:1/{database}", "select 1", monkeypatch, tmp_path)
        assert "postgresql://ann:***@127.0.0.1:1" in said
        assert "ann" in refusal(f"postgresql://ann:geheim@{host}", "select 1", monkeypatch, tmp_path)
        absent = refusal(f"postgresql://artificer_tests:geheim@{server}/absent", "select 1", monkeypatch, tmp_path)
        assert "absent" in absent

    def test_a_wrong_password_is_told_and_not_shown(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        import psycopg

        with psycopg.connect(postgres) as connection:
            (file,) = connection.execute("show hba_file").fetchone() or ("",)
            connection.execute("create role locked login password 'right'")
        path = Path(file)
        written = path.read_text()
        path.write_text("host all locked 127.0.0.1/32 scram-sha-256\n" + written)
        try:
            with psycopg.connect(postgres) as connection:
                connection.execute("select pg_reload_conf()")
            host = postgres.rpartition("@")[2]
            said = refusal(f"postgresql://locked:geheim@{host}", "select 1", monkeypatch, tmp_path)
            assert 'password authentication failed for user "locked"' in said
            frame = fetched(f"postgresql://locked:right@{host}", "select 1 as one", monkeypatch, tmp_path)
            assert frame["one"].to_list() == [1]
        finally:
            path.write_text(written)
            with psycopg.connect(postgres) as connection:
                connection.execute("select pg_reload_conf()")
                connection.execute("drop role locked")

    def test_without_the_driver_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        assert "extra 'postgres'" in refusal("postgresql://ann@127.0.0.1/x", "select 1", monkeypatch, tmp_path)


class TestWhatTheBriefSays:
    def test_a_variable_that_is_not_set_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv(ENV, raising=False)
        with pytest.raises(
            BriefError, match=rf"\[data.url_env\] names the environment variable '{ENV}', which is not set"
        ):
            gather(Data(url_env=ENV, query="select 1"), tmp_path)

    @pytest.mark.parametrize("value", ["no url", "mysql://ann:geheim@host/x", "http://host"])
    def test_what_is_no_database_is_named_without_its_value(
        self, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert ENV in refusal(value, "select 1", monkeypatch, tmp_path)

    @pytest.mark.parametrize(
        ("data", "names"),
        [
            (Data(url_env=ENV), "no query"),
            (Data(query="select 1"), "no url_env"),
            (Data(source="a.csv", url_env=ENV, query="select 1"), "names both"),
            (Data(), r"lacks \[data\] source"),
        ],
    )
    def test_half_a_source_or_two_are_refused(self, data: Data, names: str, tmp_path: Path) -> None:
        with pytest.raises(BriefError, match=names):
            gather(data, tmp_path)


def test_a_shown_url_keeps_who_and_where() -> None:
    assert shown("postgresql://ann:a:b@c@host:5432/sales") == "postgresql://ann:***@host:5432/sales"
    assert shown("s3://bucket/rows.parquet?token=x") == "s3://bucket/rows.parquet"
