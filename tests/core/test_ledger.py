"""The ledger keeps what cannot be computed again, from many writers at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from artificer.core.errors import WorkspaceError
from artificer.core.ledger import Ledger
from artificer.core.records import Decision


def test_each_model_that_sees_sealed_rows_is_counted_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    assert [ledger.open_seal("rows", model, "run") for model in ("a", "a", "b", "a")] == [1, 1, 2, 2]
    assert ledger.open_seal("other rows", "a", "run") == 1


def test_runs_are_listed_the_newest_first_with_how_they_ended(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.begin("1", "brief")
    ledger.begin("2", "brief")
    ledger.end("1", 3, "hash")
    rows = {row.id: (row.code, row.model_hash) for row in ledger.runs()}
    assert rows == {"1": (3, "hash"), "2": (None, None)}


def test_telling_twice_changes_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    for _ in range(2):
        ledger.tell("run", "ask", [Decision("ask", "q", "c", "b")], [])
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        assert connection.execute("select count(*) from decisions").fetchone() == (1,)


def test_what_is_no_ledger_or_a_newer_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("this is no database, whatever its name says it is" * 50)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        Ledger(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "b.db") as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(WorkspaceError, match="newer Artificer"):
        Ledger(tmp_path / "b.db")


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from artificer.core.ledger import Ledger\n"
        f"ledger = Ledger(Path({str(tmp_path / 'ledger.db')!r}))\n"
        "for k in range(20): ledger.open_seal('rows', f'{sys.argv[1]}-{k}', 'run')\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(one)]) for one in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert Ledger(tmp_path / "ledger.db").open_seal("rows", "last", "run") == 61
