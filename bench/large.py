"""Many rows of 20 columns, made and fitted in a process of its own: seconds, peak memory, error on rows kept out.

`python bench/large.py [ROWS] [--budget 600]`. Half of the columns are numbers, a quarter categories, the rest noise.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

from record import record

KEPT_OUT = 200_000


def main() -> None:
    """Fit in a child and record what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=10_000_000)
    parser.add_argument("--budget", type=float, default=600)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(fitted(asked.rows, asked.budget)))
        return
    command = [sys.executable, __file__, str(asked.rows), "--budget", str(asked.budget), "--child"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    record("large", f"{asked.rows:,} rows, {asked.budget:g} s", **json.loads(ended.stdout.splitlines()[-1]))


def fitted(n_rows: int, budget_s: float) -> dict[str, float]:
    """Make rows, fit, and score rows kept out."""
    import numpy as np
    import polars as pl

    from artificer import Classifier
    from artificer.measure.metrics import score

    rng = np.random.default_rng(0)
    n = n_rows + KEPT_OUT
    columns: dict[str, np.ndarray] = {f"x{k}": rng.normal(size=n).astype(np.float32) for k in range(15)}
    codes = {f"c{k}": rng.integers(0, 40, n) for k in range(5)}
    signal = np.sin(2 * columns["x0"]) + columns["x1"] * columns["x2"] + 0.05 * (codes["c0"] % 7) * columns["x3"]
    y = (signal + rng.normal(size=n) > 0.3).astype(np.int64)
    names = np.array([f"level {k}" for k in range(40)])
    frame = pl.DataFrame(columns | {name: pl.Series(names[code], dtype=pl.String) for name, code in codes.items()})
    del columns, codes, signal
    made_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began = time.perf_counter()
    model = Classifier(budget_s=budget_s, n_jobs=-1).fit(frame.head(n_rows), y[:n_rows])
    seconds = time.perf_counter() - began
    error = 1 - score("roc_auc", y[n_rows:], model.predict_proba(frame.tail(KEPT_OUT)))
    return {
        "fit_s": round(seconds, 1),
        "one_minus_auc": round(error, 5),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "rows_made_gb": round(made_gb, 2),
        "members": len(model.predictor_.contents.members),
    }


if __name__ == "__main__":
    main()
