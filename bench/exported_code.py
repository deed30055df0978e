"""A package's script, run where nothing of ours can be imported: how far its predictions are from the package's.

Usage: python bench/exported_code.py PACKAGE DATA [PACKAGE DATA …]. Differences are of rows that were not trained on: of
probabilities, or of numbers, relative above one.
"""

from __future__ import annotations

import base64
import runpy
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from record import record

import artificer_runtime
from artificer.core.errors import ArtificerError
from artificer.line.ship.script import export_code

BLOCKED = """
import runpy, sys
sys.modules["artificer"] = sys.modules["artificer_runtime"] = None
path, sys.argv = sys.argv[1], sys.argv[1:]
runpy.run_path(path, run_name="__main__")
"""
LIMIT_S = 150


def main() -> None:
    for package, data in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        try:
            figures = compared(Path(package), Path(data))
        except ArtificerError as error:
            print(f"{data}: {error}")
            continue
        print(data, figures, flush=True)
        record("exported_code", Path(data).stem, **figures)


def compared(package: Path, data: Path) -> dict[str, float]:
    """Lines of the script, seconds it ran, and differences over the rows that were kept out."""
    predictor = artificer_runtime.load(package)
    rows = pl.read_parquet(data)
    with tempfile.TemporaryDirectory() as folder:
        done = export_code(package, Path(folder) / "train.py", brief=data.with_name("brief.toml"))
        (done.path.parent / data.name).symlink_to(data.resolve())
        out, began = Path(folder) / "told.csv", time.perf_counter()
        command = [sys.executable, "-I", "-c", BLOCKED, str(done.path), str(data), str(out)]
        subprocess.run(command, check=True, timeout=LIMIT_S)
        seconds = time.perf_counter() - began
        told = pl.read_csv(out)
        names = runpy.run_path(str(done.path))
    bits = np.frombuffer(zlib.decompress(base64.b85decode(names["TRAINED_ON"])), np.uint8)
    kept_out = ~np.unpackbits(bits, count=names["N_ROWS"]).astype(bool)
    if names["CLASSES"]:
        found = told.select(pl.col("^probability .*$")).to_numpy()
        wanted = predictor.predict_proba(rows)
    else:
        found, wanted = told.to_numpy(), predictor.predict(rows)[:, None]
    apart = (np.abs(found - wanted) / np.maximum(np.abs(wanted), 1.0)).max(axis=1)
    shown = apart[kept_out] if kept_out.any() else apart
    return {
        "n_lines": done.n_lines,
        "script_s": round(seconds, 1),
        "n_rows": len(shown),
        "largest": float(f"{shown.max():.3g}"),
        "p99": float(f"{np.quantile(shown, 0.99):.3g}"),
    }


if __name__ == "__main__":
    main()
