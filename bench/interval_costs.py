"""What an interval of a score costs: seconds of `estimate` by metric, rows, and whether they come in groups (of two or so).

`python bench/interval_costs.py [--rows 4000 90000]`. A run asks for some thirty of them, out of its time.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from record import record

from artificer.measure.intervals import estimate

METRICS = ("roc_auc", "average_precision", "f1", "balanced_accuracy", "mcc", "log_loss", "precision_at:500")
OF_NUMBERS = ("rmse", "r2", "median_absolute_error")


def main() -> None:
    """Record a line for each metric and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=(4_000, 90_000))
    for n in parser.parse_args().rows:
        rng = np.random.default_rng(0)
        y = (rng.random(n) < 0.15).astype(float)
        success = np.clip(0.15 + 0.2 * (y - 0.15) + 0.1 * rng.normal(size=n), 0.001, 0.999)
        ways = {"seconds": None, "in_groups_seconds": rng.integers(0, n // 2, n)}
        chances = np.stack([1 - success, success], axis=1)
        values = rng.normal(size=n)
        asked = dict.fromkeys(METRICS, (y, chances)) | {
            name: (values + rng.normal(size=n), values) for name in OF_NUMBERS
        }
        for metric, rows in asked.items():
            took = {name: seconds(metric, *rows, one) for name, one in ways.items()}
            record("interval_costs", f"{metric}, {n:,} rows", **took)


def seconds(metric: str, y: np.ndarray, prediction: np.ndarray, groups: np.ndarray | None) -> float:
    """Of the quicker of two calls."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        estimate(metric, y, prediction, groups=groups)
        took.append(time.perf_counter() - began)
    return round(min(took), 4)


if __name__ == "__main__":
    main()
