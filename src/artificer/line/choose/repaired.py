"""Repaired: what `audit` proved is done to the choice of rows and to how columns are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from artificer.core.stages import Repair
from artificer.line.audit.repairs import COPIES, ROWS, copies
from artificer.line.audit.seen import Seen
from artificer.line.choose.folds import Folds
from artificer_runtime.schema import Column


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows after repairs.

    Attributes
    ----------
    folds : Folds
        Copies measure nothing; all other rows measure with the label that they have. What does not train in a fold is
        found among its own training rows alone.
    left_out : array of bool, (n_rows,)
        Rows that the final fit does not train on.
    """

    folds: Folds
    left_out: np.ndarray


def without_rows(seen: Seen, repairs: Iterable[Repair], folds: Folds) -> Kept | None:
    """Leave rows out as the repairs say; None where none of them does."""
    codes = [repair.name.partition(":")[0] for repair in repairs if repair.column is None]
    if not codes:
        return None
    copied = copies(seen) if COPIES in codes else np.zeros(seen.rows.n_rows, bool)
    trains = [_trusted(seen, codes, folds.training(one) & ~copied) for one in range(folds.n_folds)]
    folds = replace(folds, of_row=np.where(copied, np.int8(-1), folds.of_row), trains=np.stack(trains))
    return Kept(folds, ~_trusted(seen, codes, ~copied))


def columns_read(repairs: Iterable[Repair]) -> tuple[Column, ...]:
    """How columns are read after repairs, each once."""
    mended: dict[str, Column] = {}
    for repair in repairs:
        if repair.column is not None:
            before = mended.get(repair.column.name, repair.column)
            mended[before.name] = _both(before, repair.column)
    return tuple(mended.values())


def _trusted(seen: Seen, codes: Sequence[str], trains: np.ndarray) -> np.ndarray:
    """Which of the rows that train are left by every repair, each of which sees these alone."""
    places, trusted = np.flatnonzero(trains), trains.copy()
    for code in codes:
        if code in ROWS:
            trusted[places] &= ~ROWS[code][0](seen.part(places))
    return trusted


def _both(first: Column, second: Column) -> Column:
    return replace(
        second,
        spellings=first.spellings or second.spellings,
        gaps=first.gaps or second.gaps,
        within=first.within or second.within,
    )
