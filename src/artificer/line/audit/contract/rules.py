"""What breaks each kind of rule: one function a kind, on whole columns at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from artificer.core.errors import ContractError, closest
from artificer.core.figures import counted, day
from artificer.core.records import Fact, Finding
from artificer.core.stages import Rule
from artificer.data.expression import expression
from artificer.data.spelled import spelled
from artificer.line.audit.contract import wholes
from artificer.line.audit.contract.breaks import MEND, NOBODY, Break, as_seconds, no_numbers, of_rows, remedy, told
from artificer.line.audit.contract.chance import most_by_chance
from artificer.line.audit.contract.delivery import Delivery
from artificer.line.audit.contract.own import by_polars
from artificer.line.audit.contract.page import is_dated
from artificer.line.audit.contract.references import stand_in
from artificer.line.audit.spellings import bare
from artificer_runtime.schema import Column

WHAT = {"number": "numbers", "time": "dates or times"}


def broken(delivery: Delivery, rule: Rule) -> Iterator[tuple[Finding, np.ndarray]]:
    """Hold a delivery against one rule: a finding and the positions of the rows behind it, or nothing."""
    found = KINDS[rule.kind](delivery, rule)
    if found is None or (found.by_chance and _is_chance(rule, _n_broke(delivery, found), _n_could(delivery, found))):
        return
    where = ", ".join(rule.columns) or rule.name or "rows"
    severity = rule.severity or found.severity
    yield Finding(found.code, severity, where, found.says, found.fix, found.facts), found.places


def _is_chance(rule: Rule, n_broke: int, n_could: int) -> bool:
    return n_broke <= most_by_chance(n_could, rule.allow)


def _n_broke(delivery: Delivery, found: Break) -> int:
    return len(found.places) or round(found.share * delivery.rows.height)


def _n_could(delivery: Delivery, found: Break) -> int:
    return delivery.rows.height if found.n_could is None else found.n_could


def _type(delivery: Delivery, rule: Rule) -> Break | None:
    column = _column(delivery, rule)
    if column is None or column.kind not in WHAT:
        return None
    given, after = delivery.given(column.name), delivery.values[column.name]
    lost = given.is_not_null() & after.is_null()
    n_given, n_lost = given.count(), int(lost.sum())
    if not n_lost:
        return None
    share = n_lost / n_given
    now = delivery.rows[column.name].dtype
    then = f" (then {column.dtype}, now {now})" if column.dtype else f" (now {now})"
    return Break(
        "contract:kind",
        "blocker" if n_lost == n_given else "warning",
        f"{told(share)} of the values of '{column.name}' cannot be read as {WHAT[column.kind]}, as they were in "
        f"training{then}",
        "have its source corrected, or train again on the new kind",
        (Fact("share_unreadable", share, "share of values"), Fact("n_unreadable", float(n_lost), "rows")),
        lost.arg_true().to_numpy().astype(np.int64),
        share,
        n_given,
    )


def _range(delivery: Delivery, rule: Rule) -> Break | None:
    (name,) = rule.columns
    values = delivery.values[name]
    if values.dtype.is_temporal():
        values = as_seconds(values)
    elif not values.dtype.is_numeric():
        values = values.cast(pl.Float64, strict=False)
        if not values.count():
            return no_numbers(delivery, rule)
    low = -np.inf if rule.low is None else rule.low
    high = np.inf if rule.high is None else rule.high
    beyond = "training's range" if rule.learned else "what the contract allows"
    says = f"'{name}' holds values beyond {beyond}{_bounds(rule, dated=delivery.values[name].dtype.is_temporal())}"
    return of_rows((values < low) | (values > high), "contract:range", says, remedy(rule))


def _bounds(rule: Rule, *, dated: bool) -> str:
    told = [day(end) if dated and is_dated(end) else f"{end:g}" for end in (rule.low, rule.high) if end is not None]
    if len(told) == 1:
        return f" (at {'most' if rule.low is None else 'least'} {told[0]})"
    return f" ({' to '.join(told)})" if told else ""


def _set(delivery: Delivery, rule: Rule) -> Break | None:
    (name,) = rule.columns
    values = delivery.values[name]
    allowed: pl.Series = pl.Series(rule.values, dtype=pl.String)
    if values.dtype.is_numeric():
        allowed, values = allowed.cast(pl.Float64, strict=False).drop_nulls(), values.cast(pl.Float64)
    elif values.dtype != pl.String:
        values = spelled(values)
    lacked = "levels that training lacked" if rule.learned else "values that the contract does not list"
    odd = ~values.is_in(allowed.implode())
    found = of_rows(odd, "contract:level", f"'{name}' holds {lacked}", remedy(rule))
    if found is None or not _is_chance(rule, len(found.places), values.count()) or values.dtype != pl.String:
        return found
    known = {bare(level) for level in rule.values}
    if len(known) < len(rule.values):
        return None  # training wrote levels in several ways too
    # Else chance writes none in other capitals.
    others = [one for one in values.filter(odd).unique() if bare(one) in known]
    says = f"'{name}' holds levels of training in other capitals or with other spaces"
    written = of_rows(values.is_in(others), "contract:level", says, MEND)
    return None if written is None else replace(written, by_chance=False)


def _pattern(delivery: Delivery, rule: Rule) -> Break | None:
    (name,) = rule.columns
    values = spelled(delivery.given(name))
    try:
        odd = ~values.str.contains(f"^(?:{rule.text})$")
    except pl.exceptions.PolarsError as error:
        raise ContractError(f"the pattern of '{name}', {rule.text}, is no regular expression; mend it") from error
    return of_rows(odd, "contract:pattern", f"'{name}' is not of the form {rule.text}", MEND)


def _unique(delivery: Delivery, rule: Rule) -> Break | None:
    values = delivery.values.select(rule.columns)
    twice, n_could = values.is_duplicated(), values.height
    if len(rule.columns) == 1:
        twice &= values.to_series().is_not_null()
        n_could = values.to_series().count()
    places = twice.arg_true().to_numpy().astype(np.int64)
    if not len(places):
        return None
    what = "share their key" if rule.columns == delivery.contract.unique else f"share their '{', '.join(rule.columns)}'"
    return Break(
        "contract:repeated",
        "warning",
        f"{len(places):,} rows {what}" + ("; in training none did" if rule.learned else ", and none may"),
        "remove rows that were delivered twice",
        (Fact("n_repeated", float(len(places)), "rows"),),
        places,
        len(places) / n_could,
        n_could,
    )


def _reference(delivery: Delivery, rule: Rule) -> Break | None:
    (name,), (table, column) = rule.columns, rule.values
    other = delivery.other(table)
    if other is None:
        says = f"'{name}' must be in '{column}' of the table '{table}', and there is none in '{delivery.folder or '.'}'"
        mend = f"put the file there, or name it: --table {table}=FILE"
        if not rule.learned:
            raise ContractError(f"{says}; {mend}")
        return Break("contract:unchecked", "note", f"{says}: it is not checked", mend, (), NOBODY)
    if column not in other.columns:
        raise ContractError(
            f"'{name}' must be in '{column}' of '{table}', which has no such column{closest(column, other.columns)}"
        )
    odd = ~stand_in(delivery.values[name], other[column])
    says = f"'{name}' has no row in '{table}' with the same '{column}'"
    return of_rows(odd, "contract:unmatched", says, "deliver both tables of one moment")


def _relation(delivery: Delivery, rule: Rule) -> Break | None:
    """A row that lacks a value of the relation does not break it."""
    holds = expression(rule.text, delivery.values.columns, f"the contract's relation {rule.text}")
    try:
        whole = pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns)
        odd = delivery.values.select(odd=pl.when(whole).then(~holds))["odd"]
        if odd.dtype != pl.Boolean:
            raise ContractError(f"the contract's relation '{rule.text}' is no comparison; write one like start <= end")
    except pl.exceptions.PolarsError as error:  # its own words may hold values of the rows
        kinds = ", ".join(f"'{name}' is {delivery.values[name].dtype}" for name in rule.columns)
        raise ContractError(
            f"the contract's relation '{rule.text}' mixes kinds of values ({kinds}); compare values of one kind"
        ) from error
    return of_rows(odd, "contract:relation", f"the rows that have its values break '{rule.text}'", MEND)


def _determined(delivery: Delivery, rule: Rule) -> Break | None:
    """Rows break it that bring another value than most rows of theirs; where two values are as common, all of them.

    Rows could break it whose value of what determines stands in another row too.
    """
    *by, name = [f"column {place}" for place, _ in enumerate(rule.columns)]
    values = delivery.values.select(
        pl.col(one).alias(alias) for one, alias in zip(rule.columns, (*by, name), strict=True)
    )
    known = pl.all_horizontal(pl.all().is_not_null())
    counted = values.with_columns(known=known, n=pl.when(known).then(pl.len().over(*by, name)).otherwise(0))
    most = counted.with_columns(most=pl.col("n").max().over(by))
    n_usual = pl.col(name).filter(pl.col("n") == pl.col("most")).n_unique().over(by)
    could = pl.col("known") & (pl.col("known").sum().over(by) > 1)
    odd = most.select(odd=pl.when(could).then((pl.col("n") < pl.col("most")) | (n_usual > 1)))["odd"]
    of = ", ".join(rule.columns[:-1])
    says = f"the rows that share their '{of}' bring another '{rule.columns[-1]}' for it"
    return of_rows(odd, "contract:determined", says, MEND)


def _own(delivery: Delivery, rule: Rule) -> Break | None:
    found: Callable[[pl.DataFrame, str, str], tuple[int, np.ndarray]] = by_polars
    if rule.kind == "sql":
        from artificer.line.audit.contract.own_sql import by_sql

        found = by_sql
    n, places = found(delivery.values, rule.text, delivery.title(rule))
    if not n:
        return None
    share = min(1.0, n / delivery.rows.height)
    return Break(
        "contract:own",
        "blocker",
        f"{counted(n, 'row breaks', 'rows break')} '{delivery.title(rule)}'",
        MEND,
        (Fact("n_rows", float(n), "rows"),),
        places,
        share,
    )


def _column(delivery: Delivery, rule: Rule) -> Column | None:
    return next((one for one in delivery.contract.schema.columns if one.name == rule.columns[0]), None)


KINDS: dict[str, Callable[[Delivery, Rule], Break | None]] = {
    "type": _type,
    "missing": wholes.missing,
    "range": _range,
    "set": _set,
    "pattern": _pattern,
    "unique": _unique,
    "reference": _reference,
    "relation": _relation,
    "determined": _determined,
    "sql": _own,
    "polars": _own,
    "rows": wholes.n_rows,
    "fresh": wholes.fresh,
    "mean": wholes.mean_of,
    "share": wholes.share_of,
}
