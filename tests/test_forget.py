"""A person who is forgotten: found everywhere, gone to the last byte, and recognised when they come back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pytest
from client import Client, table
from command import artificer as command
from command import document, refused
from served_client import answering, given

import artificer
from artificer import forget as module
from artificer.core.errors import WorkspaceError
from artificer.core.forgotten import secret_of
from artificer.core.ledger import Ledger
from artificer.data.fill import place_of
from artificer.data.unfill import unfill
from artificer.line.ask import ask as ask_rows
from artificer.line.ask import begin, read_brief
from artificer_runtime.package import add_files

PERSON = "zebra-4711|x"
TEXT = 'key = ["id", "part"]'
MORE = '\n[track]\nnew = "new.parquet"\n[output]\ntable = "out.{}"\n'


def people(n_rows: int = 30) -> pl.DataFrame:
    """Rows of which one is the person's."""
    ids = ["zebra-4711", *(f"p{number}" for number in range(n_rows - 1))]
    return table(n_rows).with_columns(id=pl.Series(ids), part=pl.lit("x"))


@pytest.fixture(params=["csv", "parquet", "jsonl", "arrow", "sqlite#scores"])
def client(tmp_path: Path, request: pytest.FixtureRequest) -> Client:
    return met(Client(tmp_path), request.param)


def met(client: Client, output: str = "csv") -> Client:
    """A client whose package was trained on the person, and whose table, server and labels know them."""
    client.ask(TEXT, MORE.format(output))
    rows = people().with_columns(won=pl.Series(["yes", "no"] * 15))
    client.rows(rows, "rows.parquet")
    client.rows(people(), "new.parquet")
    client.ship().ship("v2").serve()
    asked = ask_rows(begin(client.brief))
    learned(client, "v1", asked.fingerprint)
    learned(client, "v2", "other rows that are not kept any more")
    artificer.score(client.brief)
    with answering(client) as http:
        http.post("/predict", json={"id": "zebra-4711", "part": "x", "x": 0.5, "shop": "a"})
        given(http, {"key": PERSON, "label": "yes"}, {"key": {"id": "p1", "part": "x"}, "label": "no"})
    return client


def learned(client: Client, version: str, fingerprint: str) -> None:
    """Have the package's card say which rows trained it."""
    card = {"name": "calls", "trained_on": {"rows": 30, "fingerprint": fingerprint}}
    add_files(client.package(version), {"card.json": json.dumps(card).encode()})


def files_with(folder: Path, text: str = "zebra-4711") -> list[str]:
    """Files below a folder whose bytes hold a text."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and text.encode() in path.read_bytes())
    return [str(path.relative_to(folder)) for path in found]


def test_a_dry_run_names_all_and_changes_nothing(client: Client) -> None:
    before = {path: path.read_bytes() for path in client.folder.rglob("*.arrow")}
    found = document("forget", PERSON, "--brief", client.brief, "--dry-run")["result"]
    assert found["ledger"] == {"answers": 1, "labels": 1, "predictions": 1}
    assert len(found["tasks"]) == 1
    assert [one["n_rows"] for one in found["outputs"]] == [1]
    assert [one.partition(",")[0] for one in found["sources"]] == ["rows.parquet", "new.parquet"]
    assert [(one["version"], one["how"], one["served"]) for one in found["models"]] == [
        ("v1", "trained", True),
        ("v2", "cannot be told", False),
    ]
    assert not found["removed"]
    assert before == {path: path.read_bytes() for path in client.folder.rglob("*.arrow")}
    assert client.ledger.labels.all("calls")[PERSON] == "yes"


def test_the_served_version_is_told_in_one_sentence(client: Client) -> None:
    said = command("forget", PERSON, "--brief", client.brief, "--dry-run").stdout
    assert command("forget", PERSON, client.brief, "--dry-run").stdout == said  # as `why` takes it
    assert "version v1, which is served, was trained on the person" in said


def test_what_goes_is_gone_to_the_last_byte_and_all_others_stay(client: Client) -> None:
    work = client.folder / "artificer-work"
    assert {"artificer-work/ledger.db"} <= {one.removesuffix("-wal") for one in files_with(client.folder)}
    book = client.ledger  # another process may have it open
    found = document("forget", PERSON, "--brief", client.brief, "--yes")["result"]
    assert found["removed"]
    assert files_with(work) == []
    assert set(files_with(client.folder)) <= {"rows.parquet", "new.parquet"}
    assert list(book.labels.all("calls")) == ["p1|x"]
    assert len(book.predictions.of("p1|x")) == 1
    assert not [one for one in book.troubles() if "belong" in one]
    place = place_of(read_brief(client.brief).output.table, client.folder)
    assert unfill(place, ("id", "part"), PERSON, remove=False) == 0
    assert unfill(place, ("id", "part"), "p1|x", remove=False) == 1
    again = artificer.score(client.brief, people().filter(pl.col("id") != "zebra-4711"))
    assert (again.n_new, again.n_changed, again.n_same) == (0, 0, 29)


def test_who_comes_back_is_recognised(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    document("forget", PERSON, "--brief", client.brief, "--yes")
    again = artificer.score(client.brief)
    assert [one.code for one in again.findings] == ["forgotten_returns"]
    assert "zebra" not in again.findings[0].says
    with answering(client) as http:
        for id in ("zebra-4711", "p9"):
            assert http.post("/predict", json={"id": id, "part": "x", "x": 0.5, "shop": "a"}).status_code == 200
        told = given(http, {"key": PERSON, "label": "yes"}, {"key": "p2|x", "label": "no"})
    assert told["forgotten"] == 1
    assert client.ledger.forgotten.holds("calls", PERSON) == {"predictions": 1}  # by `score`, which says it
    assert client.ledger.forgotten.holds("calls", "p9|x") == {"answers": 1, "predictions": 1}
    assert PERSON not in client.ledger.labels.all("calls")
    found = document("forget", PERSON, "--brief", client.brief, "--yes")["result"]  # what came back goes again
    assert [(one["version"], one["how"]) for one in found["models"]] == [("v1", "trained"), ("v2", "cannot be told")]
    assert files_with(client.folder / "artificer-work") == []


def test_without_its_secret_it_is_said_that_nobody_can_be_recognised(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    document("forget", PERSON, "--brief", client.brief, "--yes")
    secret = client.folder / "artificer-work" / "forget.secret"
    assert secret.stat().st_mode & 0o077 == 0
    secret.unlink()
    assert [one.code for one in artificer.score(client.brief).findings] == ["forgotten_unread"]
    with answering(client) as http:
        assert given(http, {"key": "p3|x", "label": "no"})["new"] == 1


def test_an_empty_secret_is_none_and_nobody_is_forgotten_under_it(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    secret = client.folder / "artificer-work" / "forget.secret"
    secret.touch()
    assert secret_of(secret.parent) is None
    refused("forget", PERSON, "--brief", client.brief, "--yes", names="is empty")
    secret.unlink()
    document("forget", PERSON, "--brief", client.brief, "--yes")
    kept = secret.read_bytes()
    assert len(kept) == 64
    assert not list(secret.parent.glob(".forget.secret*"))


def test_of_two_who_make_the_secret_at_once_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link
    monkeypatch.setattr(os, "link", lambda source, path: (Path(path).write_text("quicker"), link(source, path)))
    assert secret_of(tmp_path, make=True) == hashlib.sha256(b"quicker").digest()
    assert [one.name for one in tmp_path.iterdir()] == ["forget.secret"]


def test_what_cannot_be_found_or_asked_is_told(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    said = refused("forget", "zebra-4712|x", "--brief", client.brief, "--dry-run", names="zebra-4712")
    assert "closest key there: 'zebra-4711|x'" in said
    refused("forget", PERSON, "--workspace", client.folder / "artificer-work", "--dry-run", names="--brief")
    refused("forget", PERSON, "--brief", client.brief, names="--yes removes without asking")
    assert client.ledger.labels.all("calls")[PERSON]


def test_copies_of_the_ledger_are_named(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    copy = document("ledger", "backup", client.brief)["files"]["backup"]
    assert document("forget", PERSON, "--brief", client.brief, "--dry-run")["result"]["copies"] == [copy]


def test_a_person_of_another_model_in_the_same_ledger_stays(tmp_path: Path) -> None:
    client = met(Client(tmp_path))
    client.ledger.labels.keep("other", [(PERSON, "yes")])
    document("forget", PERSON, "--brief", client.brief, "--yes")
    assert client.ledger.labels.all("other") == {PERSON: "yes"}


def test_rows_without_a_key_are_found_by_source_and_position(tmp_path: Path) -> None:
    client = Client(tmp_path).ask("", '\n[output]\ntable = "out.parquet"\n')
    client.rows(people().with_columns(won=pl.Series(["yes", "no"] * 15)), "rows.parquet")
    client.ship().serve()
    asked = ask_rows(begin(client.brief))
    learned(client, "v1", asked.fingerprint)
    found = module.held("rows.parquet:29", client.folder / "artificer-work", read_brief(client.brief), client.folder)
    assert [one.how for one in found.models] == ["trained"]
    assert [one.partition(",")[0] for one in found.sources] == ["rows.parquet"]
    with pytest.raises(artificer.ArtificerError, match="nothing in"):
        module.held("rows.parquet:30", client.folder / "artificer-work", read_brief(client.brief), client.folder)


def test_in_postgresql_it_goes_from_ledger_and_table(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFICER_LEDGER_URL", postgres)
    monkeypatch.setenv("OUT", postgres)
    client = Client(tmp_path)
    client.ask(TEXT, '\n[output]\ntable = "scores"\nurl_env = "OUT"\n').ship().serve()
    artificer.score(client.brief, people())
    found = document("forget", PERSON, "--brief", client.brief, "--yes")["result"]
    assert found["ledger"] == {"predictions": 1}
    assert [one["n_rows"] for one in found["outputs"] if not one["trouble"]] == [1]
    book = Ledger(postgres)
    assert book.predictions.of(PERSON) == []
    assert len(book.predictions.of("p1|x")) == 1
    assert unfill(place_of("scores", client.folder, "OUT"), ("id", "part"), PERSON, remove=False) == 0


def test_two_secrets_do_not_mix(tmp_path: Path) -> None:
    book = Ledger(tmp_path / "ledger.db").forgotten
    book.forget("m", "k", b"one", ["v1"])
    assert book.met("m", b"one", ["k", "l", None])["k"].models == ("v1",)
    assert book.met("n", b"one", ["k"]) == {}
    with pytest.raises(WorkspaceError, match="cannot be recognised"):
        book.met("m", b"two", ["k"])
