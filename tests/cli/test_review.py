"""`artificer review`, the command: who waits, and what a person says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from client import Client, table
from command import artificer, document, refused

MORE = """
[decision]
threshold = 0.9
review = { when = ["score between 0.4 and 0.6"], to = "the desk" }
[track]
new = "new.parquet"
[output]
table = "out.parquet"
"""


@pytest.fixture
def waiting(tmp_path: Path) -> Client:
    """A client of whose 20 rows some wait for the desk."""
    client = Client(tmp_path).ask(more=MORE).ship().serve()
    client.rows(table())
    ended = artificer("score", "brief.toml", cwd=tmp_path)
    assert "to review; out.parquet" in ended.stdout
    assert "rows wait for a person: artificer review brief.toml" in ended.stdout
    return client


def test_who_waits_is_listed_and_decided(waiting: Client) -> None:
    found = document("review", "brief.toml", cwd=waiting.folder)["result"]
    assert found
    assert {one["state"] for one in found} == {"open"}
    key = found[0]["key"]
    shown = artificer("review", "brief.toml", cwd=waiting.folder).stdout
    assert f"{key}  score {found[0]['score']:.3f}: score between" in shown
    assert "score between 0.4 and 0.6; for the desk since" in shown
    decided = artificer("review", "brief.toml", "--decide", key, "act", cwd=waiting.folder).stdout
    assert "act, decided 20" in decided
    assert "artificer score brief.toml writes it" in decided
    assert "1 changed" in artificer("score", "brief.toml", cwd=waiting.folder).stdout
    row = pl.read_parquet(waiting.folder / "out.parquet").row(by_predicate=pl.col("id") == int(key), named=True)
    assert row["decision"] == "act"
    left = document("review", "brief.toml", cwd=waiting.folder)["result"]
    assert {one["key"] for one in left} == {one["key"] for one in found} - {key}
    every = document("review", "brief.toml", "--all", cwd=waiting.folder)["result"]
    assert len(every) == len(found)


def test_what_is_wrong_is_named(waiting: Client, tmp_path: Path) -> None:
    key = document("review", "brief.toml", cwd=waiting.folder)["result"][0]["key"]
    refused("review", "brief.toml", "--decide", f"{key}x", "act", names=f"closest key there: '{key}'", cwd=tmp_path)
    refused("review", "brief.toml", "--decide", key, "keep", names="'keep' is not one of", cwd=tmp_path)
    refused("review", "nope.toml", names="'nope.toml'", cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    refused("review", "brief.toml", "--workspace", elsewhere / "w", names="nothing was scored yet", cwd=tmp_path)
