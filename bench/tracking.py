"""A million labelled rows of 20 columns tracked against a package: seconds and peak memory, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import prediction
from record import record

ROWS, COLUMNS = 1_000_000, 20


def main() -> None:
    """Train one model, then track the same number of rows with and without labels."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        package = prediction.package(prediction.frame(5_000, COLUMNS, True), folder / "artificer-work")
        rows = pl.from_pandas(prediction.frame(ROWS, COLUMNS, True))
        rows.write_parquet(folder / "labelled.parquet")
        rows.drop("won").write_parquet(folder / "bare.parquet")
        del rows
        for name in ("labelled", "bare"):
            command = [sys.executable, __file__, str(package), str(folder / f"{name}.parquet")]
            ended = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, peak_mib = map(float, ended.stdout.split())
            record(
                "tracking", name, seconds=round(seconds, 2), rows_per_s=round(ROWS / seconds), peak_mib=round(peak_mib)
            )


def one(package: Path, rows: Path) -> None:
    """Track once; print seconds, imports not counted, and peak memory in MiB."""
    from artificer.line.track import track

    began = time.perf_counter()
    track(package, rows)
    seconds = time.perf_counter() - began
    # Not getrusage: what it gives is never below the memory of the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    print(seconds, int(status["VmHWM"].split()[0]) / 1024)


if __name__ == "__main__":
    one(Path(sys.argv[1]), Path(sys.argv[2])) if len(sys.argv) > 2 else main()
