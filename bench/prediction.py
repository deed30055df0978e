"""How fast a package predicts: one row from a dict and from a frame of pandas, and batches, at 200 trees: two seeds of 100."""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from record import record

import artificer_runtime
from artificer import flow
from artificer.core.brief import Brief, RunPart, Target
from artificer.core.stages import Plan
from artificer.line.ask import begin
from artificer.line.design import design

ROWS, BATCH, TREES = 5_000, 100_000, 100


def frame(n_rows: int, n_columns: int, mixed: bool) -> pd.DataFrame:
    """Columns of numbers; with `mixed`, a half of them categories."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for k in range(n_columns):
        if mixed and k % 2:
            columns[f"c{k}"] = rng.choice([f"level {i}" for i in range(3 + k)], n_rows)
        else:
            columns[f"n{k}"] = rng.normal(size=n_rows)
    made = pd.DataFrame(columns)
    signal = sum(made.iloc[:, k] for k in range(0, 8, 2)) + rng.normal(size=n_rows)
    return made.assign(won=np.where(signal > 0, "yes", "no"))


def package(rows: pd.DataFrame, folder: Path) -> Path:
    """One LightGBM of 100 trees for each of the seeds that such a run takes, packed."""
    run = begin(Brief(target=Target(column="won"), run=RunPart(limit_s=600)), workspace=folder, frame=rows)
    run.effects = False
    plan: Plan = design(run)
    boosted, linear = (next(one for one in plan.candidates if one.name == name) for name in ("lightgbm", "linear"))
    boosted.settings.update(max_iterations=TREES, patience=0, learning_rate=0.02)
    linear.settings.update(C=1e-9)  # the reference is not what is measured
    object.__setattr__(plan, "candidates", (boosted, linear))
    object.__setattr__(plan, "max_members", 1)
    run.results["design"] = plan
    return flow.run(run).package


def median_ms(call: Any, n: int = 500) -> float:
    """Median of single calls, in milliseconds."""
    took = []
    for _ in range(n):
        began = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def main() -> None:
    for n_columns, mixed in ((20, True), (850, False)):
        with tempfile.TemporaryDirectory() as folder:
            rows = frame(ROWS, n_columns, mixed)
            predictor = artificer_runtime.load(package(rows, Path(folder)))
            member = predictor.contents.members[0].member
            name = f"{n_columns} columns, {len(member.arrays().get('root', ()))} trees"
            one = rows.drop(columns="won").iloc[:1]
            for kind, row in (("a dict", one.to_dict("records")[0]), ("pandas", one)):
                record(
                    "prediction",
                    f"one row from {kind}, {name}",
                    ms=round(median_ms(partial(predictor.predict_proba, row)), 3),
                )
            if n_columns == 20:
                batch = frame(BATCH, n_columns, mixed).drop(columns="won")
                took = [0.0] * 5
                for k in range(5):
                    began = time.perf_counter()
                    predictor.predict_proba(batch)
                    took[k] = time.perf_counter() - began
                record("prediction", f"batch from pandas, {name}", rows_per_s=round(BATCH / statistics.median(took)))


if __name__ == "__main__":
    main()
