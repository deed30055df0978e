"""The contract: what the training rows looked like, and later data held against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from artificer.core.errors import closest
from artificer.core.records import Fact, Finding
from artificer.core.stages import Contract
from artificer.data.kinds import without_missing
from artificer.data.readers import read
from artificer.data.table import normalise
from artificer_runtime.schema import Column, Schema

WHAT = {"number": "numbers", "time": "dates or times"}
LARGEST_QUIET_SHARE = 0.001


def contract_of(frame: pl.DataFrame, schema: Schema, target: str, key: tuple[str, ...]) -> Contract:
    """Learn the contract from the training rows.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    target : str
        Not in the contract: later rows come before their labels.
    key : tuple of str
        The brief's `[data] key`; it is in the contract if no two training rows share it.
    """
    columns = tuple(column for column in schema.columns if column.name != target)
    not_null = tuple(column.name for column in columns if not frame[column.name].null_count())
    unique = key if key and not frame.select(key).is_duplicated().any() else ()
    return Contract(Schema(columns, schema.missing), not_null, unique, target)


def check_contract(frame: Any, contract: Contract) -> tuple[Finding, ...]:
    """Hold data against a contract.

    Parameters
    ----------
    frame : DataFrame of polars, pandas or Arrow
        Rows as delivered.

    Returns
    -------
    tuple of Finding
        Codes ``contract:absent``, ``contract:new``, ``contract:kind``, ``contract:missing``, ``contract:range``,
        ``contract:level`` and ``contract:repeated``; empty when the data keeps the contract.
    """
    rows = read(frame).frame
    known = {column.name: column for column in contract.schema.columns}
    findings = [*_names(rows, known, contract.target)]
    shared = [name for name in known if name in rows.columns]
    if not rows.height or not shared:
        return tuple(findings)
    schema = Schema(tuple(known[name] for name in shared), contract.schema.missing)
    values = normalise(rows, schema)
    for column in schema.columns:
        given, after = without_missing(rows[column.name], contract.schema.missing), values[column.name]
        findings += _missing(given, column.name in contract.not_null)
        findings += _unreadable(given, after, column, str(rows[column.name].dtype))
        findings += _values(after, column)
    findings += _repeated(values, contract.unique)
    return tuple(findings)


def _names(rows: pl.DataFrame, known: dict[str, Column], target: str) -> Iterator[Finding]:
    for name in known:
        if name not in rows.columns:
            yield Finding(
                "contract:absent",
                "blocker",
                name,
                f"'{name}' is absent{closest(name, rows.columns)}",
                "deliver it, or train again without it",
            )
    for name in rows.columns:
        if name not in known and name != target:
            yield Finding(
                "contract:new", "note", name, f"'{name}' is new", "nothing to do: it is not read; train again to use it"
            )


def _unreadable(given: pl.Series, read: pl.Series, column: Column, dtype: str) -> Iterator[Finding]:
    n_given = given.count()
    n_lost = n_given - read.count()
    if n_lost <= 0:
        return
    yield Finding(
        "contract:kind",
        "blocker" if n_lost == n_given else "warning",
        column.name,
        f"{n_lost / n_given:.1%} of the values of '{column.name}' cannot be read as {WHAT[column.kind]}, as they were "
        f"in training (then {column.dtype}, now {dtype})",
        "have its source corrected, or train again on the new kind",
        (Fact("share_unreadable", n_lost / n_given, "share of values"), Fact("n_unreadable", float(n_lost), "rows")),
    )


def _missing(values: pl.Series, never: bool) -> Iterator[Finding]:
    share = values.null_count() / len(values)
    if never and share:
        yield Finding(
            "contract:missing",
            "blocker" if share == 1 else "warning",
            values.name,
            f"{share:.1%} of '{values.name}' is missing; in training it never was",
            "have its source corrected; a model meets here what it never learned",
            (Fact("share_missing", share, "share of rows"),),
        )


def _values(values: pl.Series, column: Column) -> Iterator[Finding]:
    """Shares of values beyond training's range, or of levels that training lacked."""
    if column.kind in ("category", "boolean"):
        odd, what, code = ~values.is_in(column.levels), "levels that training lacked", "contract:level"
    elif column.kind in ("number", "time") and column.low is not None and column.high is not None:
        seconds = values.dt.epoch("us") / 1e6 if column.kind == "time" else values
        odd, what, code = (
            (seconds < column.low) | (seconds > column.high),
            "values beyond training's range",
            "contract:range",
        )
    else:
        return
    share = float(odd.sum() or 0) / len(values)
    if share > LARGEST_QUIET_SHARE:
        yield Finding(
            code,
            "warning" if share > 0.01 else "note",
            column.name,
            f"{share:.1%} of '{column.name}' holds {what}",
            "see whether the source changed; if it did for good, train again",
            (Fact("share", share, "share of rows"),),
        )


def _repeated(values: pl.DataFrame, unique: tuple[str, ...]) -> Iterator[Finding]:
    if not unique or not set(unique) <= set(values.columns):
        return
    n_repeated = int(values.select(unique).is_duplicated().sum())
    if n_repeated:
        yield Finding(
            "contract:repeated",
            "warning",
            ", ".join(unique),
            f"{n_repeated:,} rows share their key; in training none did",
            "remove rows that were delivered twice",
            (Fact("n_repeated", float(n_repeated), "rows"),),
        )
