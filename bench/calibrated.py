"""Chances pushed towards 0 and 1, on few rows: how often they are found wrong, and right ones called so.

`python bench/calibrated.py DATA [--sets …]`: half of a set (at most 20,000 rows) trains a model of 40 trees, rows of the other
half are drawn a hundred times. Outcomes are drawn from the model's chances, so that these are right; then their log odds
are multiplied by `push`. `interval`: found by an interval above 0 of what recalibrating gains, as before; `test`: as the
test has it now, which asks Cox's score test too. Of `push` 1 both are false alarms. On these sets nothing was chosen; sets
that the manifest marks `report_only` are refused.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
from leaks import rows
from planted import Boosted, halves
from record import record

from artificer.line.judge.examined import Examined, Rows
from artificer.line.judge.tests.calibration import WORTH, calibration

SETS = ("medical_no_shows", "elec2", "chicago_crimes", "diabetes_readmission", "noaa_weather")
PUSHES, SIZES, DRAWS, LEVEL = (1.0, 1.5, 2.5), (100, 300, 1_000), 100, 0.99


def main() -> None:
    """Record a line a set and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--sets", nargs="+", default=SETS)
    asked = parser.parse_args()
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    known = {about["name"]: about for about in manifest["dataset"]}
    for name in asked.sets:
        frame, target, _ = rows(asked.data, known[name], 20_000)
        X, y, test, _ = halves(frame, target)
        chance = Boosted(trees=40).fit(X, y).predict_proba(test)[:, 1].clip(1e-6, 1 - 1e-6)
        for n_rows in SIZES:
            found = {f"{way}_{push}": 0 for push in PUSHES for way in ("interval", "test")}
            for seed in range(DRAWS):
                for push in PUSHES:
                    by_interval, by_test = _found(chance, n_rows, push, np.random.default_rng(seed))
                    found[f"interval_{push}"] += by_interval
                    found[f"test_{push}"] += by_test
            record("calibrated", f"{name}, {n_rows} rows", draws=DRAWS, **found)


def _found(chance: np.ndarray, n_rows: int, push: float, rng: np.random.Generator) -> tuple[bool, bool]:
    p = rng.choice(chance, n_rows, replace=False)
    y = (rng.random(n_rows) < p).astype(float)
    told = 1 / (1 + np.exp(-push * np.log(p / (1 - p))))
    frame = pl.DataFrame({"chance": told})
    seen = Examined("binary", "roc_auc", Rows(frame, y), np.stack([1 - told, told], 1), ("0", "1"), LEVEL)
    (finding,) = list(calibration(seen)) or (None,)
    if finding is None or finding.effect is None:
        return False, False
    brier = float(((told - y) ** 2).mean())
    by_interval = finding.effect.low > 0 and finding.effect.value > WORTH * brier
    return by_interval, finding.severity == "warning"


if __name__ == "__main__":
    main()
