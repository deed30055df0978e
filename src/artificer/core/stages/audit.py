"""From `audit`: what is wrong with the data, and what later data must look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from artificer.core.records import Decision, Estimate, Finding
from artificer_runtime.schema import Column, Schema

RuleKind = Literal[
    "present",
    "type",
    "missing",
    "range",
    "set",
    "pattern",
    "unique",
    "reference",
    "relation",
    "determined",
    "sql",
    "polars",
    "rows",
    "fresh",
    "mean",
    "share",
]
Where = Literal["", "training", "serving"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand of a contract.

    Attributes
    ----------
    columns : tuple of str
        What it is about; of a relation, what it reads; of what is determined, last, after what determines it; empty where
        it is about the delivery.
    low, high : float or None
        Bounds of a range (moments in seconds since 1970), a share missing, a count, a mean or a share of `values`; of
        freshness, `high` is an age in seconds.
    values : tuple of str
        Of a set, what may occur; of a share, the one level; of a reference, file and column.
    text : str
        A pattern (whole value), an expression, or a query.
    name : str
        What a person calls it.
    allow : float
        Share that may break it in silence of the rows that could: those that have the values that it is about; of a rule about
        missing values, or of a person's own query, all. Of a delivery, as many as chance makes of that share.
    severity : str
        "" leaves it to the share of those rows that break it.
    where : str
        "training" or "serving": it is kept by rows that are used so, and nothing is asked of others; "" by all, or by
        training rows alone where it reads the target.
    about, spread, sd, skew : float
        In place of bounds, what earlier deliveries tell: mean, standard deviation between deliveries beyond what their
        rows explain, and of a mean, standard deviation and skewness between rows. Bounds follow from `Alarms` and the
        number of rows.
    learned : str
        Where it comes from, for a person.
    """

    kind: RuleKind
    columns: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    text: str = ""
    name: str = ""
    allow: float = 0.0
    severity: Literal["", "note", "warning", "blocker"] = ""
    where: Where = ""
    about: float | None = None
    spread: float = 0.0
    sd: float = 0.0
    skew: float = 0.0
    learned: str = ""


@dataclass(frozen=True, slots=True)
class Alarms:
    """How many false alarms are tolerable, and how much history the limits rest on.

    Attributes
    ----------
    per_month, deliveries_per_month : float
    n_deliveries, n_rows : int
        Of the history.
    """

    per_month: float = 1.0
    deliveries_per_month: float = 30.4
    n_deliveries: int = 0
    n_rows: int = 0


@dataclass(frozen=True, slots=True)
class Contract:
    """What the data must look like: learned from the training rows, enforced on later data.

    Attributes
    ----------
    schema : Schema
        Of all columns but the target, which later rows may have or lack; how their values are read.
    not_null : tuple of str
        Columns that were never missing.
    unique : tuple of str
        Columns that together identified a row.
    rules : tuple of Rule, or None
        All that is demanded; None in packages of Artificer 0.1, where it follows from the above.
    """

    schema: Schema
    not_null: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    target: str = ""
    rules: tuple[Rule, ...] | None = None
    alarms: Alarms | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair that `audit` proved and `choose` makes.

    Attributes
    ----------
    name : str
        Code and place of the finding: ``"duplicates:rows"``.
    choice : str
        What is done, in words.
    effect : Estimate
        What it gains on the yardstick, at the level that is corrected for the number of tries.
    column : Column or None
        How the column is read from now on; None where rows are left out.
    """

    name: str
    choice: str
    effect: Estimate
    column: Column | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """From `audit`: what is wrong with the data, what each problem costs, and what later data must look like.

    Attributes
    ----------
    profile : str
        Where the scan of the training rows is.
    metric : str
        What effects are measured in.
    cut : bool
        Whether the clock left an effect unmeasured.
    repairs : tuple of Repair
        Those that are proven.
    """

    findings: tuple[Finding, ...]
    contract: Contract
    profile: str
    metric: str = ""
    decisions: tuple[Decision, ...] = ()
    cut: bool = False
    repairs: tuple[Repair, ...] = ()
