"""Rows of 20 columns scored from Parquet into a table: rows a second and peak memory, each in a process of its own.

A million rows fill each kind of table twice: made anew, and with the same rows again. `--rows 10000000 --tables
scores.parquet` fills one of ten million, some minutes; with `--folder` rows and package are made once and kept, and
`--prepare` does no more than make them. The ledger keeps a prediction a row, and is in the time.
"""

from __future__ import annotations

import argparse
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

ROWS, COLUMNS, PART = 1_000_000, 20, 100_000
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
    """Train one model, then score into each table, and the same rows again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--folder", type=Path, help="where rows and package are kept; default: nowhere")
    parser.add_argument("--prepare", action="store_true", help="make rows and package in --folder, and end")
    parser.add_argument("--once", action="store_true", help="one call a table, not two")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as held:
        folder = asked.folder or Path(held)
        if not (folder / "brief.toml").exists():
            prepared(folder, asked.rows)
        many = "" if asked.rows == ROWS else f"{asked.rows / 1e6:g} million rows, "
        for out in () if asked.prepare else asked.tables:
            for _ in range(1 if asked.once else 2):
                again = ", the same rows again" if (folder / out.partition("#")[0]).exists() else ""
                measured(folder, out, asked.rows, f"{many}{out}{again}")


def prepared(folder: Path, n_rows: int) -> None:
    """A brief, a package of 200 trees that is served, and rows, made part by part."""
    version = prediction.package(prediction.frame(5_000, COLUMNS, True), folder / "artificer-work").name
    ledger_of(folder / "artificer-work").serve("scoring", version, seen=0, action="first", because="measured")
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
    (folder / "brief.toml").write_text(BRIEF, encoding="utf-8")  # last: what was cut off is made again


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
    else:
        main()
