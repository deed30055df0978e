"""Problems planted in eight data sets: what audit says that mending costs or gains, what it repairs, and what that is worth.

The worth is measured where nobody planted anything: on a fifth of the rows, by the same yardstick, trained on the rows
as they were planted and as `choose` left them.

    python bench/repairs.py DATA [--sets …] [--only PROBLEM …]

What is kept was chosen on `SETS`; `FRESH` are sets that chose nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from record import record

from artificer.core.brief import Brief, Target
from artificer.core.run import Run
from artificer.data.table import normalise
from artificer.line.ask import ask, begin
from artificer.line.ask.labels import numeric
from artificer.line.ask.rows import labelled
from artificer.line.audit import audit
from artificer.line.choose import choose
from artificer.measure.metrics import default_metric
from artificer.measure.probe import effect, probe
from artificer_runtime.schema import Schema

SETS = (
    "adult",
    "bank_marketing",
    "german_credit",
    "titanic",
    "online_shoppers",
    "wine_quality",
    "ames_housing",
    "airbnb_nyc",
)
FRESH = (
    "chicago_crimes",
    "diabetes_readmission",
    "elec2",
    "noaa_weather",
    "medical_no_shows",
    "letter_recognition",
    "medical_charges",
    "bike_sharing",
)
MOST_ROWS = 6_000
SHARE = 0.2


def main() -> None:
    """Plant each problem, or those that are named, in each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of Parquet files with a manifest.toml")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--only", nargs="+", default=PLANTED, choices=PLANTED)
    asked = parser.parse_args()
    known = {one["name"]: one for one in tomllib.loads((asked.data / "manifest.toml").read_text())["dataset"]}
    for name in asked.sets:
        if known[name].get("report_only"):
            raise SystemExit(f"{name} is for final tables only; leave it out")
        target = known[name]["target"]
        frame = pl.read_parquet(asked.data / known[name]["files"][0]).drop_nulls(target)
        frame = frame.sample(min(frame.height, MOST_ROWS), shuffle=True, seed=0)
        cut = round(0.8 * frame.height)
        for problem in asked.only:
            planted = PLANTED[problem](frame.head(cut), target)
            if planted is not None:
                _one(f"{name} {problem}", CODES[problem], planted, frame.tail(frame.height - cut), target)


def _one(name: str, code: str, planted: pl.DataFrame, clean: pl.DataFrame, target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = begin(Brief(target=Target(column=target)), frame=planted, workspace=folder, limit_s=3000)
        run.seal = False
        found = [one for one in audit(run).findings if one.code == code and one.effect is not None]
        best = max(found, key=lambda one: one.effect.value if one.effect else 0.0, default=None)
        estimate = best.effect if best else None
        record(
            "repairs",
            name,
            metric=audit(run).metric,
            effect=round(estimate.value, 4) if estimate else "not found",
            low=round(estimate.low, 4) if estimate else "",
            high=round(estimate.high, 4) if estimate else "",
            kept=", ".join(repair.name for repair in audit(run).repairs),
            **_worth(run, clean),
        )


def _worth(run: Run, clean: pl.DataFrame) -> dict[str, float]:
    """What the repairs that were kept do to the yardstick's score on clean rows."""
    asked, chosen = ask(run), choose(run)
    if not audit(run).repairs:
        return {}
    rows = labelled(run, asked, asked.train)
    trains = ~np.load(run.path(chosen.split.left_out)) if chosen.split.left_out else np.ones(rows.n_rows, bool)
    y = np.concatenate([rows.y, numeric(clean[run.brief.target.column], asked.classes)])
    y = 1.0 - y if asked.positive == 0 else y
    measured = np.arange(rows.n_rows, len(y))
    scored = []
    for schema, places in (
        (asked.schema, np.arange(rows.n_rows)),
        (chosen.read_as(asked.schema), np.flatnonzero(trains)),
    ):
        read = Schema(tuple(one for one in schema.columns if one.name in chosen.features), schema.missing)
        both = [read.encode(rows.frame), read.encode(normalise(clean, asked.schema))]
        X = np.concatenate([np.concatenate([one.numbers, one.codes], axis=1) for one in both]).astype(np.float32)
        codes = range(both[0].numbers.shape[1], X.shape[1])
        metric, n_classes = default_metric(asked.task), len(asked.classes)
        scored.append(probe(X, y, asked.task, n_classes, [(places, measured)], metric=metric, categorical=codes))
    gain = effect(*scored)
    return {"worth": round(gain.value, 4), "worth_low": round(gain.low, 4), "worth_high": round(gain.high, 4)}


def _turned(frame: pl.DataFrame, target: str) -> pl.DataFrame | None:
    """A fifth of the labels are those of other rows."""
    rng = np.random.default_rng(1)
    drawn = np.flatnonzero(rng.random(frame.height) < SHARE)
    place = np.arange(frame.height)
    place[drawn] = rng.permutation(drawn)
    return frame.with_columns(frame[target].gather(place))


def _slips(frame: pl.DataFrame, target: str) -> pl.DataFrame | None:
    """In the texts, one letter in a fifth of the cells stands twice."""
    rng = np.random.default_rng(2)
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name != target]

    def slip(text: str | None) -> str | None:
        if not text or rng.random() > SHARE:
            return text
        at = int(rng.integers(0, len(text)))
        return text[: at + 1] + text[at:]

    columns = [pl.Series(name, [slip(text) for text in frame[name].to_list()]) for name in texts]
    return frame.with_columns(columns) if texts else None


def _copied(frame: pl.DataFrame, target: str) -> pl.DataFrame | None:
    """A fiftieth of the rows, with labels of other rows, stands there thirty times."""
    few = frame.head(frame.height // 50)
    few = few.with_columns(few[target].shuffle(seed=3))
    return pl.concat([frame, *[few] * 30]).sample(fraction=1.0, shuffle=True, seed=4)


def _coded(frame: pl.DataFrame, target: str) -> pl.DataFrame | None:
    """A fifth of each number is -999999."""
    rng = np.random.default_rng(5)
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric() and name != target]
    drawn = [pl.Series(rng.random(frame.height) < SHARE) for _ in numbers]
    columns = [
        pl.when(mask).then(-999_999.0).otherwise(frame[name].cast(pl.Float64)).alias(name)
        for name, mask in zip(numbers, drawn, strict=True)
    ]
    return frame.with_columns(columns) if numbers else None


PLANTED: dict[str, Callable[[pl.DataFrame, str], pl.DataFrame | None]] = {
    "labels": _turned,
    "slips": _slips,
    "copies": _copied,
    "codes": _coded,
}
CODES = {"labels": "label_errors", "slips": "typos", "copies": "duplicates", "codes": "sentinel"}

if __name__ == "__main__":
    main()
