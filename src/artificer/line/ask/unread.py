"""Cells of text that normalising empties: those spelt as missing, and those that are not of their column's kind."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from artificer.data.columns import each
from artificer.data.kinds import without_missing
from artificer.data.table import normal_column
from artificer_runtime.schema import Column, Schema


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
    columns = [column for column in schema.columns if frame[column.name].dtype == pl.String]
    counted = each(lambda column: _counted(frame[column.name], column, schema.missing), columns, frame.height)
    disguised = {column.name: n for column, (n, _) in zip(columns, counted, strict=True) if n}
    stray = {column.name: n for column, (_, n) in zip(columns, counted, strict=True) if n}
    return disguised, stray


def _counted(values: pl.Series, column: Column, missing: Sequence[str]) -> tuple[int, int]:
    each_once = values.drop_nulls().alias("cell").value_counts()
    cells, n_cells = each_once["cell"].alias(column.name), each_once["count"]
    known, read = without_missing(cells, missing), normal_column(cells, column, missing)
    return int(n_cells.filter(known.is_null()).sum()), int(n_cells.filter(known.is_not_null() & read.is_null()).sum())
