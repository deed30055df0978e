"""Entities: columns that say whom or what a row is about, by values that repeat a few times each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.data.kinds import ID_NAME
from artificer.data.scan import ColumnProfile
from artificer.line.audit.seen import Seen

FEWEST_LEVELS = 30
# Rows a level, on average: a person has few, a town has many.
MOST_ROWS_A_LEVEL = 20.0
MOST_ROWS_COUNTED = 50
LEAST_SHARE_REPEATED = 0.2


@dataclass(frozen=True, slots=True)
class Entity:
    """One such column.

    Attributes
    ----------
    codes : array of int64, (n_rows,)
        Which level each row is of, in the order of the values; -1 where missing.
    n_levels : int
    share_repeated : float
        Share of the rows whose level another row has too: about the chance that a row drawn anew is of a known one
        (Good 1953, Biometrika 40).
    agreement : float
        How much more alike the target is within a level than between neighbouring levels, at most 1: 1 where a level
        tells it, 0 where it tells nothing beyond what values near it do.
    n_pairs : int
        Rows beyond the first of each level: what the agreement rests on.
    is_named, is_number : bool
        Whether its name says that it identifies; whether it holds numbers, which may be measured ones.
    """

    name: str
    codes: np.ndarray
    n_levels: int
    share_repeated: float
    agreement: float
    n_pairs: int
    is_named: bool
    is_number: bool


def entities(seen: Seen) -> Iterator[Entity]:
    """Find columns of that kind among the features, identifiers and keys that the brief does not name as groups.

    Measured numbers repeat too: a number is taken for an entity where its name says so, or where its levels tell what
    numbers beside them do not.
    """
    data, target = seen.brief.data, seen.brief.target
    other = {target.column, data.time, data.group, data.weight, *target.known_after, *seen.brief.features.exclude}
    values = _as_columns(seen)
    for column in seen.asked.schema.columns:
        if column.name in other or column.kind in ("boolean", "constant", "time"):
            continue
        if not _may_be(seen.profile.column(column.name)):
            continue
        found = _entity(seen.rows.frame[column.name], values)
        if found is not None:
            yield found


def _may_be(profile: ColumnProfile) -> bool:
    """Whether the scan's count of values, which is good to some percent, leaves it open: most columns need no look."""
    n_known, n_distinct = profile.n_rows - profile.n_missing, profile.n_distinct
    return 1.1 * n_distinct >= FEWEST_LEVELS and n_distinct <= 0.95 * n_known <= 1.1 * MOST_ROWS_A_LEVEL * n_distinct


def _entity(column: pl.Series, y: np.ndarray) -> Entity | None:
    if column.dtype.is_float() and not bool((column.fill_nan(None).drop_nulls() % 1 == 0).all()):
        return None
    codes = column.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    known = codes >= 0
    counts = np.bincount(codes[known])
    n_known = int(known.sum())
    if len(counts) < FEWEST_LEVELS or n_known > MOST_ROWS_A_LEVEL * len(counts):
        return None
    share_repeated = float(counts[counts > 1].sum() / n_known)
    if share_repeated < LEAST_SHARE_REPEATED:
        return None
    order = np.flatnonzero(known)[np.argsort(codes[known], kind="stable")]
    agreement = _agreement(codes[order], y[order])
    return Entity(
        column.name,
        codes,
        len(counts),
        share_repeated,
        agreement,
        n_known - len(counts),
        bool(ID_NAME.search(column.name)),
        column.dtype.is_numeric(),
    )


def _agreement(codes: np.ndarray, y: np.ndarray) -> float:
    """One less the squared gaps within levels over those from the same levels to their neighbours, rows sorted by level.

    A level counts by its rows beyond the first; a very common one is no person's.
    """
    gaps, n_levels = np.square(np.diff(y, axis=0)).sum(axis=1), int(codes[-1]) + 1
    left, right = codes[:-1], codes[1:]
    same = left == right
    n_within = np.bincount(left[same], minlength=n_levels)
    within = np.bincount(left[same], gaps[same], minlength=n_levels)
    ends = np.concatenate([left[~same], right[~same]])
    n_across = np.bincount(ends, minlength=n_levels)
    across = np.bincount(ends, np.tile(gaps[~same], 2), minlength=n_levels)
    counted = (n_within > 0) & (n_within < MOST_ROWS_COUNTED) & (n_across > 0)
    expected = float((across[counted] / n_across[counted] * n_within[counted]).sum())
    return 1.0 - float(within[counted].sum()) / expected if expected > 0 else 0.0


def _as_columns(seen: Seen) -> np.ndarray:
    """The target as columns whose squared gaps count: (n_rows, 1) of ranks, or (n_rows, n_classes) of 0 and 1."""
    y = seen.rows.y
    if seen.asked.classes:
        return np.eye(len(seen.asked.classes))[y.astype(np.int64)]
    return pl.Series(y).rank().to_numpy()[:, None] / len(y)
