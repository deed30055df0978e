"""Training rows → the contract that they keep: of each column its kind, gaps, range, levels, pattern; keys; relations.

What is learned of a sample must be kept by the next one: each kind of rule has its own reason why chance did not make it
(`keys`, `determined`, `sums`, `relations`, `freshness`), and `bench/contracts.py` counts the false alarms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from artificer.core.stages import Contract, Rule
from artificer.data.columns import each
from artificer.data.moments import as_time
from artificer.line.audit.contract.chance import QUIET_SHARE, largest_share
from artificer.line.audit.contract.determined import determined_of
from artificer.line.audit.contract.far import far_of
from artificer.line.audit.contract.keys import keys_of
from artificer.line.audit.contract.patterns import pattern_of
from artificer.line.audit.contract.relations import relations_of
from artificer.line.audit.contract.sums import sums_of
from artificer_runtime.schema import Column, Schema, canonical_text

LARGEST_LOOSE_SHARE = 0.1  # a rule that more may break says too little
FEWEST_FOR_UNIQUE = 50
OF_TARGET = ("present", "set", "range")


def contract_of(
    frame: pl.DataFrame,
    schema: Schema,
    target: str,
    key: tuple[str, ...],
    personal: tuple[str, ...] = (),
    more: Sequence[Rule] = (),
    known_after: tuple[str, ...] = (),
    n_stray: Mapping[str, int] | None = None,
) -> Contract:
    """Learn the contract from the training rows.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    target : str
        What is learned of it holds in training alone: rows to serve come before their labels.
    key : tuple of str
        The brief's `[data] key`; it is in the contract if no two training rows share it.
    personal : tuple of str
        Columns whose values are pseudonyms here: the contract says nothing of how they are written.
    more : sequence of Rule
        Learned from what is not in the frame: other tables, the clock.
    known_after : tuple of str
        Columns that rows to serve lack, as they lack the target.
    n_stray : dict of str to int, optional
        Values of a column that are not of its kind, which the frame lacks: so many, and what chance may add, pass later too.
    """
    columns = tuple(column for column in schema.columns if column.name != target)
    not_null = tuple(column.name for column in columns if not frame[column.name].null_count())
    unique = key if key and not frame.select(key).is_duplicated().any() else ()
    strayed = n_stray or {}
    alone = each(
        lambda one: [*_column_rules(frame[one.name], one, unique, personal, strayed.get(one.name, 0))],
        columns,
        frame.height,
    )
    rules = [rule for of_one in alone for rule in of_one]
    if unique:
        rules.append(Rule("unique", unique, learned="the brief's key; no two training rows share it"))
    known = [rule.columns for rule in rules if rule.kind == "unique"]
    rules += keys_of(frame, columns, known)
    rules += [*relations_of(frame, columns), *sums_of(frame, columns), *determined_of(frame, columns), *more]
    later = {target, *known_after}
    rules += [rule for column in schema.columns if column.name == target for rule in _of_target(frame[target], column)]
    placed = (replace(rule, where="training") if later & {*rule.columns} else rule for rule in rules)
    return Contract(Schema(columns, schema.missing), not_null, unique, target, tuple(placed))


def _of_target(values: pl.Series, column: Column) -> Iterator[Rule]:
    """That it is there, and what it may be; not that each row has a label: some come later."""
    yield from (rule for rule in _column_rules(values, column, (), (column.name,)) if rule.kind in OF_TARGET)


def _column_rules(
    values: pl.Series, column: Column, key: tuple[str, ...], personal: tuple[str, ...], n_stray: int = 0
) -> Iterator[Rule]:
    known = values.drop_nulls()
    for rule in _basic(column, len(known) == len(values)):
        if rule.kind in ("set", "range"):
            allow = _allowed(known, rule)
            if allow <= LARGEST_LOOSE_SHARE:
                yield replace(rule, allow=allow)
            if rule.kind == "range":
                yield from far_of(column, _measured(known))
        elif rule.kind == "missing":
            yield replace(rule, allow=largest_share(len(values)))
        elif rule.kind == "type" and n_stray:
            yield replace(rule, allow=largest_share(len(known) + n_stray, n_stray))
        else:
            yield rule
    if values.dtype == pl.String and column.name not in personal and (found := pattern_of(known)):
        yield Rule(
            "pattern",
            (column.name,),
            text=found,
            allow=largest_share(len(known)),
            learned="every value in training has it",
        )
    alone = column.kind == "identifier" and key != (column.name,)
    if alone and len(known) >= FEWEST_FOR_UNIQUE and known.n_unique() == len(known):
        yield Rule("unique", (column.name,), learned="no two training rows share a value")


def _allowed(known: pl.Series, rule: Rule) -> float:
    """Share of rows that may break a set or a range: as many as would, had the rows not told of themselves."""
    if rule.kind == "set":
        counts = known.alias("level").value_counts()
        texts = pl.Series([canonical_text(level) for level in counts["level"]], dtype=pl.String)
        new = ~texts.is_in(pl.Series(rule.values, dtype=pl.String).implode()) | (counts["count"] == 1)
        return largest_share(len(known), int(counts.filter(new)["count"].sum()))
    values = pl.Series(_measured(known))
    ends = [(values < rule.low, values == rule.low)] if rule.low is not None else []
    ends += [(values > rule.high, values == rule.high)] if rule.high is not None else []
    return largest_share(len(known), sum(int(beyond.sum()) + (int(at.sum()) == 1) for beyond, at in ends))


def _measured(known: pl.Series) -> np.ndarray:
    """Numbers, or moments in seconds since 1970."""
    return as_time(known) if known.dtype.is_temporal() else known.to_numpy()


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """All rules of a contract, those of a package of Artificer 0.1 too."""
    if contract.rules is not None:
        return contract.rules
    columns = contract.schema.columns
    rules = [rule for column in columns for rule in _basic(column, column.name in contract.not_null)]
    return (*rules, Rule("unique", contract.unique)) if contract.unique else tuple(rules)


def _basic(column: Column, never_missing: bool) -> Iterator[Rule]:
    """What a column's kind, levels and range say."""
    at = (column.name,)
    yield Rule("present", at)
    yield Rule("type", at, learned=f"read as {column.dtype}" if column.dtype else "")
    if never_missing:
        yield Rule("missing", at, high=0.0, learned="never missing in training")
    if column.kind in ("category", "boolean"):
        yield Rule("set", at, values=column.levels, allow=QUIET_SHARE, learned=_counted(column))
    elif column.kind == "number" and column.low is not None and column.high is not None:
        yield Rule("range", at, column.low, column.high, allow=QUIET_SHARE, learned="least and greatest value")
    elif column.kind == "time" and column.low is not None:  # later rows have later moments
        yield Rule("range", at, column.low, allow=QUIET_SHARE, learned="earliest moment")


def _counted(column: Column) -> str:
    return f"all {len(column.levels):,} levels of training" if column.kind == "category" else ""
