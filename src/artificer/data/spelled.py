"""One spelling of each value of a column that holds several types: what a row says does not hang on the rows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from artificer_runtime.values import canonical_text, is_missing

SHOWN, LONGEST = 3, 30  # cells of a column that a message shows, and characters of one


def is_mixed(values: Sequence[Any]) -> bool:
    """Whether texts or truth values stand among values of other types.

    >>> is_mixed(["u", True, None]), is_mixed([1, 2.5, None]), is_mixed([True, 1])
    (True, False, True)
    """
    kinds = {type(value) for value in values if not is_missing(value, ())}
    return len(kinds) > 1 and any(issubclass(kind, str | bool) for kind in kinds)


def mixed_texts(values: Sequence[Any]) -> list[str | None]:
    """Values as the runtime spells them as levels; None where one is missing.

    >>> mixed_texts(["u", True, 1, 1.0, 2.5, None])
    ['u', 'true', '1', '1', '2.5', None]
    """
    return [None if is_missing(value, ()) else _text(value) for value in values]


def moments_of(values: Sequence[Any]) -> list[Any]:
    """The first moment of each of pandas' periods; None where one is missing."""
    return [None if is_missing(value, ()) else value.to_timestamp().to_pydatetime(warn=False) for value in values]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical_text(value)


def spelled(column: pl.Series) -> pl.Series:
    """A column as texts, in the same spelling."""
    if column.dtype.is_float():
        return pl.Series(column.name, mixed_texts(column.to_list()), dtype=pl.String)
    return column.cast(pl.String)


def concatenated(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of all frames, which have the same columns in the same order; what some hold as texts becomes text in all.

    A column of texts without any, as a file of texts gives where its cells are empty, takes the type of the others.
    """
    frames = [frame.with_columns(_empty(frame)) for frame in frames]
    kinds = {name: {frame.schema[name] for frame in frames} - {pl.Null} for name in frames[0].columns}
    texts = [name for name, held in kinds.items() if len(held) > 1 and pl.String in held]
    try:
        whole = pl.concat([_texts(frame, texts) for frame in frames], how="vertical_relaxed")
    except pl.exceptions.PolarsError:  # such as moments beside numbers
        texts = [name for name, held in kinds.items() if len(held) > 1]
        whole = pl.concat([_texts(frame, texts) for frame in frames], how="vertical_relaxed")
    return whole.with_columns(pl.col(pl.Null).cast(pl.String))


def _empty(frame: pl.DataFrame) -> list[pl.Expr]:
    """Columns of texts without any, of no type."""
    names = (name for name, kind in frame.schema.items() if kind == pl.String)
    return [pl.lit(None).alias(name) for name in names if frame[name].null_count() == frame.height]


def _texts(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return frame.with_columns(spelled(frame[name]) for name in names)


def shown(word: str) -> str:
    """A cell as a message shows it."""
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
