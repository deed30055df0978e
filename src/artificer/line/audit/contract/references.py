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


def stand_in(values: pl.Series, theirs: pl.Series) -> pl.Series:
    """Whether each value stands among those of a column of another table: as a number, or as a key is written.

    A file may hold as texts what another holds as numbers: 7, 7.0 and "7" are one key.
    """
    if values.dtype.is_numeric() and theirs.dtype.is_numeric():
        return values.cast(pl.Float64).is_in(theirs.cast(pl.Float64).drop_nulls().unique().implode())
    return _key(values).is_in(_key(theirs).drop_nulls().unique().implode())


def _key(values: pl.Series) -> pl.Series:
    return key_texts(values.to_frame(), (values.name,), ())


def _of_table(frame: pl.DataFrame, table: Joined, folder: Path) -> list[Rule]:
    (name,) = table.key
    met = stand_in(frame[name], read(table.source, folder=folder).frame[name])
    n, n_met = met.count(), int(met.sum())
    if n < FEWEST_ROWS or n_met < COVERED * n:
        return []
    said = f"{n_met:,} of {n:,} training rows find theirs"
    return [Rule("reference", (name,), values=(table.source, name), allow=largest_share(n, n - n_met), learned=said)]
