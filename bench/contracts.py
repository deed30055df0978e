"""Contracts learned from one half of real rows and held against the other: rules by kind, and how many the other half breaks.

Nobody mended or broke anything, so whatever is found is a false alarm. The halves are drawn at random, three times, and, where
rows have a moment, once cut in time: then the world may have changed too. Deliveries of a hundred rows are drawn from the other
half too. Keys across tables and freshness are learned from one half likewise.

`python contracts.py DATA COUNTS` counts set after set into the file COUNTS, goes on where it was stopped (`--until SECONDS`),
and records the sums when it has all of them.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from record import record

from artificer.core.brief import Joined
from artificer.core.stages import Contract, Rule
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import normalise
from artificer.line.ask.unread import unread
from artificer.line.audit.contract import contract_of, hold
from artificer.line.audit.contract.freshness import freshness_of
from artificer.line.audit.contract.references import references_of

MOST_ROWS = 60_000
SEEDS = (0, 1, 2)
N_SMALL, SMALL = 10, 100  # deliveries, and rows of each
REFERENCES = (
    ("nycflights13/flights.parquet", "nycflights13/airlines.parquet", "carrier"),
    ("nycflights13/flights.parquet", "nycflights13/planes.parquet", "tailnum"),
    ("formula1/entries.parquet", "formula1/races.parquet", "raceId"),
    ("formula1/entries.parquet", "formula1/drivers.parquet", "driverId"),
    ("northwind/order_details.parquet", "northwind/orders.parquet", "orderID"),
    ("northwind/order_details.parquet", "northwind/products.parquet", "productID"),
)
DAY_S = 86_400.0


Counts = dict[str, dict[str, Counter[str]]]  # by how rows were parted: rules, and those that were broken, by kind


def main() -> None:
    """All sets that studies may open; and what was recorded, once all are counted."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("data", type=Path)
    asked.add_argument("counts", type=Path)
    asked.add_argument("--until", type=float, default=float("inf"), help="Seconds after which no further set is begun.")
    asked.add_argument("--count-only", action="store_true", help="Record nothing.")
    given = asked.parse_args()
    began = time.monotonic()
    sets = [
        one
        for one in tomllib.loads((given.data / "manifest.toml").read_text())["dataset"]
        if not one.get("report_only")
    ]
    done = set(_counted(given.counts))
    for known in sets:
        if known["name"] in done:
            continue
        if time.monotonic() - began > given.until:
            return
        counts = _counts(pl.read_parquet(given.data / known["files"][0]).head(MOST_ROWS), known)
        with given.counts.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"set": known["name"], "counts": counts}) + "\n")
        print(known["name"], {how: dict(one["broken"]) for how, one in counts.items()}, flush=True)
    if given.count_only:
        return
    _record(_counted(given.counts))
    _references(given.data)
    _freshness(given.data)


def _counted(path: Path) -> dict[str, Counts]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line["set"]: line["counts"] for line in map(json.loads, lines)}


def _counts(frame: pl.DataFrame, known: dict[str, str]) -> Counts:
    counts: Counts = {}

    def add(how: str, found: tuple[Counter[str], Counter[str]]) -> None:
        for name, one in zip(("rules", "broken"), found, strict=True):
            counts.setdefault(how, {"rules": Counter(), "broken": Counter()})[name].update(one)

    for how, one, other in _halves(frame, known.get("time_column", "")):
        contract = _learned(one, known.get("target", ""))
        add(f"halves {how}", _held(other, contract))
        if how == "drawn":
            for seed in range(N_SMALL):
                add(f"{SMALL} rows", _held(other.sample(min(SMALL, other.height), seed=seed), contract))
    return counts


def _record(counted: dict[str, Counts]) -> None:
    for how in (f"halves {one}" for one in ("drawn", "in time")):
        _sums(counted, how, how)
    _sums(counted, f"{SMALL} rows", f"deliveries of {SMALL} rows")


def _sums(counted: dict[str, Counts], how: str, named: str) -> None:
    parts = [one[how] for one in counted.values() if how in one]
    rules, broken = (sum((Counter(one[name]) for one in parts), Counter[str]()) for name in ("rules", "broken"))
    for kind in sorted(rules):
        record("contracts", f"{kind}, {named}", sets=len(counted), rules=rules[kind], false_alarms=broken[kind])


def _halves(frame: pl.DataFrame, time: str) -> list[tuple[str, pl.DataFrame, pl.DataFrame]]:
    half = frame.height // 2
    cut = []
    for seed in SEEDS:
        drawn = frame.with_row_index("artificer:place").sample(frame.height, shuffle=True, seed=seed)
        parts = (part.sort("artificer:place").drop("artificer:place") for part in (drawn[:half], drawn[half:]))
        cut.append(("drawn", *parts))
    if time in frame.columns:
        ordered = frame.sort(time)
        cut.append(("in time", ordered[:half], ordered[half:]))
    return cut


def _learned(one: pl.DataFrame, target: str) -> Contract:
    schema = infer_schema(one)
    contract = contract_of(normalise(one, schema), schema, target, (), n_stray=unread(one, schema)[1])
    assert not hold(one, contract).findings, "the rows that it was learned from break it"
    return contract


def _held(other: pl.DataFrame, contract: Contract) -> tuple[Counter[str], Counter[str]]:
    held, named = hold(other, contract), {_where(rule): _kind(rule) for rule in contract.rules or ()}
    found = Counter(named.get((one.code, one.where), one.code) for one in held.findings)
    return Counter(map(_kind, contract.rules or ())), found


CODES = {"unique": "repeated", "set": "level", "type": "kind", "present": "absent"}


def _where(rule: Rule) -> tuple[str, str]:
    return f"contract:{CODES.get(rule.kind, rule.kind)}", ", ".join(rule.columns)


def _kind(rule: Rule) -> str:
    if rule.kind == "relation":
        return "sum" if "+" in rule.text else "order"
    return rule.kind if rule.kind != "unique" else f"unique ({len(rule.columns)} columns)"


def _references(data: Path) -> None:
    n_rules = n_broke = 0
    for table, other, key in REFERENCES:
        frame = read(data / table).frame
        for seed in SEEDS:
            drawn = frame.sample(min(frame.height, MOST_ROWS), shuffle=True, seed=seed)
            half = drawn.height // 2
            (rule,) = references_of(drawn[:half], {"other": Joined(source=other, key=(key,))}, data) or (None,)
            if rule is not None:
                theirs = read(data / other).frame[key].cast(pl.String)
                n_rules += 1
                met = drawn[half:][key].drop_nulls().cast(pl.String).is_in(theirs.implode())
                n_broke += float((~met).sum()) / half > rule.allow
    record("contracts", "reference, halves drawn", sets=len(REFERENCES), rules=n_rules, false_alarms=n_broke)


def _freshness(data: Path) -> None:
    """Learned at the end of the first half; then each day of the second half that a run might fall on."""
    n_rules = n_days = n_broke = 0
    for known in tomllib.loads((data / "manifest.toml").read_text())["dataset"]:
        if known.get("report_only") or "time_column" not in known:
            continue
        column = pl.read_parquet(data / known["files"][0], columns=[known["time_column"]])
        schema = infer_schema(column)
        if schema.columns[0].kind != "time":
            continue
        time = np.sort(normalise(column, schema).to_series().drop_nulls().cast(pl.Int64).to_numpy() / 1e6)
        half = time[: len(time) // 2]
        for rule in freshness_of(known["time_column"], half, half[-1], half[-1]):
            days = np.unique(np.floor(time / DAY_S)) * DAY_S
            later = days[days > half[-1]]
            gaps = np.diff(np.concatenate([[half[-1]], later]))
            n_rules += 1
            n_days += int(gaps.sum() / DAY_S)
            n_broke += int(np.maximum(0, np.floor((gaps - (rule.high or 0)) / DAY_S)).sum())
    record("contracts", "fresh, later half", rules=n_rules, days=n_days, false_alarms=n_broke)


if __name__ == "__main__":
    main()
