"""Demanded directions, as scikit-learn's `monotonic_cst` says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artificer.core.brief import MonotoneEffect

EFFECTS: dict[int, MonotoneEffect] = {1: "increasing", 0: "any", -1: "decreasing"}


def demanded(given: Any, columns: Sequence[str], *, flipped: bool = False) -> dict[str, MonotoneEffect]:
    """What the line is asked for.

    Parameters
    ----------
    given : mapping of name to int, array of int (n_features,), or None
        1 where the prediction may only rise with a column, -1 where it may only fall, 0 where it may do both.
    columns : sequence of str
        X's.
    flipped : bool
        Whether success is the first class: scikit-learn speaks of the second.

    Raises
    ------
    ValueError
        When a name is none of X's, the array has another length, or a direction is none of these.

    >>> demanded({"age": 1, "price": 0}, ["age", "price"])
    {'age': 'increasing'}
    >>> demanded([0, -1], ["age", "price"], flipped=True)
    {'price': 'increasing'}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        values = np.asarray(given).tolist()
        if not isinstance(values, list) or len(values) != len(columns):
            raise ValueError(
                f"monotonic_cst is {given!r}; give -1, 0 or 1 for each of the {len(columns)} columns, or a dict by name"
            )
        given = dict(zip(columns, values, strict=True))
    for name, way in given.items():
        if name not in columns:
            raise ValueError(
                f"monotonic_cst names '{name}', and X has no such column; it has {', '.join(columns[:10])}"
            )
        if isinstance(way, bool) or way not in EFFECTS:
            raise ValueError(
                f"monotonic_cst says {way!r} of '{name}'; give 1 (it may only rise), -1 (only fall) or 0 (both)"
            )
    return {name: EFFECTS[-int(way) if flipped else int(way)] for name, way in given.items() if way}
