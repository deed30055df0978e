"""Earlier deliveries → rules on whole deliveries: number of rows, means, shares missing, shares of levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import ContractError, closest
from artificer.core.stages import Alarms, Contract, Rule
from artificer.data.missing import without_missing
from artificer.data.moments import as_moments, time_form
from artificer.data.readers import read
from artificer.data.table import normalise
from artificer.line.audit.contract.learned import rules_of
from artificer_runtime.schema import Column

FEWEST_DELIVERIES = 8
FEWEST_ROWS = 30
MOST_LEVELS = 20
RAREST_LEVEL = 0.01
DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
EVERY = {"day": "1d", "week": "1w", "month": "1mo"}
MONTH_DAYS = 365.25 / 12


def with_history(
    contract: Contract,
    deliveries: Iterable[pl.DataFrame],
    *,
    per_month: float = 1.0,
    deliveries_per_month: float = 30.4,
) -> Contract:
    """Add limits that rest on earlier deliveries; those that the contract had are replaced.

    Parameters
    ----------
    deliveries : iterable of DataFrame
        As they came, at least 8; they are taken to be stationary.
    per_month : float
        False alarms that are tolerable, all limits together.
    deliveries_per_month : float

    Raises
    ------
    ContractError
        When there are too few, or one lacks a column.
    """
    served = _without_training(contract)
    seen = [_Counts.of(frame, served) for frame in deliveries]
    if len(seen) < FEWEST_DELIVERIES:
        raise ContractError(
            f"{len(seen)} earlier deliveries say too little of how deliveries differ; name at least {FEWEST_DELIVERIES}, "
            "or shorter periods (--history COLUMN:day)"
        )
    if not (per_month > 0 and deliveries_per_month > 0):
        raise ContractError("false alarms and deliveries a month must be more than 0")
    rules = [rule for rule in rules_of(contract) if rule.about is None]
    never_missing = {rule.columns[0] for rule in rules if rule.kind == "missing"}
    n_rows = sum(one.n_rows for one in seen)
    alarms = Alarms(per_month, deliveries_per_month, len(seen), n_rows)
    return replace(contract, rules=(*rules, *_rules(served, seen, never_missing)), alarms=alarms)


def _without_training(contract: Contract) -> Contract:
    """A contract without the columns that rows to serve lack: deliveries may hold them or not."""
    absent = {rule.columns[0] for rule in rules_of(contract) if rule.kind == "present" and rule.where == "training"}
    columns = tuple(one for one in contract.schema.columns if one.name not in absent)
    return replace(contract, schema=replace(contract.schema, columns=columns))


def deliveries_of(history: str, frame: pl.DataFrame, folder: Path) -> tuple[list[pl.DataFrame], float | None]:
    """Find earlier deliveries: the files of a folder, or the training rows parted by a column of moments.

    Parameters
    ----------
    history : str
        A folder, a glob, or ``COLUMN`` or ``COLUMN:day``, ``:week``, ``:month``; without, the shortest period with 30
        rows and 8 deliveries. The first and last period are left out, as they may be part of one.

    Returns
    -------
    tuple of list of DataFrame, and float or None
        And how many come in a month, where it is known.
    """
    name, _, period = history.partition(":")
    if name in frame.columns:
        return _by_time(frame, name, period)
    place = folder / history
    files = sorted(place.iterdir() if place.is_dir() else folder.glob(history) if history else ())
    files = [one for one in files if one.is_file() and not one.name.startswith(".")]
    if not files:
        raise ContractError(
            f"'{history}' is neither a column of moments, nor a folder or pattern of files{closest(name, frame.columns)}"
        )
    return [read(one).frame for one in files], None


def _by_time(frame: pl.DataFrame, name: str, period: str) -> tuple[list[pl.DataFrame], float]:
    if period and period not in EVERY:
        raise ContractError(f"'{period}' is no period; write {name}:day, {name}:week or {name}:month")
    column = frame[name]
    form = time_form(without_missing(column, ())) if column.dtype == pl.String else ""
    if form is None or not (column.dtype == pl.String or column.dtype.is_temporal()):
        raise ContractError(f"'{name}' holds no moments; name a column of moments, or a folder of deliveries")
    moments = as_moments(column, form)
    for one in (period,) if period else tuple(EVERY):
        parts = frame.with_columns(moments.dt.truncate(EVERY[one]).alias("artificer:period")).drop_nulls(
            "artificer:period"
        )
        by_period = parts.sort("artificer:period").partition_by(
            "artificer:period", maintain_order=True, include_key=False
        )
        inner = by_period[1:-1]
        if period or (len(inner) >= FEWEST_DELIVERIES and np.median([len(part) for part in inner]) >= FEWEST_ROWS):
            return inner, MONTH_DAYS / DAYS[one]
    raise ContractError(
        f"'{name}' spans too few days, weeks or months with {FEWEST_ROWS} rows: at least {FEWEST_DELIVERIES} are needed"
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """One delivery in numbers, by column: values; finite ones, their mean, variance and skewness; levels."""

    n_rows: int
    known: dict[str, int]
    means: dict[str, tuple[float, float, float, float]]
    levels: dict[str, dict[str, int]]

    @classmethod
    def of(cls, frame: pl.DataFrame, contract: Contract) -> _Counts:
        columns = contract.schema.columns
        there = set(frame.columns)
        lacking = [one.name for one in columns if one.name not in there]
        if lacking:
            raise ContractError(
                f"an earlier delivery lacks the column '{lacking[0]}'; leave out deliveries of another form"
            )
        values = normalise(frame, contract.schema)
        numbers = [one.name for one in columns if one.kind == "number"]
        return cls(
            frame.height,
            {one.name: values[one.name].count() for one in columns},
            {name: _moments(values[name]) for name in numbers},
            {one.name: _levels(values[one.name]) for one in columns if one.kind in ("category", "boolean")},
        )


def _moments(values: pl.Series) -> tuple[float, float, float, float]:
    """Number, mean, variance and skewness of finite values; 0 where there are too few."""
    finite = values.filter(values.is_finite())
    found: list[Any] = [finite.mean(), finite.var(), finite.skew()]
    mean, variance, skew = (float(one) if one is not None else 0.0 for one in found)
    return float(finite.len()), mean, variance, skew


def _levels(values: pl.Series) -> dict[str, int]:
    counts = values.drop_nulls().alias("level").value_counts()
    return dict(zip(counts["level"].to_list(), counts["count"].to_list(), strict=True))


def _rules(contract: Contract, seen: Sequence[_Counts], never_missing: set[str]) -> Iterator[Rule]:
    learned = f"of {len(seen)} earlier deliveries"
    n_rows = np.array([one.n_rows for one in seen], float)
    spread = np.sqrt(max(0.0, n_rows.var(ddof=1) - n_rows.mean()))
    yield Rule("rows", about=float(n_rows.mean()), spread=float(spread), learned=learned)
    for column in contract.schema.columns:
        yield from _of_column(column, seen, n_rows, column.name in never_missing, learned)


def _of_column(
    column: Column, seen: Sequence[_Counts], n_rows: np.ndarray, never_missing: bool, learned: str
) -> Iterator[Rule]:
    known = np.array([one.known[column.name] for one in seen], float)
    at = (column.name,)
    if not never_missing:
        about, spread = _of_shares(n_rows - known, n_rows)
        yield Rule("missing", at, about=about, spread=spread, learned=learned)
    if column.kind == "number":
        yield from _of_means(at, np.array([one.means[column.name] for one in seen]), learned)
    if column.kind in ("category", "boolean") and known.sum():
        totals = {level: sum(one.levels[column.name].get(level, 0) for one in seen) for level in column.levels}
        common = [
            level
            for level in sorted(totals, key=totals.__getitem__, reverse=True)
            if totals[level] >= RAREST_LEVEL * known.sum()
        ]
        for level in common[:MOST_LEVELS]:
            counts = np.array([one.levels[column.name].get(level, 0) for one in seen], float)
            about, spread = _of_shares(counts[known > 0], known[known > 0])
            yield Rule("share", at, values=(level,), about=about, spread=spread, learned=learned)


def _of_means(at: tuple[str, ...], moments: np.ndarray, learned: str) -> Iterator[Rule]:
    """A limit of the mean; none where values are so large that a double cannot tell how they vary."""
    sizes, means, variances, skews = moments[moments[:, 0] > 1].T
    if len(sizes) < FEWEST_DELIVERIES:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        variance = float((variances * (sizes - 1)).sum() / (sizes - 1).sum())
        between = np.maximum(0.0, means.var(ddof=1) - variance * (1 / sizes).mean())
        about = float((means * sizes).sum() / sizes.sum())
    spread, sd, skew = float(np.sqrt(between)), float(np.sqrt(variance)), float(np.nan_to_num(skews).mean())
    if np.isfinite([about, spread, sd, skew]).all():
        yield Rule("mean", at, about=about, spread=spread, sd=sd, skew=skew, learned=learned)


def _of_shares(counts: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Share of all, and standard deviation between deliveries beyond what drawing rows explains (by moments)."""
    share = float(counts.sum() / sizes.sum())
    shares = counts / sizes
    drawn = share * (1 - share) * float((1 / sizes).mean())
    return share, float(np.sqrt(max(0.0, float(shares.var(ddof=1)) - drawn))) if len(shares) > 1 else 0.0
