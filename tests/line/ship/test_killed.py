"""SIGKILL of a scoring process at 15 random moments: the next call leaves each key once, and table and ledger agree."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import artificer
from artificer.core.ledger import Ledger
from artificer.data.fill import place_of
from artificer.data.fill_postgres import connected

pytestmark = pytest.mark.slow
KILLS, N_ROWS = 15, 6_000
Rows = Callable[..., pl.DataFrame]

PROGRAM = """
import sys
import artificer
from artificer.line.ship.scores import score
import artificer.data.fill_file, artificer.data.fill_sqlite, artificer.data.fill_postgres
brief, rows, out, env = sys.argv[1:]
print("ready", flush=True)
score(brief, rows, out, out_env=env)
"""


@pytest.mark.parametrize("out", ["out.parquet", "out.sqlite#scores", "postgres"])
def test_killed_at_15_random_moments_nothing_is_doubled_or_lost(
    client: Any, rows: Rows, out: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if out == "postgres":
        monkeypatch.setenv("OUT", request.getfixturevalue("postgres"))
    env, table = ("OUT", "scores") if out == "postgres" else ("", str(client.folder / out))
    client.ask('key = ["id"]\ntime = "day"', '\n[decision]\ncapacity = { top = 50, every = "7d" }\n')
    path = client.rows(rows(N_ROWS))
    # Half of the table is there already, of another version: each call adds, changes and leaves alone.
    artificer.score(client.brief, rows(N_ROWS)[: N_ROWS // 2], table, out_env=env)
    client.ship("v2", slope=2.0).serve("v2")
    lasts = _lasts(client, path)
    rng = np.random.default_rng(5)
    survived = 0
    for kill in range(KILLS):
        survived += _killed(client, path, (table, env), (kill + rng.random()) / KILLS * lasts)
        ids = [row["id"] for row in held(client, out, table)]
        assert len(ids) == len(set(ids))
        assert len(ids) in (N_ROWS // 2, N_ROWS)
    assert survived < KILLS
    done = artificer.score(client.brief, path, table, out_env=env)
    assert done.n_new + done.n_changed + done.n_same == N_ROWS
    again = artificer.score(client.brief, path, table, out_env=env)
    assert (again.n_new, again.n_changed, again.n_same) == (0, 0, N_ROWS)
    _agree(client.ledger, held(client, out, table), done.scoring)


def _lasts(client: Any, path: Path) -> float:
    """Seconds that a whole call takes, on a table of its own."""
    process = _started(client, path, (str(client.folder / "other.parquet"), ""))
    began = time.monotonic()
    assert process.wait() == 0
    return time.monotonic() - began


def _killed(client: Any, path: Path, where: tuple[str, str], seconds: float) -> bool:
    """Start a call, kill it after some seconds, and say whether it had ended before."""
    process = _started(client, path, where)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return False
    assert process.returncode == 0
    return True


def _started(client: Any, path: Path, where: tuple[str, str]) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", PROGRAM, str(client.brief), str(path), *where]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
    return process


def held(client: Any, out: str, table: str) -> list[dict[str, Any]]:
    if out == "postgres":
        with connected(place_of(table, client.folder, "OUT")) as connection:
            cursor = connection.execute("select id, score, decision, version from scores")
            return [dict(zip(("id", "score", "decision", "version"), row, strict=True)) for row in cursor.fetchall()]
    if "#" in out:
        with sqlite3.connect(table.partition("#")[0]) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("select * from scores")]
    return pl.read_parquet(table).to_dicts()


def _agree(ledger: Ledger, table: list[dict[str, Any]], scoring: str) -> None:
    assert len(table) == N_ROWS
    for row in table[:: N_ROWS // 100]:
        told = [one for one in ledger.predictions.of(str(row["id"])) if one.scoring == scoring]
        assert [(one.score, one.decision, one.version) for one in told] == [(row["score"], row["decision"], "v2")]
