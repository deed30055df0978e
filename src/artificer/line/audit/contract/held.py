"""Data held against a contract → findings, and which rows break which rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from artificer.core.errors import closest
from artificer.core.records import Finding
from artificer.core.stages import Contract, Rule, Where
from artificer.data.kinds import infer_schema
from artificer.data.nested import left_out
from artificer.data.readers import Loaded, read
from artificer.data.table import normalise
from artificer.line.audit.contract.delivery import Delivery
from artificer.line.audit.contract.learned import rules_of
from artificer.line.audit.contract.rules import broken
from artificer.line.audit.contract.uses import asked_in, use_of
from artificer_runtime.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding data against a contract.

    Attributes
    ----------
    findings : tuple of Finding
        Empty when the data keep the contract.
    offending : dict of str to array of int64
        Positions of the rows that break a rule, ascending, by the rule's title ("range of age", "start <= end"), those
        of rules of one title together; rules on a whole delivery have none.
    new, gone, changed : tuple of str
        Columns that came, that are absent, and whose values break a rule.
    where : str
        What the rows were held as: "training" or "serving"; "" where no rule depends on it.
    n_elsewhere : int
        Rules that hold in other rows alone.
    n_known : int
        Columns of the contract that are there.
    """

    n_rows: int
    findings: tuple[Finding, ...]
    offending: Mapping[str, np.ndarray] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    where: Where = ""
    n_elsewhere: int = 0
    n_known: int = -1

    @property
    def positions(self) -> np.ndarray:
        """Rows that break any rule: int64, ascending."""
        return np.unique(np.concatenate([np.empty(0, np.int64), *self.offending.values()]))

    @property
    def is_foreign(self) -> bool:
        """Whether no column of the contract is there."""
        return self.n_known == 0

    def split(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Part rows into those that keep every rule, and those that do not, with a column `why`.

        Parameters
        ----------
        rows : DataFrame
            The same as were held against the contract.
        """
        if not len(self.positions):
            return rows, rows.clear().with_columns(pl.lit(None, pl.String).alias(_free("why", rows)))
        place = _free("artificer:place", rows)
        reasons = pl.concat(
            pl.DataFrame({place: places, "why": [title]}, schema_overrides={place: pl.Int64})
            if len(places) == 1
            else pl.DataFrame({place: places}).with_columns(pl.lit(title).alias("why"))
            for title, places in self.offending.items()
            if len(places)
        )
        why = reasons.group_by(place, maintain_order=True).agg(pl.col("why").str.join("; ")).sort(place)
        aside = np.zeros(rows.height, bool)
        aside[self.positions] = True
        broke = rows.filter(pl.Series(aside)).with_columns(why["why"].alias(_free("why", rows)))
        return rows.filter(pl.Series(~aside)), broke


def check_contract(frame: Any, contract: Contract, where: Where = "") -> tuple[Finding, ...]:
    """Hold data against a contract; of what is found, only the findings.

    Parameters
    ----------
    frame : DataFrame of polars, pandas or Arrow
        Rows as delivered.
    where : str
        As for `hold`.

    Returns
    -------
    tuple of Finding
        Codes that begin with ``contract:``; empty when the data keeps the contract.
    """
    return hold(frame, contract, where=where).findings


def hold(
    source: Any,
    contract: Contract,
    *,
    tables: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    now: datetime | None = None,
    where: Where = "",
) -> Held:
    """Hold one delivery against a contract.

    Parameters
    ----------
    source : path, a frame of polars, pandas or Arrow, or what was loaded from one
        Rows as delivered.
    tables : dict of str to path or frame, optional
        Other tables that rules refer to, by name.
    folder : Path, optional
        Where the rules' relative paths start.
    now : datetime, optional
        For freshness; default: the present.
    where : str
        "training" or "serving", what the rows are for; by default rows with labels are for training.

    Raises
    ------
    ContractError
        When a rule cannot be followed: a query that cannot be read, a table that is nowhere; or when a rule holds in
        training alone and nothing tells what the rows are for.
    DataError
        When the rows cannot be read.
    """
    loaded = source if isinstance(source, Loaded) else read(source)
    rows = loaded.frame
    use = where or use_of(rows, contract)
    rules = asked_in(use, contract)
    known = {column.name: column for column in contract.schema.columns}
    wanted = dict.fromkeys([*known, *(name for rule in rules for name in rule.columns)])
    new = [name for name in rows.columns if name not in wanted and name != contract.target]
    if any(rule.kind in ("sql", "polars") for rule in rules):  # they may read any column
        wanted |= dict.fromkeys(rows.columns)
    there = dict.fromkeys(rows.columns)
    findings = [*_absent(rules, [*there, *left_out(loaded.findings)]), *_unchecked(rules, there), *map(_new, new)]
    offending: dict[str, np.ndarray] = {}
    delivery = Delivery(
        rows, _values(rows, known, list(wanted), contract.schema.missing), contract, tables or {}, folder, now
    )
    changed: dict[str, None] = {}
    for rule in rules:
        if rule.kind == "present" or not set(rule.columns) <= there.keys():
            continue
        for finding, places in broken(delivery, rule):
            findings.append(finding)
            changed |= {} if finding.code == "contract:unchecked" else dict.fromkeys(rule.columns)
            if len(places):
                title = delivery.title(rule)  # which others may have too
                offending[title] = np.union1d(offending.get(title, places), places)
    gone = tuple(finding.where for finding in findings if finding.code == "contract:absent")
    n_known = len({*wanted} & {*there} - {*new})
    n_elsewhere = len(rules_of(contract)) - len(rules)
    return Held(rows.height, tuple(findings), offending, tuple(new), gone, tuple(changed), use, n_elsewhere, n_known)


def _values(
    rows: pl.DataFrame, known: Mapping[str, Column], wanted: list[str], missing: tuple[str, ...]
) -> pl.DataFrame:
    """Rows in their canonical form; a column that a rule names without its type is of the kind that it seems to be."""
    there = set(rows.columns)
    untyped = [name for name in wanted if name not in known and name in there]
    guessed = infer_schema(rows.select(untyped), missing=missing).columns if untyped else ()
    columns = tuple(known[name] for name in known if name in there) + tuple(guessed)
    if not columns:
        return rows
    values = normalise(rows, Schema(columns, missing))
    return rows.with_columns(values)


def _absent(rules: tuple[Rule, ...], there: Collection[str]) -> Iterator[Finding]:
    for rule in rules:
        if rule.kind == "present" and rule.columns[0] not in there:
            name = rule.columns[0]
            yield Finding(
                "contract:absent",
                rule.severity or "blocker",
                name,
                f"'{name}' is absent{closest(name, there)}",
                "deliver it, or train again without it",
            )


def _unchecked(rules: tuple[Rule, ...], there: Collection[str]) -> Iterator[Finding]:
    """Rules of several columns that name one which is absent, and of which no rule says that it must be there."""
    demanded = {rule.columns[0] for rule in rules if rule.kind == "present"}
    for rule in rules:
        lacking = [name for name in rule.columns if name not in there and name not in demanded]
        if len(rule.columns) < 2 or not lacking:
            continue
        yield Finding(
            "contract:unchecked",
            "note" if rule.learned else "warning",
            lacking[0],
            f"a rule of {', '.join(rule.columns)} is not checked: '{lacking[0]}' is absent{closest(lacking[0], there)}",
            "mend the name in the contract, or deliver the column",
        )


def _new(name: str) -> Finding:
    return Finding(
        "contract:new", "note", name, f"'{name}' is new", "nothing to do: it is not read; train again to use it"
    )


def _free(name: str, rows: pl.DataFrame) -> str:
    return name if name not in rows.columns else _free(f"{name}_", rows)
