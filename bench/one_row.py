"""How fast one row is predicted and explained, the whole way from a dict, and batches from a frame of pandas.

Of a package that `artificer run` made, and of one LightGBM of 1,000 trees on the same blocks, trained on the rows that are
given. Medians, in microseconds; batches, of at most 10,000 rows, in rows a second; with the compiled walk and with numpy alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from record import record

from artificer.core.clock import Clock
from artificer.core.protocols import Fold
from artificer.line.fit.learners.lightgbm_trees import LightGBM
from artificer_runtime import RowsError, walk
from artificer_runtime.package import Contents, Weighted, read
from artificer_runtime.predictor import Predictor

TREES = 1_000
BATCH, PROBED = 10_000, 50
LEAST_S, MOST_CALLS = 0.5, 2_000


def main(given: list[str] | None = None) -> None:
    """Measure one package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the data are called")
    parser.add_argument("package", type=Path)
    parser.add_argument("rows", type=Path, help="labelled rows, as Parquet")
    asked = parser.parse_args(given)
    contents, _, _ = read(asked.package)
    rows = pd.read_parquet(asked.rows)
    measured(f"{asked.name}, {len(contents.members)} members as shipped", contents, rows)
    measured(f"{asked.name}, LightGBM of {TREES:,} trees", boosted(contents, rows, TREES), rows)


def boosted(contents: Contents, rows: pd.DataFrame, n_trees: int) -> Contents:
    """One LightGBM on the blocks of the package's first trees."""
    blocks = next(one.blocks for one in contents.members if one.member.form == "trees@1")
    made = contents.recipe.apply(contents.recipe.schema.encode(rows), blocks)
    names = [contents.recipe.names(block) for block in blocks]
    codes = [block == "codes" for block, some in zip(blocks, names, strict=True) for _ in some]
    target = rows[contents.target]
    y = target.astype(str).map(contents.classes.index) if contents.classes else target
    fold = Fold(
        np.concatenate([made[block] for block in blocks], axis=1),
        y.to_numpy(np.float64),
        contents.task,  # type: ignore[arg-type]
        len(contents.classes),
        tuple(name for some in names for name in some),
        categorical=tuple(np.flatnonzero(codes).tolist()),
    )
    settings = {"max_iterations": n_trees, "num_leaves": 31, "learning_rate": 0.02}
    member = LightGBM().fit(fold, settings, Clock()).member
    return replace(contents, members=(Weighted(member, 1.0, blocks),), temperature=1.0)


def measured(name: str, contents: Contents, rows: pd.DataFrame) -> None:
    """Record one model, each way to walk it."""
    ways = {"numpy": None} | ({"compiled": walk.KERNEL} if walk.KERNEL else {})
    for way, kernel in ways.items():
        with patch.object(walk, "KERNEL", kernel):
            record("one_row", f"{name}, {way}", **figures(Predictor(contents), rows))


def figures(model: Predictor, rows: pd.DataFrame) -> dict[str, Any]:
    """Medians of single rows, rates of batches."""
    predict = model.predict_proba if model.contents.classes else model.predict
    frame = rows.drop(columns=model.contents.target)
    dicts, batch = plain(frame.iloc[:50]), frame.sample(BATCH, replace=True, random_state=0)
    found = {
        "dict_us": median_us(predict, dicts),
        "pandas_us": median_us(predict, [frame.iloc[k : k + 1] for k in range(50)]),
        "rows_per_s": rate(predict, batch),
    }
    try:
        return found | {"explained_us": median_us(model.explain, dicts), "explained_per_s": rate(model.explain, batch)}
    except RowsError:
        return found  # a package of an earlier version


def plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON would bring them: moments are texts."""
    records = rows.to_dict("records")
    return [{k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in one.items()} for one in records]


def median_us(call: Callable[[Any], Any], rows: list[Any]) -> float:
    """Median of single calls, over several rows."""
    took: list[float] = []
    call(rows[0])
    while sum(took) < LEAST_S and len(took) < MOST_CALLS:
        row = rows[len(took) % len(rows)]
        began = time.perf_counter()
        call(row)
        took.append(time.perf_counter() - began)
    return round(1e6 * statistics.median(took), 1)


def rate(call: Callable[[pd.DataFrame], Any], batch: pd.DataFrame) -> int:
    """Rows a second: the best of two calls of the whole batch, or of as many rows as take half a second."""
    n_rows, took = PROBED, [timed(call, batch.iloc[:PROBED])]
    while took[0] < LEAST_S and n_rows < len(batch):
        n_rows = min(4 * n_rows, len(batch))
        took = [timed(call, batch.iloc[:n_rows])]
    took.append(timed(call, batch.iloc[:n_rows]))
    return round(n_rows / min(took))


def timed(call: Callable[[pd.DataFrame], Any], rows: pd.DataFrame) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call(rows)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
