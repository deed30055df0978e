"""Rows at the edges of a schema: made from ranges and levels alone, so that they are nobody's and may travel.

Each column missing, all of them missing, a level never seen, the ends of ranges and what lies just beyond, texts that are
empty, long or odd, numbers of any size, dates far off, and draws from levels and ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from artificer_runtime.schema import GROUPS, Column, Schema

MOST_COLUMNS, N_DRAWN = 40, 40
MOST_TRAINING_ROWS = 200
LARGEST = 1e300  # so that what lies beyond is a number too
UNSEEN = "never seen in training"
NUMBERS = (0.0, -1.0, 1e-300, 1e12, 1e300, -1e300)
TEXTS = ("", "a", "Ω≠é \u2603", "0 1 2", "the a of to and in is it you that " * 40)
FAR = (datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def edge_rows(schema: Schema, seed: int = 0) -> list[dict[str, Any]]:
    """Make them: dicts of JSON values, the same for the same schema, at most some hundred.

    Of more than 40 columns, every so-manieth has edges of its own.
    """
    columns = [column for column in schema.columns if column.kind in GROUPS]
    rng = np.random.default_rng(seed)
    middle = {column.name: _middle(column) for column in columns}
    rows = [middle, dict.fromkeys(middle)]
    step = -(-len(columns) // MOST_COLUMNS)
    for column in columns[:: max(step, 1)]:
        rows += [{**middle, column.name: value} for value in (None, *_edges(column))]
    return rows + [{column.name: _any(column, rng) for column in columns} for _ in range(N_DRAWN)]


def drawn(n_rows: int) -> np.ndarray:
    """Positions of the training rows that are certified: evenly over all of them, at most 200."""
    return np.unique(np.linspace(0, max(n_rows - 1, 0), min(n_rows, MOST_TRAINING_ROWS)).astype(np.int64))


def _middle(column: Column) -> Any:
    group = GROUPS[column.kind]
    if group == "codes":
        return column.levels[0] if column.levels else None
    if group == "texts":
        return "one two three"
    low, high = _range(column)
    return low + (high - low) / 2 if group == "numbers" else _moment(column, low + (high - low) / 2)


def _edges(column: Column) -> Iterator[Any]:
    group = GROUPS[column.kind]
    if group == "codes":
        yield from (UNSEEN, *column.levels[-1:])
    elif group == "texts":
        yield from TEXTS
    else:
        low, high = _range(column)
        beyond = (high - low) / 100 or 1.0
        if group == "numbers":
            ends = (low, high, float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf)))
            yield from (*ends, low - beyond, high + beyond, *NUMBERS)
        else:
            yield from (_moment(column, end) for end in (low, high, low - max(beyond, 86_400.0), high + beyond))
            yield from (_written(column, moment) for moment in FAR)


def _any(column: Column, rng: np.random.Generator) -> Any:
    """A level, a number or a moment drawn from what training held; one in ten is missing."""
    group, share = GROUPS[column.kind], float(rng.random())
    if rng.random() < 0.1:
        return None
    if group == "codes":
        return column.levels[int(share * len(column.levels))] if column.levels else None
    if group == "texts":
        return TEXTS[int(share * len(TEXTS))]
    low, high = _range(column)
    value = low + share * (high - low)
    return float(f"{value:.6g}") if group == "numbers" else _moment(column, value)


def _range(column: Column) -> tuple[float, float]:
    low, high = column.low if column.low is not None else 0.0, column.high if column.high is not None else 1.0
    return max(low, -LARGEST), min(high, LARGEST)


def _moment(column: Column, seconds: float) -> str:
    """A moment of whole seconds, as the column's texts write it."""
    return _written(column, _EPOCH + timedelta(seconds=float(np.floor(np.clip(seconds, -3e10, 2.5e11)))))


def _written(column: Column, moment: datetime) -> str:
    return moment.strftime(column.form) if column.form else moment.isoformat()
