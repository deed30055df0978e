"""Cells of text that normalising empties: those spelt as missing, and those that are not of their column's kind."""

from __future__ import annotations

import polars as pl

from artificer.data.kinds import without_missing
from artificer.data.table import normalise
from artificer_runtime.schema import Schema


def unread(frame: pl.DataFrame, schema: Schema) -> tuple[dict[str, int], dict[str, int]]:
    """Count them by column, columns without any left out.

    Parameters
    ----------
    frame : DataFrame
        Training rows, as read.

    Returns
    -------
    disguised : dict of str to int
        Cells that say in words that the value is missing: "?", "N/A", and what the brief names.
    stray : dict of str to int
        Cells of words in a column of numbers, or of no date in a column of dates.
    """
    disguised, stray = {}, {}
    for column in schema.columns:
        if frame[column.name].dtype != pl.String:
            continue
        counted = frame[column.name].drop_nulls().alias("cell").value_counts()
        cells, n_cells = counted["cell"].alias(column.name), counted["count"]
        known = without_missing(cells, schema.missing)
        values = normalise(cells.to_frame(), Schema((column,), schema.missing))[column.name]
        n_disguised = int(n_cells.filter(known.is_null()).sum())
        n_stray = int(n_cells.filter(known.is_not_null() & values.is_null()).sum())
        if n_disguised:
            disguised[column.name] = n_disguised
        if n_stray:
            stray[column.name] = n_stray
    return disguised, stray
