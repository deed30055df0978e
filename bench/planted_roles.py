"""Faults of time, groups and keys planted in real data, each beside a clean twin that has the same roles and columns.

`python bench/planted_roles.py DATA [--sets …] [--only FAULT …]`, in pieces (`pieces.py`): of each set at most 3,000 rows. A
fault is found where any finding of its code, notes too, names the planted place; "false_alarms" counts the sets on which
the same code speaks there in the clean twin. Sets that the manifest marks `report_only` are refused; on the sets named here
nothing was set.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from leaks import PLANTED, after_event, arithmetic, group, happened, index, moment, rows, single
from pieces import in_pieces, options
from planted import DAY

from artificer.core.brief import Brief, Data, Joined, Target
from artificer.core.records import Finding
from artificer.data.sources import gather
from artificer.line.ask import begin
from artificer.line.audit import audit

Frame = pl.DataFrame


@dataclass(frozen=True)
class Given:
    """A set: its rows, the target, the target's rank, whether it is a number, and a generator."""

    frame: Frame
    target: str
    rank: np.ndarray
    task: str
    rng: np.random.Generator

    @property
    def is_sealed(self) -> bool:
        """Whether there are rows enough, in all and of the rarest class, that some are set aside to test on."""
        counts = self.frame[self.target].value_counts()["count"]
        return self.frame.height >= 600 and (self.task == "regression" or int(counts.min()) >= 60)  # type: ignore[arg-type]

    def with_column(self, values: Any, name: str = PLANTED) -> Frame:
        return self.frame.with_columns(pl.Series(name, values))

    def days(self, values: np.ndarray) -> pl.Series:
        return (pl.Series(PLANTED, np.asarray(values, np.int64)) * DAY).cast(pl.Datetime("us"))


@dataclass(frozen=True)
class Pair:
    """Rows with a fault and rows without, and what the brief says of each beside the target."""

    faulty: Frame
    clean: Frame
    where: str = PLANTED
    data: dict[str, Any] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)
    target_of_clean: dict[str, Any] | None = None


Plant = Callable[[Given], "Pair | None"]


def main() -> None:
    """Record a line a fault."""
    asked = options(__doc__, PLANTS)
    in_pieces(
        "planted_roles", asked, lambda fault, name: _outcome(fault, asked.data, asked.about[name]), "false_alarms"
    )


def _outcome(fault: str, data: Path, about: dict[str, Any]) -> tuple[bool, bool] | None:
    frame, target, rank = rows(data, about)
    pair = PLANTS[fault](Given(frame, target, rank, about["task"], np.random.default_rng(0)))
    if pair is None:
        return None
    of_clean = pair.target if pair.target_of_clean is None else pair.target_of_clean
    look = _joined if fault == "unmatched" else _audited
    found = look(pair.faulty, target, about, pair.data, pair.target)
    before = look(pair.clean, target, about, pair.data, of_clean)
    code = fault.partition(":")[0]
    return _speaks(found, code, pair.where), _speaks(before, code, pair.where)


def _speaks(findings: list[Finding], code: str, where: str) -> bool:
    return any(one.code == code and (not where or where in one.where + one.says) for one in findings)


def _audited(
    frame: Frame, target: str, about: dict[str, Any], data: dict[str, Any], more: dict[str, Any]
) -> list[Finding]:
    kind = "number" if about["task"] == "regression" else "class"
    brief = Brief(target=Target(column=target, kind=kind, **more), data=Data(**data))
    with tempfile.TemporaryDirectory() as folder:
        run = begin(brief, frame=frame, workspace=Path(folder))
        run.effects = False
        return list(audit(run).findings)


def _joined(
    frame: Frame, target: str, about: dict[str, Any], data: dict[str, Any], more: dict[str, Any]
) -> list[Finding]:
    """A second table that has a row for each key that is not negative."""
    with tempfile.TemporaryDirectory() as folder:
        frame.write_parquet(Path(folder) / "rows.parquet")
        other = pl.DataFrame({PLANTED: frame[PLANTED].unique().sort()}).filter(pl.col(PLANTED) >= 0)
        other.with_columns(size=pl.int_range(pl.len())).write_parquet(Path(folder) / "other.parquet")
        tables = {"other": Joined(source="other.parquet", key=(PLANTED,))}
        return list(gather(Data(source="rows.parquet", tables=tables), Path(folder)).findings)


def persons(given: Given) -> Pair:
    """Customers of four rows each, whatever their outcome; the twin's have one row, but for some in a hundred."""
    n = len(given.rank)
    several, one = given.rng.permutation(n) // 4, given.rng.permutation(n)
    one[:20] = one[20:40]
    name = "customer_id"
    return Pair(given.with_column(several, name), given.with_column(one, name), name)


def known_persons(given: Given) -> Pair | None:
    """The same where rows are sealed."""
    return persons(given) if given.is_sealed else None


def stacked(given: Given) -> Pair:
    """Rows sorted by outcome with noise of a third of its range; the twin's order is drawn."""
    order = np.argsort(given.rank + given.rng.normal(0, 0.33 * np.ptp(given.rank), len(given.rank)))
    return Pair(given.frame[order], given.frame, "rows")


def drifting(given: Given) -> Pair | None:
    """Moments that the brief names, along which the outcome drifts; the twin's are drawn."""
    if given.task == "multiclass":
        return None
    place = np.argsort(np.argsort(given.rank + given.rng.normal(0, np.ptp(given.rank), len(given.rank))))
    faulty, clean = given.days(place // 8), given.days(given.rng.permutation(place) // 8)
    where, data = given.target, {"time": PLANTED}
    return Pair(given.frame.with_columns(faulty), given.frame.with_columns(clean), where, data)


def with_gap(given: Given) -> Pair:
    """A day a row, or more rows a day, of two years; thirty days in a row lack all theirs."""
    n = len(given.rank)
    day = 19_000 + np.sort(given.rng.integers(0, min(n // 3, 730), n))
    clean = given.frame.with_columns(given.days(day))
    middle = int(np.median(day))
    return Pair(clean.filter(pl.Series(np.abs(day - middle) > 15)), clean, PLANTED, {"time": PLANTED})


def stale(given: Given) -> Pair:
    """Rows of three hundred days, of which the newest is four hundred days old; of the twin it is yesterday's."""
    now, day = int(datetime.now(UTC).timestamp() // 86_400), given.rng.integers(0, 300, len(given.rank))
    old, new = (given.frame.with_columns(given.days(now - age - day)) for age in (400, 1))
    return Pair(old, new, PLANTED, {"time": PLANTED})


def late_labels(given: Given) -> Pair:
    """Labels known up to forty days after the row; the brief says seven, and of the twin forty-five."""
    n = len(given.rank)
    day = given.rng.integers(19_000, 19_700, n)
    frame = given.frame.with_columns(given.days(day), given.days(day + given.rng.integers(1, 41, n)).alias("known"))
    target = {"known_after": ("known",)}
    short, long = target | {"horizon": "7d"}, target | {"horizon": "45d"}
    return Pair(frame, frame, given.target, {"time": PLANTED}, short, long)


def later_dates(given: Given) -> Pair:
    """A date that lies after the row's moment in a tenth of the rows; in the twin in none."""
    n = len(given.rank)
    day, back = given.rng.integers(19_000, 19_700, n), given.rng.integers(1, 60, n)
    later = np.where(given.rng.random(n) < 0.1, -back, back)
    frame = given.frame.with_columns(given.days(day).alias("at"))
    made = [frame.with_columns(given.days(day - one)) for one in (later, back)]
    return Pair(*made, PLANTED, {"time": "at"})


def telling_name(given: Given) -> Pair:
    """Noise called closing_state, or in the twin opening_state."""
    noise = given.rng.integers(0, 9, len(given.rank))
    return Pair(given.with_column(noise, "closing_state"), given.with_column(noise, "opening_state"), "ing_state")


def shared_key(given: Given) -> Pair:
    """One row in fifty has the key of the row before it; the twin's keys differ."""
    key = np.arange(len(given.rank))
    twice = np.where(given.rng.random(len(key)) < 0.02, np.maximum(key - 1, 0), key)
    return Pair(given.with_column(twice), given.with_column(key), PLANTED, {"key": (PLANTED,)})


def unmatched(given: Given) -> Pair:
    """One row in twenty refers to no row of another table."""
    key = given.rng.integers(0, 100, len(given.rank))
    lost = np.where(given.rng.random(len(key)) < 0.05, -1 - key, key)
    return Pair(given.with_column(lost), given.with_column(key), "other")


def overlapping(given: Given) -> Pair | None:
    """A tenth of the rows once more, in a drawn order, so that some are sealed; the twin has each row once."""
    features = [name for name in given.frame.columns if name != given.target]
    clean = given.frame.unique(features, keep="first", maintain_order=True)
    if not replace(given, frame=clean).is_sealed:
        return None
    both = pl.concat([clean, clean.sample(fraction=0.1, seed=0)]).sample(fraction=1.0, shuffle=True, seed=1)
    return Pair(both, clean, "sealed rows")


def marked_at_random(given: Given) -> Pair:
    """A score filled for half of the rows of the outcome alone; in the twin for as many rows of any."""
    faulty = after_event(given.frame, given.target, given.rank, np.random.default_rng(0))
    drawn = given.rng.permutation(len(given.rank))
    assert happened(given.rank).any()
    return Pair(faulty, given.frame.with_columns(faulty[PLANTED][drawn].alias(PLANTED)))


def count_at_random(given: Given) -> Pair:
    """Rows sorted by outcome with noise and numbered; the twin numbers them in a drawn order."""
    numbered = 1_000 + 2 * np.arange(len(given.rank))
    return Pair(index(given.frame, given.target, given.rank, given.rng), given.with_column(numbered), "")


def any_moment(given: Given) -> Pair:
    """A date that the brief does not name, along which the outcome drifts; in the twin it does not."""
    faulty = moment(given.frame, given.target, given.rank, np.random.default_rng(0))
    return Pair(faulty, given.frame.with_columns(faulty[PLANTED].shuffle(seed=1)))


def shuffled(plant: Callable[..., Frame]) -> Plant:
    """Columns that tell the outcome, and in the twin other rows'."""

    def pair(given: Given) -> Pair:
        faulty = plant(given.frame, given.target, given.rank, np.random.default_rng(0))
        drawn = given.rng.permutation(len(given.rank))
        told = [name for name in faulty.columns if name.startswith(PLANTED)]
        return Pair(faulty, faulty.with_columns(faulty[name][drawn].alias(name) for name in told))

    return pair


def independent(given: Given) -> Pair:
    """Two columns whose difference gives the outcome, and neither alone; in the twin the second is another row's."""
    faulty = arithmetic(given.frame, given.target, given.rank, np.random.default_rng(0))
    if given.task == "regression":  # as far apart as the target's values are, so that the second does not tell it
        further = pl.Series(given.rng.normal(0, 3 * float(given.frame[given.target].std() or 1.0), faulty.height))
        faulty = faulty.with_columns(pl.col(f"{PLANTED} start", f"{PLANTED} end") + further)
    return Pair(faulty, faulty.with_columns(pl.col(f"{PLANTED} end").shuffle(seed=1)))


PLANTS: dict[str, Plant] = {
    "leakage": shuffled(single),
    "after_event": marked_at_random,
    "time_leak": any_moment,
    "index_leak": count_at_random,
    "group_leak": shuffled(group),
    "target_arithmetic": independent,
    "group_overlap": known_persons,
    "dependent_rows:entity": persons,
    "dependent_rows:order": stacked,
    "drift": drifting,
    "gaps_in_time": with_gap,
    "freshness": stale,
    "horizon": late_labels,
    "not_knowable:date": later_dates,
    "not_knowable:name": telling_name,
    "key": shared_key,
    "unmatched": unmatched,
    "overlap": overlapping,
}

if __name__ == "__main__":
    main()
