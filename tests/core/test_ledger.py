"""The ledger counts, keeps order, and changes what is served once: the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from artificer.core import ledger as module
from artificer.core import predictions
from artificer.core.database import _number
from artificer.core.errors import WorkspaceError
from artificer.core.labels import Kept
from artificer.core.ledger import Ledger, Look, ledger_of
from artificer.core.migrations import MIGRATIONS
from artificer.core.records import Decision, Finding


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A fresh place for a ledger in either database."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    url: str = request.getfixturevalue("postgres")
    return url


@pytest.fixture
def ledger(where: Path | str) -> Iterator[Ledger]:
    found = Ledger(where)
    yield found
    found.close()


def code_of(where: Path | str) -> str:
    return f"Path({str(where)!r})" if isinstance(where, Path) else repr(where)


def processes(where: Path | str, code: str, n: int) -> list[str]:
    """Run code in some processes at once, with `ledger` open and `me` its number, and give what each printed."""
    start = "from pathlib import Path\nimport sys\nfrom artificer.core.ledger import Ledger\n"
    start += f"me = int(sys.argv[1])\nledger = Ledger({code_of(where)})\n"
    running = [
        subprocess.Popen([sys.executable, "-c", start + code, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(n)
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * n
    return said


class TestRuns:
    def test_a_run_is_known_from_its_beginning_to_its_end(self, ledger: Ledger) -> None:
        ledger.begin("r1", "orders")
        (row,) = ledger.runs()
        assert (row.id, row.brief, row.ended, row.code) == ("r1", "orders", None, None)
        ledger.end("r1", 4, "abc")
        (row,) = ledger.runs()
        assert (row.code, row.model_hash) == (4, "abc")

    def test_telling_a_stage_again_changes_nothing(self, ledger: Ledger) -> None:
        decision, finding = Decision("ask", "q", "c", "b"), Finding("code", "note", "w", "s", "f")
        for _ in range(2):
            ledger.tell("r1", "ask", [decision], [finding])
        assert ledger.told("r1") == ([decision], [finding])

    def test_the_same_model_again_is_no_new_look_and_another_is(self, ledger: Ledger) -> None:
        assert [ledger.open_seal("rows", one, "r") for one in ("a", "a", "b")] == [1, 1, 2]
        assert ledger.open_seal("other rows", "a", "r") == 1


class TestServed:
    def test_the_first_is_served_and_each_change_names_the_revision_it_saw(self, ledger: Ledger) -> None:
        assert ledger.served("m") is None
        first = ledger.serve("m", "v1", seen=0, action="first", because="it is")
        assert first is not None
        assert (first.version, first.previous, first.revision) == ("v1", "", 1)
        assert ledger.serve("m", "v9", seen=0, action="first", because="too late") is None
        second = ledger.serve("m", "v2", seen=1, action="promote", because="better")
        assert second is not None
        assert (second.version, second.previous, second.revision) == ("v2", "v1", 2)
        assert ledger.serve("m", "v3", seen=1, action="promote", because="too late") is None
        assert ledger.served("m") == second
        assert [(one.revision, one.version, one.action) for one in ledger.history("m")] == [
            (1, "v1", "first"),
            (2, "v2", "promote"),
        ]

    def test_a_look_is_kept_with_its_change_or_not_at_all(self, ledger: Ledger) -> None:
        look = Look("m", 1, "print", 5.0, "promote", "{}", "")
        ledger.serve("m", "v1", seen=0, action="first", because="it is")
        assert ledger.serve("m", "v2", seen=7, action="promote", because="late", look=look) is None
        assert ledger.looks("m") == []
        ledger.serve("m", "v2", seen=1, action="promote", because="better", look=look)
        with pytest.raises(WorkspaceError):  # the look of that number is there: neither happens
            ledger.serve("m", "v3", seen=2, action="promote", because="better", look=look)
        served = ledger.served("m")
        assert served is not None
        assert served.version == "v2"
        assert len(ledger.looks("m")) == 1

    def test_of_eight_processes_one_wins_each_revision(self, where: Path | str, ledger: Ledger) -> None:
        ledger.serve("m", "v", seen=0, action="first", because="")
        code = (
            "won = 0\n"
            "while won < 5:\n"
            "    seen = ledger.served('m').revision\n"
            "    won += ledger.serve('m', f'{me}-{seen}', seen=seen, action='promote', because='') is not None\n"
            "print(won)\n"
        )
        assert processes(where, code, 8) == ["5"] * 8
        assert [one.revision for one in ledger.history("m")] == list(range(1, 42))

    def test_order_hangs_on_numbers_and_not_on_a_clock_that_goes_back(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moments = iter(f"20{30 - number}-01-01T00:00:00.000+00:00" for number in range(20))
        for place in (module, predictions):
            monkeypatch.setattr(place, "now", lambda: next(moments))
        for number in range(3):
            ledger.serve("m", f"v{number}", seen=number, action="promote", because="")
            ledger.look(Look("m", number + 1, f"p{number}", float(number), "nothing", "{}", ""))
            ledger.predictions.keep(
                f"s{number}", "m", f"v{number}", "t", [("k", 0.5, "act", "", "", None, None, None, "")]
            )
        assert [one.version for one in ledger.history("m")] == ["v0", "v1", "v2"]
        assert [one.number for one in ledger.looks("m")] == [1, 2, 3]
        assert [one.version for one in ledger.predictions.of("k")] == ["v2", "v1", "v0"]


class TestPredictionsAndLabels:
    def test_the_same_scoring_again_changes_nothing(self, ledger: Ledger) -> None:
        rows = [
            ("a", 0.5, "act", "", "x (1) +0.20", 0.4, 9.0, None, "red"),
            ("b", None, "", "unseen", "", None, None, None, ""),
        ]
        for _ in range(2):
            ledger.predictions.keep("s1", "m", "v1", "calls.csv", rows)
        (one,) = ledger.predictions.of("a")
        assert (one.score, one.decision, one.version, one.source, one.name) == (0.5, "act", "v1", "calls.csv", "m")
        (other,) = ledger.predictions.of("b")
        assert (other.score, other.flags) == (None, "unseen")
        assert (one.reasons, one.turns, other.reasons, other.turns) == ("x (1) +0.20", 0.4, "", None)
        assert (one.low, one.high, other.low, other.high) == (9.0, None, None, None)
        assert (one.said, other.said) == ("red", "")
        assert ledger.predictions.of("c") == []

    def test_many_are_kept_whole_or_not_at_all_when_killed(self, where: Path | str, ledger: Ledger) -> None:
        code = (
            "from pathlib import Path\nfrom artificer.core.ledger import Ledger\nimport sys\n"
            f"ledger = Ledger({code_of(where)})\nprint('open', flush=True)\n"
            "rows = [(str(n), n / 7, 'act', '', '', None, None, None, '') for n in range(60000)]\n"
            "ledger.predictions.keep('s1', 'm', 'v1', 't', rows)\n"
        )
        moments = random.Random(3)
        for _ in range(8):
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert len(ledger.predictions.of("59999")) == len(ledger.predictions.of("0"))
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, timeout=60)
        assert len(ledger.predictions.of("59999")) == len(ledger.predictions.of("0")) == 1

    def test_labels_are_new_changed_or_the_same(self, ledger: Ledger) -> None:
        assert ledger.labels.keep("m", [("a", "yes"), ("b", "no")]) == Kept(n_new=2)
        assert ledger.labels.keep("m", [("a", "yes"), ("b", "yes"), ("c", "no")]) == Kept(
            n_new=1, n_changed=1, n_same=1
        )
        assert [ledger.labels.of("m", key) for key in "abcd"] == ["yes", "yes", "no", None]
        assert ledger.labels.of("another model", "a") is None


def test_too_many_at_once_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Ledger(tmp_path / "ledger.db")._database
    monkeypatch.setattr(database._engine.pool, "_timeout", 0.01)
    with ExitStack() as held:
        for _ in range(15):  # as many as SQLAlchemy's pool gives out
            held.enter_context(database.still())
        with pytest.raises(WorkspaceError, match="cannot be used"):
            database.read("select 1")


class TestAlone:
    def test_one_holds_a_name_and_its_end_sets_it_free(self, ledger: Ledger) -> None:
        with ledger.alone("watch m") as first, ledger.alone("watch m") as second, ledger.alone("watch n") as other:
            assert (first, second, other) == (True, False, True)
        with ledger.alone("watch m") as again:
            assert again

    def test_a_lock_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        ledger = Ledger(tmp_path / "ledger.db")
        (tmp_path / f"ledger.db.{_number('x'):x}.lock").mkdir()
        with pytest.raises(WorkspaceError, match="the lock .* cannot be made"), ledger.alone("x"):
            pass

    def test_its_death_sets_it_free(self, where: Path | str, ledger: Ledger) -> None:
        code = (
            "from pathlib import Path\nfrom artificer.core.ledger import Ledger\nimport time\n"
            f"with Ledger({code_of(where)}).alone('x') as mine:\n    print(mine, flush=True)\n    time.sleep(60)\n"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        with ledger.alone("x") as mine:
            assert not mine
        process.send_signal(signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 20
        free = False
        while not free and time.monotonic() < deadline:
            with ledger.alone("x") as mine:
                free = mine
        assert free


class TestMigrations:
    def test_eight_processes_that_open_an_empty_database_make_it_once(self, where: Path | str) -> None:
        said = processes(where, "print(ledger.open_seal('rows', str(me), 'r') > 0)", 8)
        assert said == ["True"] * 8
        assert Ledger(where).open_seal("rows", "last", "r") == 9

    def test_an_older_version_is_refused_until_it_is_to_be_brought_to_this_one(
        self, where: Path | str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:1])
        old = Ledger(where)
        old.begin("r1", "orders")
        old.close()
        monkeypatch.undo()
        with pytest.raises(WorkspaceError, match=r"written by an older Artificer.*`artificer ledger upgrade`"):
            Ledger(where)
        now = Ledger(where, upgrade=True)
        assert [row.id for row in now.runs()] == ["r1"]
        assert now.serve("m", "v1", seen=0, action="first", because="") is not None

    def test_a_newer_one_is_refused(self, where: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
        Ledger(where).close()
        monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:1])
        with pytest.raises(WorkspaceError, match="written by a newer Artificer"):
            Ledger(where)

    def test_threads_write_at_once_and_nothing_is_lost(self, ledger: Ledger) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: ledger.open_seal("rows", f"m{one}", "r"), range(60)))
        assert ledger.open_seal("rows", "last", "r") == 61


class TestTroubles:
    def test_a_file_that_is_no_ledger_is_named_and_left_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        path.write_bytes(b"no database at all" * 100)
        with pytest.raises(WorkspaceError, match=r"ledger\.db"):
            Ledger(path)
        assert path.read_bytes() == b"no database at all" * 100

    def test_a_truncated_one_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        ledger = Ledger(path)
        ledger.predictions.keep(
            "s", "m", "v", "t", [(str(n), 0.5, "", "", "", None, None, None, "") for n in range(5000)]
        )
        ledger.close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(WorkspaceError, match=r"ledger\.db"):
            Ledger(path).predictions.of("4999")

    def test_a_full_disk_keeps_nothing_and_says_so(self, tmp_path: Path) -> None:
        code = (
            "import resource, signal, sys\nfrom pathlib import Path\nfrom artificer.core.ledger import Ledger\n"
            "from artificer.core.errors import WorkspaceError\n"
            f"ledger = Ledger(Path({str(tmp_path / 'ledger.db')!r}))\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
            "try:\n"
            "    rows = [(str(n), 0.5, '', '', '', None, None, None, '') for n in range(90000)]\n"
            "    ledger.predictions.keep('s', 'm', 'v', 't', rows)\n"
            "except WorkspaceError as error:\n    print(error)\n"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert "the disk has space" in ended.stdout, ended.stderr
        ledger = Ledger(tmp_path / "ledger.db")
        assert ledger.predictions.of("0") == []
        ledger.predictions.keep("s", "m", "v", "t", [("0", 0.5, "", "", "", None, None, None, "")])
        assert len(ledger.predictions.of("0")) == 1

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("postgresql://ann:geheim@127.0.0.1:1/x", "see that the server runs"),
            ("postgresql://ann:geheim@127.0.0.1:port/x", "is none"),
            ("mysql://ann:geheim@127.0.0.1/x", "not in 'mysql'"),
            ("no url", "is none"),
        ],
    )
    def test_a_wrong_url_never_shows_its_password(self, url: str, says: str) -> None:
        with pytest.raises(WorkspaceError, match=says) as caught:
            Ledger(url)
        assert "geheim" not in str(caught.value)

    def test_connections_that_the_server_dropped_are_made_again(self, postgres: str) -> None:
        import psycopg

        ledger = Ledger(postgres)
        ledger.begin("r1", "orders")
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = "
                "current_database()"
            )
        assert [row.id for row in ledger.runs()] == ["r1"]
        ledger.close()

    def test_a_workspace_may_keep_its_ledger_elsewhere(
        self, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ARTIFICER_LEDGER_URL", postgres)
        ledger = ledger_of(tmp_path)
        ledger.begin("r1", "orders")
        assert not (tmp_path / "ledger.db").exists()
        assert [row.id for row in Ledger(postgres).runs()] == ["r1"]

    def test_predictions_of_a_version_that_nobody_entered_are_told(self, ledger: Ledger) -> None:
        ledger.package("v1", "m", "hash", "r1")
        ledger.predictions.keep("s1", "m", "v1", "t", [("a", 0.5, "", "", "", None, None, None, "")])
        assert ledger.troubles() == []
        ledger.predictions.keep("s2", "m", "v2", "t", [("a", 0.5, "", "", "", None, None, None, "")])
        assert ledger.troubles() == ["predictions name the version 'v2', which no run entered"]
