"""Plain data audited and profiled in one pass, beside Great Expectations and ydata-profiling, each in a process of its own.

`python bench/auditing.py [--only 1m20 …] --env gx=PYTHON --env ydata=PYTHON`: a million rows of 20 columns, twenty million
of 20, a million of 50, drawn with a seed and written as Parquet. PYTHON is of an environment that has great_expectations, or
ydata-profiling and setuptools<81, with pandas and pyarrow; a system without one is left out. "artificer" audits plain data,
which makes the profile; "described" is the describe stage of a brief, and the ask and audit before it, each with its seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pyarrow import parquet
from record import record

AUDITS = Path(__file__).parent / "peers" / "audits.py"
ROWS_AT_ONCE, ROWS_IN_GROUP = 500_000, 125_000
CASES = {
    "1m20": (1_000_000, 20, {"great_expectations": "gx"}),
    "1m50": (1_000_000, 50, {"ydata": "ydata"}),
    "20m20": (20_000_000, 20, {}),
}
OURS = {"1m20": ("artificer",), "1m50": ("artificer", "described"), "20m20": ("artificer",)}


def main() -> None:
    """Make the rows of each case, and run each system on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--env", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--most-s", type=float, default=600, help="a system that takes longer is ended")
    parser.add_argument("--data", type=Path, help="a folder that keeps the rows; else they are drawn anew")
    asked = parser.parse_args()
    given = dict(one.split("=", 1) for one in asked.env)
    with tempfile.TemporaryDirectory() as held:
        folder = asked.data or Path(held)
        for case in asked.only:
            n_rows, n_columns, peers = CASES[case]
            file = folder / f"{case}.parquet"
            if not file.exists():
                write(file, n_rows, n_columns)
            pythons = {
                **dict.fromkeys(OURS[case], sys.executable),
                **{one: given[name] for one, name in peers.items() if name in given},
            }
            for system, python in pythons.items():
                figures = ran(python, system, file, asked.most_s)
                record("auditing", f"{n_rows:,} rows, {n_columns} columns: {system}", **figures)


def ran(python: str, system: str, file: Path, most_s: float) -> dict[str, Any]:
    """Seconds and memory of one system; that it did not finish, where it did not."""
    environment = os.environ | {"GX_ANALYTICS_ENABLED": "false"}
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    try:
        ended = subprocess.run(
            [os.path.abspath(python), str(AUDITS), system, str(file)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=most_s,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return {"seconds": f"not finished in {most_s:g}"}
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return {name: value for name, value in found.items() if value is not None}


def write(file: Path, n_rows: int, n_columns: int) -> None:
    """Write the rows, half a million at a time."""
    writer = None
    for place, start in enumerate(range(0, n_rows, ROWS_AT_ONCE)):
        rows = drawn(min(ROWS_AT_ONCE, n_rows - start), n_columns, place, start)
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or parquet.ParquetWriter(file, table.schema)
        writer.write_table(table, row_group_size=ROWS_IN_GROUP)
    assert writer is not None
    writer.close()


def drawn(n: int, n_columns: int, seed: int, start: int) -> pl.DataFrame:
    """Rows of ten kinds of column in turn."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame([_column(place, n, rng, start) for place in range(n_columns)])


def _column(place: int, n: int, rng: np.random.Generator, start: int) -> pl.Series:
    kind = place % 10
    if kind in (0, 1):
        return pl.Series(f"float_{place}", rng.normal(place, 1 + place, n))
    if kind == 2:
        return pl.Series(f"count_{place}", rng.poisson(40, n))
    if kind == 3:
        return ("level " + pl.Series(f"category_{place}", rng.integers(0, 40, n)).cast(pl.String)).alias(
            f"category_{place}"
        )
    if kind == 4:
        return pl.Series(f"gap_{place}", rng.lognormal(0, 1, n)).set(pl.Series(rng.random(n) < 0.1), None)
    if kind == 5:
        return ("c" + pl.Series(np.arange(start, start + n)).cast(pl.String).str.zfill(9)).alias(f"id_{place}")
    if kind == 6:
        return pl.Series(f"date_{place}", rng.integers(15 * 10**8, 17 * 10**8, n) * 10**6).cast(pl.Datetime("us"))
    if kind == 7:
        shops = "shop " + pl.Series(rng.zipf(1.5, n) % 3000).cast(pl.String)
        return shops.set(pl.Series(rng.random(n) < 0.05), None).alias(f"shop_{place}")
    if kind == 8:
        return pl.Series(f"code_{place}", rng.integers(0, 10_000, n))
    return pl.Series(f"flag_{place}", rng.random(n) < 0.3)


if __name__ == "__main__":
    main()
