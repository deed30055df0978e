"""What goes wrong while a table is scored, done for real: kills, full disks, two at once, rows that change meanwhile.

Each fault meets a table of which half is there already, of another version. After it the table must be as before or as
wanted, and the same call again must leave it as wanted: each key once in the table, in the ledger's scoring, and in the
review queue. ``python faults_score.py [kills|disk|growth|both|changes] [KIND …]``; kills take a minute for each kind of
table; `disk` mounts a small disk in memory, which takes root.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from client import Client, table
from postgres import server
from record import record

import artificer
from artificer.core.errors import ArtificerError
from artificer.data.fill import place_of
from artificer.data.fill_postgres import connected

KILLS, N_ROWS, ENV = 25, 20_000, "FAULTS_OUT"
KINDS = ("out.parquet", "out.csv", "out.sqlite#scores", "postgres")
MORE = """
[decision]
capacity = { top = 50, every = "7d" }
control = 0.05
review = { when = ["score between 0.49 and 0.51"] }
reasons = { count = 2 }
"""
PROGRAM = """
import sys
import artificer
from artificer.line.ship.scores import score
import artificer.data.fill_file, artificer.data.fill_sqlite, artificer.data.fill_postgres
brief, rows, out, env = sys.argv[1:]
print("ready", flush=True)
score(brief, rows, out, out_env=env)
"""


@dataclass(frozen=True)
class Case:
    """A folder with a brief, new rows, and a table of one kind of which half is there."""

    folder: Path
    kind: str

    @property
    def client(self) -> Client:
        return Client(self.folder)

    @property
    def where(self) -> tuple[str, str]:
        """What stands after --out, and after --out-env."""
        return ("scores", ENV) if self.kind == "postgres" else (str(self.folder / self.kind), "")

    def score(self) -> Any:
        out, env = self.where
        return artificer.score(self.client.brief, self.folder / "new.parquet", out, out_env=env)

    def started(self) -> subprocess.Popen[str]:
        arguments = [str(self.client.brief), str(self.folder / "new.parquet"), *self.where]
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "ready\n"
        return process

    def held(self) -> pl.DataFrame:
        """The table without the moment of writing."""
        out, env = self.where
        if env:
            with connected(place_of(out, self.folder, env)) as connection:
                cursor = connection.execute("select * from scores")
                names = [one.name for one in cursor.description]
                frame = pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)
        elif "#" in out:
            with closing(sqlite3.connect(out.partition("#")[0])) as connection:
                frame = pl.read_database("select * from scores", connection, infer_schema_length=None)
        else:
            frame = pl.read_csv(out) if out.endswith(".csv") else pl.read_parquet(out)
        return frame.drop("scored_at").sort("id")


def prepared(folder: Path, kind: str) -> Case:
    """Half of the table is there, of version v1; v2 is served."""
    client = Client(folder).ask('key = ["id"]\ntime = "day"', MORE).ship().serve()
    case = Case(folder, kind)
    client.rows(table(N_ROWS)[: N_ROWS // 2])
    if kind == "postgres":
        with connected(place_of("scores", folder, ENV)) as connection:
            connection.execute("drop table if exists scores")
    case.score()
    client.ship("v2", slope=2.0).serve("v2")
    client.rows(table(N_ROWS))
    return case


@contextmanager
def fresh(case: Case, before: pl.DataFrame, within: Path | None = None) -> Iterator[Case]:
    """A copy of the case in its first state."""
    with tempfile.TemporaryDirectory(dir=within) as held:
        folder = Path(held) / "case"
        shutil.copytree(case.folder, folder)
        if case.kind == "postgres":
            with connected(place_of("scores", folder, ENV)) as connection:
                connection.execute("drop table if exists scores")
                connection.execute("create table scores as table first_scores")
                connection.execute("alter table scores add primary key (id)")
        assert Case(folder, case.kind).held().equals(before)
        yield Case(folder, case.kind)


def wanted(case: Case) -> tuple[pl.DataFrame, pl.DataFrame, float]:
    """The table before and after a call, and the seconds that a call takes."""
    before = case.held()
    if case.kind == "postgres":
        with connected(place_of("scores", case.folder, ENV)) as connection:
            connection.execute("drop table if exists first_scores")
            connection.execute("create table first_scores as table scores")
    with fresh(case, before) as one:
        process, began = one.started(), time.monotonic()
        assert process.wait() == 0
        return before, one.held(), time.monotonic() - began


def mended(case: Case, after: pl.DataFrame) -> None:
    """The same call again leaves all as wanted."""
    done = case.score()
    assert case.held().equals(after)
    ledger = case.folder / "artificer-work" / "ledger.db"
    with closing(sqlite3.connect(ledger)) as connection:
        (number,) = connection.execute("select number from scorings where id = ?", (done.scoring,)).fetchone()
        count = "select count(*), count(distinct key) from predictions where scoring = ?"
        assert connection.execute(count, (number,)).fetchone() == (N_ROWS, N_ROWS)
        (waiting,) = connection.execute("select count(*) from reviews where state = 'open'").fetchone()
    assert waiting == int((after["decision"] == "review").sum())
    assert (case.score().n_new, case.score().n_changed) == (0, 0)


def kills(kind: str) -> None:
    """SIGKILL at random moments."""
    rng = random.Random(kind)
    with tempfile.TemporaryDirectory() as held:
        case = prepared(Path(held), kind)
        before, after, lasts = wanted(case)
        survived = unchanged = 0
        for kill in range(KILLS):
            with fresh(case, before) as one:
                process = one.started()
                time.sleep((kill + rng.random()) / KILLS * lasts)
                survived += process.poll() is not None
                process.kill()
                process.wait()
                found = one.held()
                assert found.equals(before) or found.equals(after), "the table is neither as before nor as wanted"
                unchanged += found.equals(before)
                mended(one, after)
        record("faults_score", f"kill -9, {kind}", kills=KILLS, doubled=0, lost=0, as_before=unchanged, ended=survived)


def disk(kind: str) -> None:
    """A disk of its own with room for some of what is to be written, drawn anew each time."""
    with _small_disk() as place:
        refused_by(kind, "a full disk", r"disk is full|disk has space", _filled, place)


def growth(kind: str) -> None:
    """Files may not grow beyond a size that is drawn anew each time."""
    refused_by(kind, "files that may not grow", r"may not grow|files may grow", _limited)


def refused_by(kind: str, name: str, why: str, fault: Callable[[float, Path], Any], within: Path | None = None) -> None:
    """Ten calls, some of which are refused: each must say what file, why, and how to mend it, and leave the table as it was.

    Parameters
    ----------
    why : regex
        Of the reason and the remedy.
    fault : callable
        A context in which a case's folder has the fault, of a severity from 0 to 1; what it gives runs in the process
        that scores.
    """
    rng = random.Random(kind)
    with tempfile.TemporaryDirectory() as held:
        case = prepared(Path(held), kind)
        before, after, _ = wanted(case)
        refused = named = 0
        for _ in range(10):
            with fresh(case, before, within) as one:
                command = ["score", str(one.client.brief), str(one.folder / "new.parquet"), "--out", one.where[0]]
                whole = [sys.executable, "-m", "artificer", *command]
                with fault(rng.random(), one.folder) as limit:
                    ended = subprocess.run(whole, capture_output=True, text=True, preexec_fn=limit)
                assert ended.returncode in (0, 2), ended.stderr
                assert "Traceback" not in ended.stderr
                if ended.returncode:
                    (says,) = ended.stderr.splitlines()
                    assert re.search(why, says), says
                    table = one.kind.partition("#")[0]
                    assert table in says or "ledger.db" in says, says
                    refused += 1
                    named += table in says
                found = one.held()
                assert found.equals(before) or found.equals(after)
                mended(one, after)
        record("faults_score", f"{name}, {kind}", calls=10, refused=refused, at_the_table=named, doubled=0, lost=0)


@contextmanager
def _small_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)  # ledgers in it are open until this process ends


def _resized(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


@contextmanager
def _filled(severity: float, folder: Path) -> Iterator[None]:
    place = folder.parent.parent
    _resized(place, str(shutil.disk_usage(place).used + _room(severity, folder)))
    try:
        yield
    finally:
        _resized(place, "100%")


@contextmanager
def _limited(severity: float, folder: Path) -> Iterator[Callable[[], None]]:
    n_bytes = _room(severity, folder)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))

    yield limit


def _room(severity: float, folder: Path) -> int:
    """Four times what the largest file takes, down to a hundredth of it: some calls go through, some stop at the table."""
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return int(largest * 4 * 400**-severity)


def both(kind: str) -> None:
    """Two calls at once on one table."""
    with tempfile.TemporaryDirectory() as held:
        case = prepared(Path(held), kind)
        before, after, _ = wanted(case)
        for _ in range(5):
            with fresh(case, before) as one:
                processes = [one.started() for _ in range(2)]
                assert [process.wait() for process in processes] == [0, 0]
                assert one.held().equals(after)
                mended(one, after)
        record("faults_score", f"two at once, {kind}", pairs=5, doubled=0, lost=0)


def changes(kind: str) -> None:
    """The file of rows is replaced, or written over in place, while it is read."""
    rng = random.Random(kind)
    others = table(N_ROWS, seed=9)
    with tempfile.TemporaryDirectory() as held:
        case = prepared(Path(held), kind)
        before, after, lasts = wanted(case)
        ends: dict[str, int] = {"as before": 0, "by the first rows": 0, "by the others": 0, "refused": 0}
        with fresh(case, before) as one:
            one.client.rows(others)
            one.score()
            of_others = one.held()
        for turn in range(20):
            with fresh(case, before) as one:
                process, place = one.started(), one.folder / "new.parquet"
                time.sleep(rng.random() * lasts)
                if turn % 2:
                    others.write_parquet(place)
                else:
                    others.write_parquet(place.with_suffix(".tmp"))
                    place.with_suffix(".tmp").replace(place)
                ends["refused"] += process.wait() != 0  # the rows changed while they were read: the table is as before
                found = one.held()
                states = {"as before": before, "by the first rows": after, "by the others": of_others}
                (state,) = [name for name, frame in states.items() if found.equals(frame)]
                ends[state] += 1
        record("faults_score", f"rows that change, {kind}", **ends)


FAULTS = {"kills": kills, "disk": disk, "growth": growth, "both": both, "changes": changes}


def main(fault: str, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        if fault in ("disk", "growth") and kind == "postgres":
            continue  # its files are the server's
        with server() if kind == "postgres" else nullcontext("") as url:
            os.environ[ENV] = url
            try:
                FAULTS[fault](kind)
            except ArtificerError as error:
                raise SystemExit(f"{kind}: {error}") from error


if __name__ == "__main__":
    for named in sys.argv[1:2] or FAULTS:
        main(named, tuple(sys.argv[2:]) or KINDS)
