"""What has been kept as long as the brief says goes, by itself and by hand; what is served stays, and so does all else."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from client import Client, table
from command import artificer as command
from command import refused
from served_client import ROW, answering

import artificer
from artificer.core.answers import Expired
from artificer.core.brief import Brief, Data, Keep, Legal, Target
from artificer.core.ledger import Ledger
from artificer.core.rollout import Act
from artificer.line.ask import begin
from artificer.line.ship import retention
from artificer.line.ship.server import Wanted
from artificer.line.ship.server.log import Log

DAY = 86_400.0
LEGAL = '\n[legal]\nkeep = {{ predictions = "{}", models = "3y", rows = "10d" }}\n'


def brief(**keep: str) -> Brief:
    return Brief(target=Target(column="won"), name="calls", data=Data(key=("id",)), legal=Legal(keep=Keep(**keep)))


@pytest.fixture(params=["sqlite", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with a server's prediction and its row, a table's, a label, and a look, all of this moment."""
    place = tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    ledger = Ledger(place)
    log = Log(lambda: ledger, brief(rows=""), Wanted(rows=True))
    log.answered("v1", [{"id": n, "x": 1} for n in range(50)], [{"prediction": "y", "score": 0.5, "flags": []}] * 50)
    log.close()
    ledger.predictions.keep("s1", "calls", "v1", "t", [(one, 0.5, "", "", "", None, None, None, "") for one in "ab"])
    ledger.labels.keep("calls", [("a", "yes")])
    ledger.labels.keep("other", [("a", "yes")])
    yield ledger
    ledger.close()


def test_nothing_goes_before_its_time(book: Ledger) -> None:
    kept = brief(predictions="2d", rows="1d")
    assert retention.expire(book, kept, time.time() + 0.9 * DAY) == Expired()
    later = time.time() + 1.1 * DAY
    assert book.answers.due("calls", predictions=later - 2 * DAY, rows=later - DAY) == Expired(0, 50, 0)
    assert retention.expire(book, kept, later) == Expired(0, 50, 0)
    assert retention.expire(book, kept, time.time() + 2.1 * DAY) == Expired(52, 0, 1)
    assert book.predictions.of("a") == book.predictions.of("7") == []
    assert book.labels.all("other") == {"a": "yes"}
    assert not [one for one in book.troubles() if "belong" in one]


def test_what_is_kept_for_ever_stays_and_rows_go_with_their_predictions(book: Ledger) -> None:
    assert retention.expire(book, brief(rows=""), time.time() + 9_999 * DAY) == Expired()
    assert retention.expire(book, brief(predictions="1d", rows="9999d"), time.time() + 2 * DAY) == Expired(52, 50, 1)


def test_it_goes_piece_by_piece(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artificer.core.answers._PIECE", 7)
    assert retention.expire(book, brief(predictions="1d"), time.time() + 2 * DAY) == Expired(52, 50, 1)


def test_a_server_removes_what_is_too_old(client: Client) -> None:
    book = client.ledger
    book.labels.keep("calls", [("old", "yes"), ("new", "yes")])
    book._database.write("update labels set at = '2001-01-01T00:00:00.000+00:00' where key = 'old'")
    client.ask(more=LEGAL.format("400d"))
    with answering(client) as http:
        http.post("/predict", json=ROW)
        for _ in range(2):  # what was asked for during a write is answered by the next
            http.serving.log.flush(20)
    assert list(book.labels.all("calls")) == ["new"]


def test_old_packages_that_are_not_served_go_with_a_decision(client: Client) -> None:
    client.ask(more=LEGAL.format("400d"))
    client.ship("v2").ship("v3")
    book = client.ledger
    book.package("v3", "calls", "hash", "20010101T000000Z-abcd")
    long_ago = time.time() - 1_200 * DAY
    for version in ("v1", "v2"):
        os.utime(client.package(version) / "manifest.json", (long_ago, long_ago))
    written = begin(client.brief).brief
    found = retention.retire(book, written, client.folder / "artificer-work")
    assert [path.name for path, _ in found.packages] == ["v2", "v3"]
    assert [client.package(version).exists() for version in ("v1", "v2", "v3")] == [True, False, False]
    ((decision,), _) = book.told("20010101T000000Z-abcd")
    assert 'made on 2001-01-01, [legal] keep models is "3y", and it is not served' in decision.because
    client.ship("w1", name="stray")
    os.utime(client.package("w1") / "manifest.json", (long_ago, long_ago))
    assert not retention.due(book, written, client.folder / "artificer-work").packages
    forever = replace(written, legal=Legal())
    assert not retention.due(book, forever, client.folder / "artificer-work")


def test_old_packages_that_are_tried_out_stay(client: Client) -> None:
    client.ship("v2").ship("v3").ship("v4")
    act = Act("v2", "canary", "ann", "a test wants it")
    assert client.ledger.rollouts.want("calls", act, seen=0, shadow="v3", shares={"v2": 0.1})
    written = replace(begin(client.brief).brief, legal=Legal(keep=Keep(models="3y")))
    late = time.time() + 4 * 366 * DAY
    found = retention.due(client.ledger, written, client.folder / "artificer-work", late)
    assert [path.name for path, _ in found.packages] == ["v4"]


def test_clean_says_what_goes_and_removes_it(client: Client) -> None:
    client.ask(more=LEGAL.format("400d"))
    (client.folder / "artificer-work" / "tasks").mkdir()
    artificer.score(client.brief, table(), client.folder / "out.csv")
    assert "nothing to remove" in command("clean", client.brief).stdout
    with closing(sqlite3.connect(client.folder / "artificer-work" / "ledger.db")) as connection:
        connection.execute("update scorings set made = '2001-01-01'")
        connection.commit()
    assert "20 predictions that are too old" in command("clean", client.brief, given="n\n").stderr
    assert "removed: 20 predictions that are too old" in command("clean", client.brief, "--yes").stdout
    assert client.ledger.predictions.of("1") == []


@pytest.mark.parametrize("name", ["predictions", "rows", "models"])
def test_a_bad_duration_is_refused_by_name(client: Client, name: str) -> None:
    client.ask(more=f'\n[legal]\nkeep = {{ {name} = "a year" }}\n')
    refused("score", client.brief, names=f"[legal.keep.{name}] is 'a year'")
    client.ask(more='\n[legal]\nkeep = { model = "1y" }\n')
    refused("score", client.brief, names="models")


def test_how_long_things_are_kept_does_not_change_the_model(client: Client) -> None:
    before = begin(client.brief).spec
    client.ask(more=LEGAL.format("400d"))
    assert begin(client.brief).spec == before
