"""A person's own rules: an expression in polars' SQL that does not reach beyond the rows; queries stand in `own_sql`.

Values come in canonical form: numbers as doubles, moments in UTC, all else as texts ("true" and "false" too).
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from artificer.core.errors import ContractError

# polars reads the files that a subquery names while it parses; so words that begin one are refused, in texts too.
SUBQUERY = re.compile(r"(?i)\b(select|from|table|values|with)\b|read_|scan_")


def by_polars(values: pl.DataFrame, text: str, title: str) -> tuple[int, np.ndarray]:
    """Find the rows for which an expression in polars' SQL is false; where it is null, a row is in order.

    Raises
    ------
    ContractError
        When it cannot be read, names an absent column, holds a subquery, or gives no truth value.
    """
    found = SUBQUERY.search(text)
    if found:
        raise ContractError(
            f"the contract's expression '{title}' holds '{found[0]}', which may begin a subquery; make it a query under "
            "[[sql]]"
        )
    try:
        kept = values.select(holds=pl.sql_expr(text).fill_null(True))["holds"] if values.width else pl.Series()
        kept = kept.new_from_index(0, values.height) if len(kept) == 1 else kept
    except pl.exceptions.PolarsError as error:  # its own words may hold values of the rows
        raise ContractError(
            f"the contract's expression '{title}' cannot be worked out on these columns; mend it, for instance "
            "age >= 18 OR income IS NULL"
        ) from error
    if kept.dtype != pl.Boolean or len(kept) != values.height:
        raise ContractError(f"the contract's expression '{title}' gives no truth value for each row; mend it")
    places = (~kept).arg_true().to_numpy().astype(np.int64)
    return len(places), places
