"""What columns' values say by themselves: words for nothing, hardly any change, too many levels, heavy tails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from artificer.core.brief import Brief, Target
from artificer.core.records import Finding
from artificer.line.audit import audit

N = 900
CODES = ("missing_words", "near_constant", "high_cardinality", "skew")
RNG = np.random.default_rng(1)


def findings(folder: Path, **columns: Any) -> list[Finding]:
    rng = np.random.default_rng(0)
    age = rng.normal(40, 10, N)
    bought = np.where(rng.random(N) < 1 / (1 + np.exp(-(age - 40) / 10)), "yes", "no")
    frame = pl.DataFrame({"age": age, **columns, "bought": bought}, strict=False)
    told = audit(Brief(target=Target(column="bought")), frame=frame, workspace=folder, limit_s=600).findings
    return [one for one in told if one.code in CODES]


def spread(common: list[Any], rare: list[Any], every: int) -> list[Any]:
    """Rows of `common` in turn; each `every`-th one is of `rare`, in turn."""
    return [
        rare[row // every % len(rare)] if row % every == 0 else common[row % len(common)] for row in range(N)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        (spread(["red", "blue"], ["-", None, "none"], 6), "missing_words", "beside"),
        (spread(["red", "blue"], ["Unknown"], 6), "missing_words", "'Unknown' ("),
        (spread(["on"], ["off"], 300), "near_constant", "rows with another do not tell 'bought'"),
        ([f"town {row // 3 % 290}" for row in range(N)], "high_cardinality", "rows to each"),
        (np.exp(3 * RNG.normal(0, 1, N)), "skew", "heavy tail of high values"),
        (-np.exp(3 * RNG.normal(0, 1, N)), "skew", "heavy tail of low values"),
    ],
)
def test_what_was_planted_is_told_and_nothing_else(tmp_path: Path, values: Any, code: str, says: str) -> None:
    (told,) = findings(tmp_path, planted=values)
    assert (told.code, told.where, told.severity) == (code, "planted", "note")
    assert says in told.says


@pytest.mark.parametrize(
    "values",
    [
        spread(["red", "blue"], ["none"], 6),  # a level, where nothing else is missing
        spread(["on"], ["off"], 20),
        [f"town {row % 30}" for row in range(N)],
        RNG.exponential(1.0, N),
    ],
)
def test_clean_columns_are_left_alone(tmp_path: Path, values: Any) -> None:
    assert findings(tmp_path, fine=values) == []


def test_a_rare_value_that_tells_the_target_is_not_near_constant(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 10_000
    y = np.where(rng.random(n) < 0.1, "yes", "no")
    flag = np.where((y == "yes") & (rng.random(n) < 0.03), "fraud", "none")
    frame = pl.DataFrame({"age": rng.normal(40, 10, n), "flag": flag, "y": y})
    told = audit(Brief(target=Target(column="y")), frame=frame, workspace=tmp_path, limit_s=600).findings
    assert "near_constant" not in [one.code for one in told]
