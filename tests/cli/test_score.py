"""`artificer score`, the command: what it prints, and what it ends with."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from client import Client, table
from command import TRACEBACK, artificer, document, refused

WEEKLY = (
    '\n[decision]\ncapacity = { top = 2, every = "7d" }\n[track]\nnew = "new.parquet"\n[output]\ntable = "out.csv"\n'
)


@pytest.fixture
def served(tmp_path: Path) -> Client:
    """A client with 20 new rows, a list of two a week, and a package that is served."""
    client = Client(tmp_path).ask('key = ["id"]\ntime = "day"', WEEKLY).ship().serve()
    client.rows(table())
    return client


def test_the_brief_alone_says_all_and_again_is_harmless(served: Client) -> None:
    ended = artificer("score", "brief.toml", cwd=served.folder)
    assert ended.returncode == 0, ended.stderr
    assert "20 rows scored by v1 in " in ended.stdout
    assert ": 6 of them act; out.csv: 20 new, 0 changed, 0 same\n" in ended.stdout
    assert "artificer track brief.toml" in ended.stdout
    again = artificer("score", "brief.toml", cwd=served.folder)
    assert "out.csv: 0 new, 0 changed, 20 same\n" in again.stdout


def test_a_package_takes_rows_and_a_table(served: Client) -> None:
    package = served.package("v1")
    ended = artificer("score", package, "new.parquet", "--out", "other.parquet", cwd=served.folder)
    assert "other.parquet: 20 new" in ended.stdout
    assert pl.read_parquet(served.folder / "other.parquet").height == 20


def test_that_none_act_is_said_too(served: Client) -> None:
    served.ask(more="\n[decision]\nthreshold = 1.0\n")
    ended = artificer("score", "brief.toml", "new.parquet", "--out", "out.csv", cwd=served.folder)
    assert ": none of them act; out.csv" in ended.stdout


def test_json_is_one_document_with_the_findings(served: Client) -> None:
    document("score", "brief.toml", cwd=served.folder)
    served.rows(table()[:5])
    found = document("score", "brief.toml", cwd=served.folder)
    assert (found["command"], found["code"]) == ("score", 0)
    assert (found["result"]["n_rows"], found["result"]["n_new"]) == (5, 0)
    assert [one["code"] for one in found["findings"]] == ["partial_list"]


def test_nothing_came_in_and_that_is_said(served: Client) -> None:
    (served.folder / "new.parquet").unlink()
    ended = artificer("score", "brief.toml", cwd=served.folder)
    assert ended.returncode == 0, ended.stderr
    assert "there are no rows to score, so nothing was written" in ended.stdout


def test_bad_input_ends_with_2_and_names_it(served: Client) -> None:
    for arguments, names in (
        (["nope.toml"], "'nope.toml'"),
        (["brief.toml", "new.parquet", "--rows", "new.parquet"], "Name them once"),
        (["brief.toml", "--version", "v9"], "'v9'"),
        (["brief.toml", "--out", "absent/out.csv"], "absent"),
        (["brief.toml", "--out", "out.doc"], "'out.doc'"),
        (["brief.toml", "--out", "t", "--out-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        ([served.package("v1"), "--out", "out.csv"], "which rows?"),
    ):
        refused("score", *arguments, names=names, cwd=served.folder)
    assert not (served.folder / "out.csv").exists()


def test_a_password_is_never_shown(served: Client) -> None:
    hidden = {"OUT": "postgresql://me:hidden@127.0.0.1:1/x"}
    for json in ([], ["--json"]):
        command = ["score", "brief.toml", "--out", "t", "--out-env", "OUT", *json]
        ended = artificer(*command, cwd=served.folder, env=hidden)
        assert ended.returncode == 2
        assert "127.0.0.1" in ended.stderr
        assert "hidden" not in ended.stdout + ended.stderr
        assert TRACEBACK not in ended.stderr
