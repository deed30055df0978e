"""Wrong labels planted and found: recall and precision beside cleanlab, on the same rows.

`python bench/label_errors.py DATA --env cleanlab=PYTHON [--sets …]`: of each set at most 10,000 rows, 5% of whose labels are
exchanged for another class, drawn. cleanlab runs in the environment that is named (peers/requirements/cleanlab.txt);
without `--env`, Artificer is measured alone. `says` is whether audit reports label errors, with them and in the rows as
they are. Sets that the manifest marks `report_only` are refused.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from record import record

from artificer.core.brief import Brief, Target
from artificer.core.clock import Clock
from artificer.data.scan import scan
from artificer.line.ask import ask, begin
from artificer.line.ask.rows import labelled
from artificer.line.audit.label_errors import label_errors, suspects
from artificer.line.audit.price import Prices
from artificer.line.audit.seen import Seen

SETS = (
    "adult",
    "bank_marketing",
    "online_shoppers",
    "mammography",
    "chicago_crimes",
    "wine_quality",
    "letter_recognition",
    "weight_lifting",
)
RATE, MOST_ROWS, FEWEST_OF_A_CLASS = 0.05, 10_000, 30
WORKER = Path(__file__).parent / "peers" / "cleanlab_worker.py"


def main() -> None:
    """Record a line a set and system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--env", nargs="+", default=(), metavar="SYSTEM=PYTHON")
    asked = parser.parse_args()
    pythons = dict(one.split("=", 1) for one in asked.env)
    manifest = tomllib.loads((asked.data / "manifest.toml").read_text(encoding="utf-8"))
    known = {about["name"]: about for about in manifest["dataset"]}
    for name in asked.sets:
        clean = rows(asked.data, known[name])
        target = known[name]["target"]
        noisy, wrong = exchanged(clean, target)
        with seen_of(clean, target) as seen:
            says_of_clean = any(one.code == "label_errors" for one in label_errors(seen))
        with seen_of(noisy, target) as seen:
            began = time.monotonic()
            found = suspects(seen)
            seconds = time.monotonic() - began
            says = any(one.code == "label_errors" for one in label_errors(seen))
        record(
            "label_errors",
            f"{name}, artificer",
            **figures(found, wrong),
            seconds=round(seconds, 1),
            says=says,
            says_of_clean=says_of_clean,
        )
        if "cleanlab" in pythons:
            began = time.monotonic()
            found = by_cleanlab(noisy, target, pythons["cleanlab"])
            record(
                "label_errors", f"{name}, cleanlab", **figures(found, wrong), seconds=round(time.monotonic() - began, 1)
            )


def rows(data: Path, about: Mapping[str, Any]) -> pl.DataFrame:
    """A set's rows: a draw of at most 10,000, with classes of 30 rows and more."""
    if about.get("report_only"):
        raise SystemExit(f"{about['name']} is report_only")
    target = about["target"]
    frame = pl.read_parquet(data / about["files"][0]).drop_nulls(target).with_columns(pl.col(target).cast(pl.String))
    frame = frame.sample(min(MOST_ROWS, frame.height), seed=0, shuffle=True)
    return frame.filter(pl.len().over(target) >= FEWEST_OF_A_CLASS)


def exchanged(frame: pl.DataFrame, target: str) -> tuple[pl.DataFrame, np.ndarray]:
    """The rows with 5% of their labels exchanged, and which: truth values (n_rows,)."""
    names, y = np.unique(frame[target].to_numpy().astype(str), return_inverse=True)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(y)) < RATE
    y[wrong] = (y[wrong] + rng.integers(1, len(names), int(wrong.sum()))) % len(names)
    return frame.with_columns(pl.Series(target, names[y])), wrong


@contextmanager
def seen_of(frame: pl.DataFrame, target: str) -> Iterator[Seen]:
    """What a check is shown of the rows, none sealed."""
    with tempfile.TemporaryDirectory() as folder:
        run = begin(Brief(target=Target(column=target, kind="class")), frame=frame, workspace=Path(folder))
        run.seal = False
        asked = ask(run)
        held = labelled(run, asked, asked.train)
        prices = Prices(run.brief, asked, held, Clock())
        profile = scan(held.frame.select(column.name for column in asked.schema.columns), asked.schema)
        yield Seen(run.brief, asked, profile, held, np.arange(held.n_rows, dtype=np.uint64), None, prices)


def by_cleanlab(frame: pl.DataFrame, target: str, python: str) -> np.ndarray:
    """Positions that cleanlab finds."""
    with tempfile.TemporaryDirectory() as folder:
        frame.write_parquet(Path(folder) / "rows.parquet")
        subprocess.run([python, str(WORKER), folder, target], check=True)
        return np.asarray(np.load(Path(folder) / "found.npy"))


def figures(found: np.ndarray, wrong: np.ndarray) -> dict[str, float]:
    """Recall, precision and F1."""
    hits = float(wrong[found].sum())
    recall, precision = hits / wrong.sum(), hits / max(len(found), 1)
    return {
        "n_rows": len(wrong),
        "recall": round(recall, 3),
        "precision": round(precision, 3),
        "f1": round(2 * hits / (len(found) + wrong.sum()), 3),
    }


if __name__ == "__main__":
    main()
