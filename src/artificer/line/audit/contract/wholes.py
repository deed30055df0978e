"""Rules about a delivery as a whole: how much is missing, its number of rows, how fresh it is, means, shares of levels."""

from __future__ import annotations

import numpy as np
import polars as pl

from artificer.core.errors import ContractError
from artificer.core.figures import counted
from artificer.core.records import Fact, Severity
from artificer.core.stages import Rule
from artificer.data.moments import zoneless
from artificer.data.spelled import spelled
from artificer.line.audit.contract.breaks import MEND, NOBODY, Break, as_seconds, beyond, no_numbers, remedy, told
from artificer.line.audit.contract.delivery import Delivery
from artificer.line.audit.contract.freshness import DAY_S
from artificer.line.audit.contract.limits import limits_of

FARTHEST_ZONE_S = 14 * 3_600.0


def missing(delivery: Delivery, rule: Rule) -> Break | None:
    """How much of a column may be missing; the rows that lack it are named where that is stated, not learned from history."""
    (name,) = rule.columns
    values = delivery.given(name)
    n_missing = values.null_count()
    share = n_missing / len(values)
    low, high = limits_of(delivery, rule, len(values), n_missing)
    if low <= share <= high:
        return None
    facts = (Fact("share_missing", share, "share of rows"), Fact("low", low), Fact("high", high))
    places = values.is_null().arg_true().to_numpy().astype(np.int64)
    if high == 0:
        severity: Severity = "blocker" if share == 1 else "warning"
        says = f"{told(share)} of '{name}' is missing; in training it never was"
        return Break(
            "contract:missing",
            severity,
            says if rule.learned else f"{told(share)} of '{name}' is missing, and none may be",
            "have its source corrected; a model meets here what it never learned" if rule.learned else MEND,
            facts[:1],
            places,
            share,
        )
    return Break(
        "contract:missing",
        "warning",
        f"{told(share)} of '{name}' is missing{beyond(rule, low, high, '.1%')}",
        remedy(rule),
        facts,
        places if rule.about is None else NOBODY,
        share,
    )


def n_rows(delivery: Delivery, rule: Rule) -> Break | None:
    """How many rows a delivery has."""
    n = delivery.rows.height
    low, high = limits_of(delivery, rule, n, n)
    if low <= n <= high:
        return None
    facts = (Fact("n_rows", float(n), "rows"), Fact("low", low, "rows"), Fact("high", high, "rows"))
    says = f"{counted(n, 'row was', 'rows were')} delivered{beyond(rule, low, high, ',.0f')}"
    return Break(
        "contract:rows", "warning", says, "see whether the delivery is whole, and of one period", facts, NOBODY
    )


def fresh(delivery: Delivery, rule: Rule) -> Break | None:
    """How old the latest row may be; a moment that lies more than a day ahead, a slip or a filler, tells nothing of that."""
    (name,) = rule.columns
    values = delivery.values[name]
    if not values.dtype.is_temporal():
        raise ContractError(f"freshness is told by '{name}', which holds no moments; name a column of moments")
    moments, now = as_seconds(values).drop_nulls(), delivery.now.timestamp()
    past = moments.filter(moments <= now + DAY_S)
    latest = (past if len(past) else moments).max()
    age = np.inf if latest is None else now - float(latest)  # type: ignore[arg-type]
    if age <= (rule.high or 0.0):
        return None
    allowed = f"the contract allows {_duration(rule.high or 0.0)}"
    says = f"the latest '{name}' is {_duration(age)} old; {allowed}"
    if latest is None:
        says = f"'{name}' holds no moment, so nothing tells how old the rows are; {allowed}"
    elif age - (rule.high or 0.0) < FARTHEST_ZONE_S and zoneless(delivery.rows[name]):
        says += "; as its moments name no time zone, they are taken for UTC"
    return Break(
        "contract:stale",
        "warning",
        says,
        "see whether an older delivery came again",
        (Fact("age_s", age, "s"),),
        NOBODY,
    )


def mean_of(delivery: Delivery, rule: Rule) -> Break | None:
    """Within which bounds the mean of a column's finite values lies."""
    (name,) = rule.columns
    values = delivery.values[name]
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return no_numbers(delivery, rule)
    if not values.count():
        return None
    finite = values.filter(values.cast(pl.Float64).is_finite())
    known = finite.len()
    if not known:
        return Break(
            "contract:mean", "warning", f"no value of '{name}' is finite, so it has no mean", remedy(rule), (), NOBODY
        )
    mean = float(finite.mean())  # type: ignore[arg-type]
    low, high = limits_of(delivery, rule, known, known)
    if low <= mean <= high:
        return None
    facts = (Fact("mean", mean), Fact("low", low), Fact("high", high))
    return Break(
        "contract:mean",
        "warning",
        f"the mean of '{name}' is {mean:.4g}{beyond(rule, low, high, '.4g')}",
        remedy(rule),
        facts,
        NOBODY,
    )


def share_of(delivery: Delivery, rule: Rule) -> Break | None:
    """Within which bounds the share of a level lies."""
    (name,), (level,) = rule.columns, rule.values
    values = spelled(delivery.values[name])
    known = values.count()
    if not known:
        return None
    n = int((values == level).sum())
    share = n / known
    low, high = limits_of(delivery, rule, known, n)
    if low <= share <= high:
        return None
    facts = (Fact("share", share, "share of values"), Fact("low", low), Fact("high", high))
    says = f"{told(share)} of '{name}' is '{level}'{beyond(rule, low, high, '.1%')}"
    return Break("contract:share", "warning", says, remedy(rule), facts, NOBODY)


def _duration(seconds: float) -> str:
    return f"{seconds / 86400:.1f} days" if seconds >= 2 * 86400 else f"{seconds / 3600:.1f} hours"
