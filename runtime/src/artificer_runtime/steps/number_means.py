"""Numbers that are names (customers, shops, postcodes): what the other rows that hold the same number tell.

For each column the cross-fitted mean of the target at the number, shrunk to the overall mean, as in `target_mean`, and
log(1 + n) of the other training rows that hold it. Columns with a fraction somewhere in training, and numbers of one
training row, tell nothing. Settings: `strength` (10), rows that the overall mean counts for; `fewest_rows` (2), rows that
must hold a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from artificer_runtime.steps import Sources, State, Task, target_mean

VERSION = 1
READS: Literal["numbers"] = "numbers"


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Learn the numbers that come back, and what they tell."""
    return fit_apply(values, y, task, settings)[0]


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """float64 (n_rows, n_columns) → float32 (n_rows, n_kept × (n_outcomes + 1))."""
    codes = _codes(state, values)
    return _block(state, codes, target_mean.apply(state, codes), np.zeros(codes.shape))


def fit_apply(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> tuple[State, np.ndarray]:
    """Fit on all rows; training rows are told neither their own target nor their own place, or group, in the count."""
    state: State = {"kept": [place for place in range(values.shape[1]) if _whole(values[:, place])]}
    for number, place in enumerate(state["kept"]):
        known, counts = np.unique(values[~np.isnan(values[:, place]), place], return_counts=True)
        held = counts >= int(settings.get("fewest_rows", 2))
        state[f"numbers{number}"], state[f"counts{number}"] = known[held], counts[held]
    codes = _codes(state, values)
    means, told = target_mean.fit_apply(codes, y, task, settings)
    state |= means
    return state, _block(state, codes, told, _own(codes, task.group))


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`column mean`, or once a class, and then `column others` for each column."""
    kept = tuple(columns[place] for place in state["kept"])
    return (*(f"{name} mean" for name in target_mean.names(state, kept)), *(f"{name} others" for name in kept))


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Means of the kept columns, then their counts."""
    kept: Sources = [(int(place),) for place in state["kept"]]
    return [kept[number] for (number,) in target_mean.sources(state, len(kept))] + kept


def _whole(column: np.ndarray) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 0 and bool((known == np.floor(known)).all())


def _codes(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Places of the numbers among those that came back in training; -1 for others."""
    codes = np.full((len(values), len(state["kept"])), -1, np.int32)
    for number, place in enumerate(state["kept"]):
        known = np.asarray(state[f"numbers{number}"])
        if len(known):
            at = np.minimum(np.searchsorted(known, values[:, place]), len(known) - 1)
            codes[:, number] = np.where(known[at] == values[:, place], at, -1)
    return codes


def _own(codes: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Rows of a row's own group that hold its number, itself among them: (n_rows, n_kept)."""
    own = np.ones(codes.shape)
    if group is None or len(np.unique(group)) < 2:
        return own
    place = np.unique(group, return_inverse=True)[1]
    for number, code in enumerate(codes.T):
        both = place * (code.max() + 2) + code + 1
        _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
        own[:, number] = counts[inverse]
    return own


def _block(state: Mapping[str, Any], codes: np.ndarray, means: np.ndarray, own: np.ndarray) -> np.ndarray:
    others = np.zeros(codes.shape, np.float32)
    for number in range(codes.shape[1]):
        counts = np.asarray(state[f"counts{number}"], np.float64)
        met = codes[:, number] >= 0
        others[met, number] = np.log1p(counts[codes[met, number]] - own[met, number])
    return np.concatenate([means, others], axis=1)
