"""A row's key as one text: what the ledger, the tables and `artificer why` know it by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from artificer.core.errors import DataError, closest
from artificer.data.row_key import BETWEEN, text_of


def key_texts(frame: pl.DataFrame, key: Sequence[str], parts: Sequence[tuple[str, int]]) -> pl.Series:
    """Name each row by its key, or by where it came from: a Series of texts (n_rows,).

    Parameters
    ----------
    key : sequence of str
        Columns that identify a row. Their values are joined by "|"; one inside a value is written "\\|".
    parts : sequence of (source, n_rows)
        Where rows without a key came from: a row is then "source:position", counted from 0.

    Raises
    ------
    DataError
        When the frame lacks a column of the key.
    """
    if not key:
        return pl.Series("row", [f"{name}:{place}" for name, n_rows in parts for place in range(n_rows)], pl.String)
    lacking = [name for name in key if name not in frame.columns]
    if lacking:
        raise DataError(
            f"column '{lacking[0]}' of [data] key is absent from the rows{closest(lacking[0], frame.columns)}"
        )
    columns = [_texts(frame[name]) for name in key]
    if len(key) > 1:
        columns = [
            one.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True) for one in columns
        ]
    return pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator=BETWEEN).alias("key")).to_series()


def _texts(column: pl.Series) -> pl.Series:
    if column.dtype.is_integer():
        return column.cast(pl.String)
    if column.dtype == pl.String:
        return column.str.strip_chars()
    return pl.Series(column.name, [text_of(value) for value in column.to_list()], pl.String)
