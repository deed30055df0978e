"""Columns that hold no single values, such as lists: no model reads them, so they are left out of files, and that is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from artificer.core.records import Finding

NESTED = "nested"
HELD = {pl.List: "lists", pl.Array: "lists", pl.Struct: "records", pl.Binary: "bytes"}


def nested(frame: pl.DataFrame) -> dict[str, str]:
    """Such columns of a frame, and what they hold."""
    found = (name for name, kind in frame.schema.items() if kind.is_nested() or kind in (pl.Object, pl.Binary))
    return {name: HELD.get(frame.schema[name].base_type(), "objects") for name in found}


def told_left_out(name: str, held: str, *, of_all: bool = False) -> Finding:
    """Say that a column is left out.

    Parameters
    ----------
    of_all : bool
        Whether other files hold single values in it, so that these are left out too.
    """
    return Finding(
        NESTED,
        "warning",
        name,
        f"'{name}' holds {held} in some files, which no model reads: it is left out of all"
        if of_all
        else f"'{name}' holds {held}, which no model reads: it is left out",
        "make plain columns of it if it may tell something: a count, a flag, a column for each of its parts",
    )


def left_out(findings: Iterable[Finding]) -> dict[str, str]:
    """Columns that were left out, and what is said of each."""
    return {one.where: one.says for one in findings if one.code == NESTED}


def of_all(finding: Finding, names: Iterable[str]) -> Finding:
    """The finding where its column is among those that are left out of files that hold single values in it."""
    if finding.code != NESTED or finding.where not in names:
        return finding
    held = finding.says.removeprefix(f"'{finding.where}' holds ").partition(",")[0]
    return told_left_out(finding.where, held, of_all=True)


def of_table(finding: Finding, table: str) -> Finding:
    """A finding about a column of a table that is joined, where columns bear its name."""
    name = f"{table}.{finding.where}"
    return replace(finding, where=name, says=finding.says.replace(f"'{finding.where}'", f"'{name}'"))
