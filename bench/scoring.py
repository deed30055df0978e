"""A million rows of 20 columns scored from Parquet into a table: rows a second and peak memory, each in a process of its own.

Each table is filled twice: made anew, and with the same rows again. The ledger keeps a prediction a row, and is in the time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import prediction
from record import record

import artificer
from artificer.core.ledger import ledger_of

ROWS, COLUMNS = 1_000_000, 20
BRIEF = """
name = "scoring"
[data]
key = ["id"]
[target]
column = "won"
[decision]
capacity = { top = 1000 }
"""


def main() -> None:
    """Train one model, then score into a file and into SQLite."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        version = prediction.package(prediction.frame(5_000, COLUMNS, True), folder / "artificer-work").name
        ledger_of(folder / "artificer-work").serve("scoring", version, seen=0, action="first", because="measured")
        (folder / "brief.toml").write_text(BRIEF, encoding="utf-8")
        rows = prediction.frame(ROWS, COLUMNS, True).drop(columns="won")
        pl.from_pandas(rows).with_row_index("id").write_parquet(folder / "rows.parquet", row_group_size=100_000)
        del rows
        for out in ("scores.parquet", "scores.csv", "scores.sqlite#scores"):
            for again in ("", ", the same rows again"):
                command = [sys.executable, __file__, "one", held, out]
                ended = subprocess.run(command, check=True, capture_output=True, text=True)
                seconds, peak_mib = map(float, ended.stdout.split())
                figures = {
                    "seconds": round(seconds, 1),
                    "rows_per_s": round(ROWS / seconds),
                    "peak_mib": round(peak_mib),
                }
                record("scoring", f"{out}{again}", **figures)


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
