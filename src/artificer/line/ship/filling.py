"""What `score` puts into the table: the key's columns as they came, and ours beside them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import numpy as np
import polars as pl

from artificer.data.fill import Filling
from artificer.line.ship.decided import Decided
from artificer.line.ship.decisions import Rule
from artificer.line.ship.predicted import Predicted
from artificer.line.ship.scorer import Scorer

# Columns that a table may lack: it stands there since before they were told, or its brief has come to ask for them.
ENDS = ("low", "high")
LATER = (*ENDS, "period", "reasons", "review")


def filling(scorer: Scorer, rule: Rule, found: Predicted, said: Decided, decisions: pl.Series) -> Filling:
    """The table's rows.

    Parameters
    ----------
    decisions : Series of Categorical, (n_rows,)
        Those of `said`, with persons' answers in them.
    """
    n_rows, asked = len(found.score), scorer.brief.decision
    period = said.starts.alias("period") if rule.every_s else None
    ours = [
        pl.Series("predicted", found.classes.tolist()) if found.classes is not None else None,
        pl.Series("score", found.score),
        *ends_of(found.ends),
        decisions.alias("decision"),
        period,
        said.reasons.alias("reasons") if asked.reasons.count else None,
        said.because.alias("review") if asked.review.when else None,
        found.flags.alias("flags"),
        _same(scorer.version, n_rows).alias("version"),
        _same(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", n_rows).alias("scored_at"),
    ]
    columns = list(found.keys.get_columns())
    taken = {column.name.lower() for column in columns}  # SQLite tells no case apart
    for column in ours:
        if column is not None:
            columns.append(column.alias(_free(column.name, taken)))
    group = _free("period", taken) if period is not None else ""
    optional = tuple(_free(name, taken) for name in LATER)
    return Filling(pl.DataFrame(columns), tuple(found.keys.columns), _free("scored_at", taken), group, optional)


def ends_of(ends: np.ndarray | None) -> list[pl.Series]:
    """The columns "low" and "high", null where there is no such end; none of them where classes are predicted."""
    if ends is None:
        return []
    known = np.where(np.isfinite(ends), ends, np.nan)
    return [pl.Series(name, known[:, place], nan_to_null=True) for place, name in enumerate(ENDS)]


def _same(text: str, n_rows: int) -> pl.Series:
    return pl.Series([text], dtype=pl.Categorical).new_from_index(0, n_rows)


def _free(name: str, taken: Collection[str]) -> str:
    """A name for a column of ours that is none of the key's: a key may be called "score"."""
    while name in taken:
        name = f"{name}_"
    return name
