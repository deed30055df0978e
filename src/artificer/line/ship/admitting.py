"""`[serve]`: what server and `score` do with a category that training never saw, and with a column that is not sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from artificer.core.errors import DataError
from artificer_runtime.schema import GROUPS, Schema

if TYPE_CHECKING:
    import polars as pl

    from artificer.line.ship.scorer import Scorer


def unknown(schema: Schema, rows: Any) -> Iterator[tuple[int, str]]:
    """Places of rows and names of columns whose category training never saw, row by row.

    Parameters
    ----------
    rows : dict, list of dicts, or frame
        With all columns that the model reads.
    """
    names = [column.name for column in schema.columns if GROUPS.get(column.kind) == "codes"]
    for place, number in zip(*np.nonzero(schema.encode(rows).codes < 0), strict=True):
        yield int(place), names[number]


def admitted(scorer: Scorer, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as they are predicted: a column that is not there is missing in all of them, where the brief answers that."""
    if scorer.brief.serve.missing != "answer":
        return rows
    import polars as pl

    lacking = [
        one.name for one in scorer.predictor.schema.columns if one.kind in GROUPS and one.name not in rows.columns
    ]
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking) if lacking else rows


def refuse_unknown(scorer: Scorer, rows: pl.DataFrame, unseen: np.ndarray, source: str = "", start: int = 0) -> None:
    """See that no row holds a category that training never saw, where the brief refuses that.

    Parameters
    ----------
    unseen : array of bool, (n_rows,)
        What the prediction flags.
    source, start
        Where the rows came from, and how many of it came before them.

    Raises
    ------
    DataError
        Naming the first such row, its column and value.
    """
    if scorer.brief.serve.unknown != "refuse" or not unseen.any():
        return
    place, name = next(unknown(scorer.predictor.schema, rows))
    of = f" of '{source}'" if source else ""
    held = "a value" if name in scorer.brief.legal.personal else f"'{rows[name][place]}'"
    raise DataError(
        f"column '{name}' of row {start + place:,}{of} (counted from 0) holds {held}, which training never saw, and "
        '[serve] unknown = "refuse"; mend such rows, train on some, or have them answered: unknown = "answer"'
    )
