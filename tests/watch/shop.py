"""A small client whose world changes: a brief, the rows of half a year, and feeds that come in later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

BRIEF = """
brief = 1
name = "orders"
[data]
source = "orders.parquet"
key = ["id"]
time = "at"
[target]
column = "returned"
positive = "yes"
[decision]
threshold = 0.5
[accept]
roc_auc = {{ at_least = 0.6 }}
[track]
new = "new_*.parquet"
{track}
[authority]
retrain = "{retrain}"
promote = "{promote}"
roll_back = "{roll_back}"
[run]
limit_s = 30
learners = ["lightgbm", "linear"]
"""
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 180


def rows(first_day: int, n_days: int, *, slope: float, per_day: int = 10, seed: int = 0) -> pl.DataFrame:
    """Orders of some days, in which `size` raises the chance of a return by `slope`, and `colour` tells nothing."""
    n = n_days * per_day
    rng = np.random.default_rng((seed, first_day))
    size = rng.normal(size=n)
    returned = rng.random(n) < 1 / (1 + np.exp(-slope * size))
    return pl.DataFrame(
        {
            "id": [f"o{first_day * per_day + place}" for place in range(n)],
            "at": [START + timedelta(days=first_day + place // per_day, minutes=place % per_day) for place in range(n)],
            "size": size,
            "colour": rng.choice(["red", "green", "blue"], n),
            "returned": np.where(returned, "yes", "no"),
        }
    )


def shop(
    folder: Path,
    *,
    retrain: str = "act",
    promote: str = "act",
    roll_back: str = "act",
    track: str = "",
    time: bool = True,
) -> Path:
    """Write the client's brief and first rows, and give the brief's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows(0, DAYS, slope=2.0).write_parquet(folder / "orders.parquet")
    text = BRIEF.format(retrain=retrain, promote=promote, roll_back=roll_back, track=track)
    brief = folder / "brief.toml"
    brief.write_text(text if time else text.replace('time = "at"\n', ""))
    return brief


def feed(brief: Path, number: int, *, slope: float, labels: bool = True, n_days: int = 60, first_day: int = 0) -> Path:
    """Let two more months come in, `number` of them counted from 1."""
    frame = rows(first_day or DAYS + (number - 1) * 60, n_days, slope=slope, seed=number)
    if not labels:
        frame = frame.drop("returned")
    path = brief.parent / f"new_{number}.parquet"
    frame.write_parquet(path)
    return path
