"""Cells of text that normalising empties: those spelt as missing, and those that are not of their column's kind."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from artificer.data.columns import each
from artificer.data.missing import without_missing
from artificer.data.spelled import SHOWN, shown
from artificer.data.table import normal_column
from artificer_runtime.schema import Column, Schema

PARSED = ("number", "time")  # kinds of which a cell of text may not be


def unread(frame: pl.DataFrame, schema: Schema) -> tuple[dict[str, int], dict[str, int], dict[str, tuple[str, ...]]]:
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
    words : dict of str to tuple of str
        The commonest of these, three at most.
    """
    columns = [column for column in schema.columns if frame[column.name].dtype == pl.String]
    counted = each(lambda column: _counted(frame[column.name], column, schema.missing), columns, frame.height)
    disguised = {column.name: n for column, (n, _, _) in zip(columns, counted, strict=True) if n}
    stray = {column.name: n for column, (_, n, _) in zip(columns, counted, strict=True) if n}
    words = {column.name: found for column, (_, _, found) in zip(columns, counted, strict=True) if found}
    return disguised, stray, words


def _counted(values: pl.Series, column: Column, missing: Sequence[str]) -> tuple[int, int, tuple[str, ...]]:
    each_once = values.drop_nulls().alias("cell").value_counts()
    cells, n_cells = each_once["cell"].alias(column.name), each_once["count"]
    known = without_missing(cells, missing)
    read = normal_column(cells, column, missing) if column.kind in PARSED else known
    stray = known.is_not_null() & read.is_null()
    met = (
        each_once.filter(stray).sort(["count", "cell"], descending=[True, False])["cell"] if stray.any() else cells[:0]
    )
    words = tuple(shown(word) for word in met.head(SHOWN).to_list())
    return int(n_cells.filter(known.is_null()).sum()), int(n_cells.filter(stray).sum()), words
