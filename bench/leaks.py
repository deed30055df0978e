"""Leaks planted and found: six kinds in ten sets, and what audit says of the sets as they are.

`python bench/leaks.py DATA [--sets …]`: of each set at most 3,000 rows in a drawn order. A leak is found where a warning or
blocker about leaks names the planted column (of rows sorted by outcome: the rows). Measured without effects. Sets that the
manifest marks `report_only` are refused.
"""

from __future__ import annotations

import argparse
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from record import record

from artificer.core.brief import Brief, Target
from artificer.core.records import Finding
from artificer.line.ask import begin
from artificer.line.audit import audit

SETS = (
    "adult",
    "bank_marketing",
    "german_credit",
    "credit_default",
    "titanic",
    "mammography",
    "online_shoppers",
    "wine_quality",
    "medical_charges",
    "ames_housing",
)
MOST_ROWS, FEWEST_OF_A_CLASS = 3_000, 10
LEAKS = ("leakage", "after_event", "index_leak", "time_leak", "group_leak", "target_arithmetic", "not_knowable")
PLANTED = "planted"
Plant = Callable[[pl.DataFrame, str, np.ndarray, np.random.Generator], pl.DataFrame]


def main() -> None:
    """Record a line a kind, and one of the sets as they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--sets", nargs="+", default=SETS)
    asked = parser.parse_args()
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    known = {about["name"]: about for about in manifest["dataset"]}
    held = {name: rows(asked.data, known[name]) for name in asked.sets}
    for kind, plant in PLANTS.items():
        missed = []
        for name, (frame, target, rank) in held.items():
            found = warned(plant(frame, target, rank, np.random.default_rng(0)), target, known[name])
            if not any(PLANTED in one.where or (kind == "index" and one.where == "rows") for one in found):
                missed.append(name)
        n_found = len(held) - len(missed)
        record("leaks", kind, sets=len(held), found=n_found, recall=n_found / len(held), missed=" ".join(missed))
    said = {name: warned(frame, target, known[name]) for name, (frame, target, _) in held.items()}
    told = [f"{name}: {one.code} {one.where}" for name, found in said.items() for one in found]
    record("leaks", "none", sets=len(held), false_alarms=len(told), which="; ".join(told))


def rows(data: Path, about: Mapping[str, Any], most: int = MOST_ROWS) -> tuple[pl.DataFrame, str, np.ndarray]:
    """A set's rows in a drawn order, its target, and the target's rank: 0 to 1, of rarer classes higher."""
    if about.get("report_only"):
        raise SystemExit(f"{about['name']} is report_only")
    target = about["target"]
    frame = pl.read_parquet(data / about["files"][0]).drop_nulls(target)
    if about["task"] != "regression":
        frame = frame.with_columns(pl.col(target).cast(pl.String)).filter(pl.len().over(target) >= FEWEST_OF_A_CLASS)
    frame = frame.sample(min(most, frame.height), seed=0, shuffle=True)
    if about["task"] != "regression":
        frame = frame.filter(pl.len().over(target) >= FEWEST_OF_A_CLASS)
        levels = frame[target].value_counts().sort("count", target, descending=[True, False])[target].to_list()
        place = {level: number for number, level in enumerate(levels, start=1)}  # two classes of one size are two still
        return frame, target, np.array([place[level] for level in frame[target]]) / len(levels)
    return frame, target, frame[target].rank().to_numpy() / frame.height


def warned(frame: pl.DataFrame, target: str, about: Mapping[str, Any]) -> list[Finding]:
    """Findings about leaks that are warnings or blockers."""
    return [one for one in audited(frame, target, about) if one.code in LEAKS and one.severity != "note"]


def audited(frame: pl.DataFrame, target: str, about: Mapping[str, Any], *, effects: bool = False) -> list[Finding]:
    """All findings of audit."""
    kind = "number" if about["task"] == "regression" else "class"
    with tempfile.TemporaryDirectory() as folder:
        run = begin(Brief(target=Target(column=target, kind=kind)), frame=frame, workspace=Path(folder))
        run.effects = effects
        return list(audit(run).findings)


def single(frame: pl.DataFrame, _: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """One feature that is too good: the target with noise of a twentieth of its range."""
    return frame.with_columns(pl.Series(PLANTED, rank + rng.normal(0, 0.05, len(rank))))


def happened(rank: np.ndarray) -> np.ndarray:
    """The rarer of two classes, the commonest of several, the upper half of numbers."""
    values = np.unique(rank)
    return np.asarray(
        rank > np.median(rank) if len(values) > 30 else rank == (values[-1] if len(values) == 2 else values[0])
    )


def after_event(frame: pl.DataFrame, _: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """A score that is filled for half of the rows of the outcome, and for no other."""
    late = happened(rank) & (rng.random(len(rank)) < 0.5)
    return frame.with_columns(pl.Series(PLANTED, np.where(late, rng.normal(0, 1, len(rank)), np.nan)).fill_nan(None))


def index(frame: pl.DataFrame, _: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """Rows sorted by outcome, with noise of a third of its range, and numbered."""
    order = np.argsort(rank + rng.normal(0, 0.33 * np.ptp(rank), len(rank)), kind="stable")
    return frame[order].with_columns(
        pl.Series(PLANTED, 1000 + np.arange(len(rank)) * 2 + rng.integers(0, 2, len(rank)))
    )


def moment(frame: pl.DataFrame, _: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """A date that the brief does not name, along which the outcome drifts."""
    place = np.argsort(np.argsort(rank + rng.normal(0, np.ptp(rank), len(rank))))
    day = pl.Series(PLANTED, place * (86_400_000_000 // 8)).cast(pl.Datetime("us"))
    return frame.with_columns(day)


def group(frame: pl.DataFrame, _: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """Persons of four rows each, alike in the outcome but for a fifth of their rows."""
    order = np.argsort(rank + rng.normal(0, 1e-9, len(rank)), kind="stable")
    person = np.empty(len(rank), np.int64)
    person[order] = rng.permutation(len(rank))[np.arange(len(rank)) // 4]
    stray = rng.random(len(rank)) < 0.2
    person[stray] = rng.permutation(person[stray])
    return frame.with_columns(pl.Series(PLANTED, person))


def arithmetic(frame: pl.DataFrame, target: str, rank: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    """Two columns whose difference gives the outcome: its value, or whether it happened."""
    start = rng.normal(0, 100, len(rank))
    sign = np.where(happened(rank), 1.0, -1.0)
    gap = sign * rng.uniform(1, 20, len(rank)) if len(np.unique(rank)) < 30 else frame[target].to_numpy() * 1.0
    return frame.with_columns(pl.Series(f"{PLANTED} start", start), pl.Series(f"{PLANTED} end", start + gap))


PLANTS: dict[str, Plant] = {
    "single": single,
    "after_event": after_event,
    "index": index,
    "time": moment,
    "group": group,
    "arithmetic": arithmetic,
}

if __name__ == "__main__":
    main()
