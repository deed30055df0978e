"""Training rows → the contract that they keep: of each column its kind, gaps, range, levels, pattern; keys; relations."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from artificer.core.stages import Contract, Rule
from artificer.line.audit.contract.patterns import pattern_of
from artificer.line.audit.contract.relations import relations_of
from artificer_runtime.schema import Column, Schema

LARGEST_QUIET_SHARE = 0.001
FEWEST_FOR_UNIQUE = 50


def contract_of(
    frame: pl.DataFrame, schema: Schema, target: str, key: tuple[str, ...], personal: tuple[str, ...] = ()
) -> Contract:
    """Learn the contract from the training rows.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    target : str
        Not in the contract: later rows come before their labels.
    key : tuple of str
        The brief's `[data] key`; it is in the contract if no two training rows share it.
    personal : tuple of str
        Columns whose values are pseudonyms here: the contract says nothing of how they are written.
    """
    columns = tuple(column for column in schema.columns if column.name != target)
    not_null = tuple(column.name for column in columns if not frame[column.name].null_count())
    unique = key if key and not frame.select(key).is_duplicated().any() else ()
    rules = [rule for column in columns for rule in _column_rules(frame[column.name], column, unique, personal)]
    if unique:
        rules.append(Rule("unique", unique, learned="the brief's key; no two training rows share it"))
    rules += relations_of(frame, columns)
    return Contract(Schema(columns, schema.missing), not_null, unique, target, tuple(rules))


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """All rules of a contract, those of a package of Artificer 0.1 too."""
    if contract.rules is not None:
        return contract.rules
    columns = contract.schema.columns
    rules = [rule for column in columns for rule in _basic(column, column.name in contract.not_null)]
    return (*rules, Rule("unique", contract.unique)) if contract.unique else tuple(rules)


def _column_rules(values: pl.Series, column: Column, key: tuple[str, ...], personal: tuple[str, ...]) -> Iterator[Rule]:
    yield from _basic(column, not values.null_count())
    known = values.drop_nulls()
    if values.dtype == pl.String and column.name not in personal and (found := pattern_of(known)):
        yield Rule(
            "pattern", (column.name,), text=found, allow=LARGEST_QUIET_SHARE, learned="every value in training has it"
        )
    alone = column.kind == "identifier" and key != (column.name,)
    if alone and len(known) >= FEWEST_FOR_UNIQUE and known.n_unique() == len(known):
        yield Rule("unique", (column.name,), learned="no two training rows share a value")


def _basic(column: Column, never_missing: bool) -> Iterator[Rule]:
    """What a column's kind, levels and range say."""
    at = (column.name,)
    yield Rule("present", at)
    yield Rule("type", at, learned=f"read as {column.dtype}" if column.dtype else "")
    if never_missing:
        yield Rule("missing", at, high=0.0, learned="never missing in training")
    if column.kind in ("category", "boolean"):
        yield Rule("set", at, values=column.levels, allow=LARGEST_QUIET_SHARE, learned=_counted(column))
    elif column.kind in ("number", "time") and column.low is not None and column.high is not None:
        yield Rule("range", at, column.low, column.high, allow=LARGEST_QUIET_SHARE, learned="least and greatest value")


def _counted(column: Column) -> str:
    return f"all {len(column.levels):,} levels of training" if column.kind == "category" else ""
