"""Copies, upgrades, checks and exports of a ledger: whole, refused where they cannot be, and restored by doing it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command import TRACEBACK, artificer, document, refused

from artificer.core import copies
from artificer.core import ledger as module
from artificer.core.brief import Brief, Data, Target
from artificer.core.errors import WorkspaceError
from artificer.core.ledger import Ledger
from artificer.core.migrations import MIGRATIONS
from artificer.data.ledger_export import export
from artificer.line.ship.server.log import Log


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workspace whose ledger holds a label, a table's predictions, and a server's."""
    root = tmp_path / "artificer-work"
    (root / "tasks").mkdir(parents=True)
    fill(Ledger(root / "ledger.db"))
    return root


def fill(book: Ledger) -> None:
    book.package("v1", "calls", "hash", "r1")
    book.labels.keep("calls", [("a", "yes"), ("=1+1", "no")])
    book.predictions.keep(
        "s1", "calls", "v1", "t", [(f"k{n}", n / 7, "act", "", "", None, None, None, "") for n in range(100)]
    )
    log = Log(lambda: book, Brief(target=Target(column="won"), name="calls", data=Data(key=("id",))))
    log.answered("v1", [{"id": 7}], [{"prediction": "yes", "score": 0.5, "flags": []}])
    log.close()
    book.close()


class TestBackup:
    def test_it_is_the_ledger_of_one_moment_and_restored_it_goes_on(self, work: Path) -> None:
        book = Ledger(work / "ledger.db")
        ended = artificer("ledger", "backup", work)
        assert ended.returncode == 0, ended.stderr
        (copy,) = (work / "backups").iterdir()
        assert copy.name in ended.stdout
        book.labels.keep("calls", [("later", "yes")])
        book.close()
        # As docs/ledger.md says: the copy in the ledger's place, without the old log.
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (work / name).unlink(missing_ok=True)
        shutil.copy(copy, work / "ledger.db")
        again = Ledger(work / "ledger.db")
        assert again.labels.all("calls") == {"a": "yes", "=1+1": "no"}
        again.labels.keep("calls", [("b", "no")])
        assert artificer("ledger", "check", work).returncode == 0

    def test_it_is_whole_while_others_write(self, work: Path, tmp_path: Path) -> None:
        book, stop = Ledger(work / "ledger.db"), threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                book.predictions.keep(
                    f"w{number}",
                    "calls",
                    "v1",
                    "t",
                    [(f"{number}-{n}", 0.5, "", "", "", None, None, None, "") for n in range(50)],
                )

        writer = threading.Thread(target=write)
        writer.start()
        try:
            found = [copies.backup(work / "ledger.db", tmp_path / f"copy{number}.db") for number in range(5)]
        finally:
            stop.set()
            writer.join()
        for one in found:
            copy = Ledger(one)
            assert copy.troubles() == []
            torn = "select count(*) from (select scoring from predictions group by scoring having count(*) not in (50, 100))"
            assert copy._database.read(torn) == [(0,)]

    def test_it_never_replaces_a_file_and_never_copies_damage(self, work: Path, tmp_path: Path) -> None:
        taken = tmp_path / "taken.db"
        taken.write_text("mine")
        refused("ledger", "backup", work, "--to", taken, names="exists already")
        damage(work / "ledger.db")
        assert "malformed" in refused("ledger", "backup", work, names="ledger.db")
        assert list((work / "backups").iterdir()) == []
        refused("ledger", "backup", tmp_path / "nowhere", names="there is no")

    def test_postgresql_is_copied_by_its_own_program(self, work: Path, postgres: str, monkeypatch: Any) -> None:
        secret = postgres.replace("@", ":geheim@")
        with pytest.raises(WorkspaceError, match=r"pg_dump --format=custom --file=x\.dump postgresql://") as caught:
            copies.backup(secret, Path("x.db"))
        assert "geheim" not in str(caught.value)


class TestUpgrade:
    @pytest.fixture(params=["sqlite", "postgres"])
    def older(self, request: pytest.FixtureRequest, work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """A workspace whose ledger an older Artificer wrote."""
        (work / "ledger.db").unlink()
        place: Path | str = work / "ledger.db"
        if request.param == "postgres":
            place = request.getfixturevalue("postgres")
            monkeypatch.setenv("ARTIFICER_LEDGER_URL", str(place))
        with monkeypatch.context() as patched:
            patched.setattr(module, "MIGRATIONS", MIGRATIONS[:2])
            old = Ledger(place)
            old._database.write("insert into labels values ('calls', 'a', 'yes', '2025-01-01')")
            old.close()
        return work

    def test_an_older_one_is_refused_and_brought_up_with_a_copy_before(self, older: Path) -> None:
        refused("ledger", "runs", older, names="`artificer ledger upgrade`")
        found = document("ledger", "upgrade", older)
        assert found["result"] == {"before": 2, "after": len(MIGRATIONS)}
        assert document("ledger", "check", older)["result"]["troubles"] == []
        copy = Path(found["files"]["backup"])
        if copy.is_dir():
            assert pl.read_ndjson(copy / "labels.jsonl")["key"].to_list() == ["a"]
        else:
            assert copies.version_of(copy) == 2
        again = artificer("ledger", "upgrade", older)
        assert "already" in again.stdout
        assert len(list((older / "backups").iterdir())) == 1

    def test_one_that_fails_halfway_leaves_the_old_version(self, older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        place = module.place_of(older)
        broken = (*MIGRATIONS, ("create table fresh (a text)", "no statement at all"))
        monkeypatch.setattr(module, "MIGRATIONS", broken)
        with pytest.raises(WorkspaceError):
            copies.upgraded(place)
        assert copies.version_of(place) == 2

    def test_two_at_once_do_it_once(self, older: Path) -> None:
        place, failed = module.place_of(older), []

        def up() -> None:
            try:
                copies.upgraded(place)
            except WorkspaceError as error:
                failed.append(error)

        threads = [threading.Thread(target=up) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert not failed
        assert copies.version_of(place) == len(MIGRATIONS)

    def test_a_newer_one_is_left_alone(self, work: Path) -> None:
        with closing(sqlite3.connect(work / "ledger.db")) as connection:
            connection.execute("pragma user_version = 99")
        before = (work / "ledger.db").read_bytes()
        for command in ("upgrade", "check", "runs"):
            refused("ledger", command, work, names="newer Artificer")
        assert (work / "ledger.db").read_bytes() == before


class TestCheck:
    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("delete from scorings", "100 predictions belong to no scoring"),
            ("delete from streams", "1 answers belong to no stream"),
            ("insert into answered_rows values (9, 9, 9, '{}')", "1 rows belong to no answer"),
            ("update streams set version = 'v9'", "a server answered with the version 'v9'"),
            ("insert into served values ('m', 'v1', '', 4, 'now')", "1 models are served at another revision"),
            ("drop table looks", "the table 'looks' is absent"),
            ("alter table looks drop column until", "lacks the column 'until'"),
        ],
    )
    def test_what_does_not_belong_together_is_told(self, work: Path, statement: str, says: str) -> None:
        assert Ledger(work / "ledger.db").troubles() == []
        with closing(sqlite3.connect(work / "ledger.db")) as connection:
            connection.execute(statement)
            connection.commit()
        assert any(says in one for one in Ledger(work / "ledger.db").troubles())

    def test_damage_is_told_and_ends_with_3(self, work: Path) -> None:
        damage(work / "ledger.db")
        ended = artificer("ledger", "check", work)
        assert ended.returncode == 3, ended.stdout + ended.stderr
        assert TRACEBACK not in ended.stderr


class TestExport:
    @pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
    def test_all_tables_come_out_as_they_are(self, work: Path, tmp_path: Path, kind: str) -> None:
        out = tmp_path / "out"
        found = document("ledger", "export", work, "--out", out, "--as", kind)
        assert found["code"] == 0
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["version"] == len(MIGRATIONS)
        counts = {one["table"]: one["n_rows"] for one in manifest["tables"]}
        assert (counts["labels"], counts["predictions"], counts["answers"], counts["looks"]) == (2, 100, 1, 0)
        read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}[kind]
        labels, predictions = read(out / f"labels.{kind}"), read(out / f"predictions.{kind}")
        assert labels["key"].sort().to_list() == (["'=1+1", "a"] if kind == "csv" else ["=1+1", "a"])
        assert predictions["score"].to_list() == [n / 7 for n in range(100)]
        refused("ledger", "export", work, "--out", out, names="holds something already")

    def test_postgresql_gives_the_same_tables(self, postgres: str, tmp_path: Path) -> None:
        book = Ledger(postgres)
        fill(book)
        done = {one.table: one.n_rows for one in export(book._database, tmp_path / "out")}
        assert (done["labels"], done["predictions"], done["answers"]) == (2, 100, 1)
        assert pl.read_parquet(tmp_path / "out" / "answers.parquet")["score"].to_list() == [0.5]


def damage(path: Path) -> None:
    """Overwrite pages in the middle of the file, as a failing disk does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\xa5" * (len(data) - 4096 * 2)
    path.write_bytes(data)
