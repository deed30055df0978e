"""Keys across tables: each value of a column stands in the table that the brief joins by it, but for as few as in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from artificer.core.brief import Joined
from artificer.core.stages import Rule
from artificer.data.keys import key_texts
from artificer.data.readers import read
from artificer.line.audit.contract.chance import largest_share

FEWEST_ROWS = 100
COVERED = 0.9


def references_of(frame: pl.DataFrame, tables: Mapping[str, Joined], folder: Path) -> list[Rule]:
    """Find which columns refer to which table, and in how many rows.

    Tables by one column that are files; one that finds no row for a tenth of the values promises nothing.

    Parameters
    ----------
    frame : DataFrame
        Normalised training rows.
    folder : Path
        Where relative paths of the brief start.
    """
    return [
        rule
        for table in tables.values()
        if table.source and "://" not in table.source and len(table.key) == 1
        for rule in _of_table(frame, table, folder)
    ]


def _of_table(frame: pl.DataFrame, table: Joined, folder: Path) -> list[Rule]:
    (name,) = table.key
    ours = key_texts(frame, table.key, ()).drop_nulls()
    theirs = key_texts(read(table.source, folder=folder).frame, table.key, ()).drop_nulls()
    n, n_met = len(ours), int(ours.is_in(theirs.unique().implode()).sum())
    if n < FEWEST_ROWS or n_met < COVERED * n:
        return []
    said = f"{n_met:,} of {n:,} training rows find theirs"
    return [Rule("reference", (name,), values=(table.source, name), allow=largest_share(n, n - n_met), learned=said)]
