"""How a rule is broken: by which rows, how badly, and what a person reads of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.records import Fact, Severity
from artificer.core.stages import Rule
from artificer.line.audit.contract.delivery import Delivery

LOUD_SHARE = 0.01
AGAIN = "see whether the source changed; if it did for good, train again"
MEND = "have its source corrected, or change the rule in the contract"
NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Break:
    """How a rule is broken.

    Attributes
    ----------
    places : array of int64
        Rows that break it; empty where it is about the delivery.
    share : float
        Of the rows that could break it; it decides on the severity where the rule does not.
    n_could : int or None
        Rows that could break it, those that have the values that it is about; None where all could.
    by_chance : bool
        Whether chance may have broken it, so that as many rows are let through as it makes of what the rule allows.
    severity : str
        Where the rule names none.
    """

    code: str
    severity: Severity
    says: str
    fix: str
    facts: tuple[Fact, ...]
    places: np.ndarray
    share: float = 1.0
    n_could: int | None = None
    by_chance: bool = True


def of_rows(mask: pl.Series, code: str, says: str, fix: str) -> Break | None:
    """Rows that break a rule; `says` goes on after their share of those that could.

    Parameters
    ----------
    mask : Series of bool
        Whether a row breaks it; null where it has no value that could.
    """
    places = mask.fill_null(False).arg_true().to_numpy().astype(np.int64)
    if not len(places):
        return None
    n_could = mask.count()
    share = len(places) / n_could
    facts = (Fact("share", share, "share of rows that could"), Fact("n_rows", float(len(places)), "rows"))
    severity: Severity = "warning" if share > LOUD_SHARE else "note"
    return Break(code, severity, f"{told(share)} of {says}", fix, facts, places, share, n_could)


def no_numbers(delivery: Delivery, rule: Rule) -> Break | None:
    """A bound on what holds no numbers is not kept in silence."""
    (name,) = rule.columns
    values = delivery.values[name]
    if not values.count():
        return None
    held = "moments" if values.dtype.is_temporal() else "texts"
    return Break(
        "contract:unchecked",
        "note" if rule.learned else "warning",
        f"the {rule.kind} of '{name}' is not checked: it holds {held}, not numbers",
        "take the rule out of the contract, or have the column delivered as numbers",
        (),
        NOBODY,
    )


def beyond(rule: Rule, low: float, high: float, form: str) -> str:
    """What is allowed, as the end of a sentence."""
    bounds = f"at least {low:{form}}" if high == np.inf else f"at most {high:{form}}" if low <= 0 else ""
    bounds = bounds or f"{low:{form}} to {high:{form}}"
    return f"; {'in earlier deliveries it goes by chance from' if rule.about is not None else 'the contract allows'} {bounds}"


def remedy(rule: Rule) -> str:
    """Rows that are not as training's were may need a new model; a rule that a person wrote is theirs to change."""
    return AGAIN if rule.learned or rule.about is not None else MEND


def told(share: float) -> str:
    """A share as people read it: never 0.0% where there is some."""
    return f"{share:.1%}" if share >= 0.0005 or not share else "less than 0.1%"


def as_seconds(values: pl.Series) -> pl.Series:
    """Moments as Float64 seconds since 1970 (UTC)."""
    return values.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
