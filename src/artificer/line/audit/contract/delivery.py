"""One delivery, as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from artificer.core.stages import Contract, Rule
from artificer.data.missing import without_missing
from artificer.data.readers import read
from artificer.line.audit.contract.learned import rules_of

FILES = ("parquet", "csv", "csv.gz", "jsonl", "arrow", "xlsx")


@dataclass(frozen=True)
class Delivery:
    """Rows that came, and what rules need besides.

    Attributes
    ----------
    rows, values : DataFrame
        As delivered, and in canonical form, in the same order.
    tables : dict of str to path or frame
        Others, by name.
    folder : Path or None
        Where relative paths start.
    """

    rows: pl.DataFrame
    values: pl.DataFrame
    contract: Contract
    tables: Mapping[str, Any]
    folder: Path | None = None
    at: datetime | None = None

    @property
    def now(self) -> datetime:
        """When the delivery came."""
        return self.at or datetime.now(UTC)

    def given(self, name: str) -> pl.Series:
        """A column's values as far as any are given, before they are read as its kind."""
        if self.rows[name].dtype == pl.String and self.values[name].dtype != pl.String:
            return without_missing(self.rows[name], self.contract.schema.missing)
        return self.values[name]

    @cached_property
    def n_limits(self) -> int:
        """How many rules rest on earlier deliveries: false alarms add up over them."""
        return sum(rule.about is not None for rule in rules_of(self.contract))

    def title(self, rule: Rule) -> str:
        """What a rule is called: by its name, what it demands, or its kind and columns."""
        if rule.name or rule.kind in ("relation", "sql", "polars"):
            return rule.name or rule.text
        if rule.kind == "determined":
            return f"{rule.columns[-1]} by {', '.join(rule.columns[:-1])}"
        return f"{rule.kind} of {', '.join(rule.columns)}" if rule.columns else rule.kind

    def other(self, table: str) -> pl.DataFrame | None:
        """Another table: one that was given by this name, or a file; None where there is none."""
        if table in self.tables:
            return read(self.tables[table]).frame
        start = self.folder or Path.cwd()
        for name in (table, *(f"{table}.{suffix}" for suffix in FILES)):
            if (start / name.partition("#")[0]).is_file():
                return read(name, folder=start).frame
        return None
