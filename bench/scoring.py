"""Rows of 20 columns scored from Parquet into a table: rows a second and peak memory, each in a process of its own.

A million rows fill each kind of table twice: made anew, and with the same rows again. Ten million fill a Parquet file
(``python scoring.py large``, some minutes). The ledger keeps a prediction a row, and is in the time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import prediction
from pyarrow import parquet
from record import record

import artificer
from artificer.core.ledger import ledger_of

ROWS, LARGE, COLUMNS, PART = 1_000_000, 10_000_000, 20, 100_000
TABLES = ("scores.parquet", "scores.csv", "scores.sqlite#scores")
BRIEF = """
name = "scoring"
[data]
key = ["id"]
[target]
column = "won"
[decision]
capacity = { top = 1000 }
reasons = { count = 3 }
"""


def main() -> None:
    """Train one model, then score into a file and into SQLite."""
    with tempfile.TemporaryDirectory() as held:
        prepared(Path(held), ROWS)
        for out in TABLES:
            for again in ("", ", the same rows again"):
                measured(Path(held), out, ROWS, f"{out}{again}")


def large() -> None:
    """Score ten million rows, and once more."""
    with tempfile.TemporaryDirectory() as held:
        prepared(Path(held), LARGE)
        for again in ("", ", the same rows again"):
            measured(Path(held), "scores.parquet", LARGE, f"10 million rows, scores.parquet{again}")


def prepared(folder: Path, n_rows: int) -> None:
    """A brief, a package of 100 trees that is served, and rows, made part by part."""
    version = prediction.package(prediction.frame(5_000, COLUMNS, True), folder / "artificer-work").name
    ledger_of(folder / "artificer-work").serve("scoring", version, seen=0, action="first", because="measured")
    (folder / "brief.toml").write_text(BRIEF, encoding="utf-8")
    part = pl.from_pandas(prediction.frame(PART, COLUMNS, True).drop(columns="won"))
    writer = None
    for start in range(0, n_rows, PART):
        # Each part's numbers are its own, so that no two parts have one score.
        moved = part.with_columns(pl.col(pl.Float64) + start / n_rows)
        table = moved.with_columns(pl.Series("id", range(start, start + PART))).to_arrow()
        writer = writer or parquet.ParquetWriter(folder / "rows.parquet", table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def measured(folder: Path, out: str, n_rows: int, name: str) -> None:
    """Score in a process of its own, and record what it took."""
    ended = subprocess.run([sys.executable, __file__, "one", folder, out], check=True, capture_output=True, text=True)
    seconds, peak_mib = map(float, ended.stdout.split())
    record("scoring", name, seconds=round(seconds, 1), rows_per_s=round(n_rows / seconds), peak_mib=round(peak_mib))


def one(folder: Path, out: str) -> None:
    """Score once; print seconds and peak memory in MiB."""
    began = time.perf_counter()
    artificer.score(folder / "brief.toml", folder / "rows.parquet", folder / out)
    seconds = time.perf_counter() - began
    # Not getrusage: what it gives is never below the memory of the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    print(seconds, int(status["VmHWM"].split()[0]) / 1024)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(Path(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["large"]:
        large()
    else:
        main()
