"""Features of two columns that tell more than each: arithmetic of numbers, a number beside its level's mean, crosses.

Which ones is chosen on training rows by `artificer_runtime.interactions`. A cross is a pair of levels as one code, shown
by its cross-fitted target mean and its count. Values are numbers, then codes, side by side. Settings: `n_codes` (0), how
many of the last columns are codes; `most_arithmetic` (40), `most_grouped` (20) and `most_crossed` (20), bounds of features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from artificer_runtime.interactions import (
    ARITHMETIC,
    MOST_OUTCOMES,
    Bounds,
    arithmetic,
    levels_table,
    telling_pairs,
    within,
    within_one,
)
from artificer_runtime.steps import Single, Sources, State, Task, counts, target_mean

VERSION = 1
READS: Literal["mixed"] = "mixed"
# A cross of fewer rows is none, and no table is longer.
FEWEST_IN_CROSS, MOST_CROSSED = 5, 4096


def fit(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    """Choose features and learn their tables."""
    return fit_apply(values, y, task, settings)[0]


def apply(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Float64 (n_rows, n_columns) → float32 (n_rows, n_features)."""
    crosses = _crosses(state, values)
    means = target_mean.apply(_part(state, "mean "), crosses)
    return _joined(state, values, means, counts.apply(_part(state, "count "), crosses))


def fit_apply(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> tuple[State, np.ndarray]:
    """Fit on all rows; the training rows themselves get target means of crosses from the other four fifths."""
    state = _chosen(values, y, task, settings)
    crosses = _crosses(state, values)
    told, means = target_mean.fit_apply(crosses, y, task, {})
    counted = counts.fit(crosses, y, task, {})
    state |= {f"mean {key}": value for key, value in told.items()}
    state |= {f"count {key}": value for key, value in counted.items()}
    return state, _joined(state, values, means, counts.apply(counted, crosses))


def names(state: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """`first how second`; for a cross, its means, then its counts."""
    simple = [f"{columns[first]} {how} {columns[second]}" for how, first, second in state["simple"]]
    crossed = tuple(f"{columns[first]} & {columns[second]}" for first, second in state["crossed"])
    means = target_mean.names(_part(state, "mean "), crossed)
    return (*simple, *means, *counts.names(_part(state, "count "), crossed))


def sources(state: Mapping[str, Any], n_columns: int) -> Sources:
    """Each feature is made of two columns."""
    crossed = [(first, second) for first, second in state["crossed"]]
    means = [crossed[place] for (place,) in target_mean.sources(_part(state, "mean "), len(crossed))]
    return [(first, second) for _, first, second in state["simple"]] + means + crossed



def single(state: Mapping[str, Any]) -> Single:
    """One row's features."""
    tables = [np.asarray(state.get(f"levels{place}", ())).tolist() for place in range(len(state["simple"]))]
    simple = [(how, first, second, table) for (how, first, second), table in zip(state["simple"], tables, strict=True)]
    crossed = [
        (first, second, {key: 1 + at for at, key in enumerate(state[f"keys{place}"].tolist())})
        for place, (first, second) in enumerate(state["crossed"])
    ]
    means, counted = _of_codes(state, [len(known) + 1 for _, _, known in crossed])

    def features(values: Sequence[Any]) -> list[float]:
        made = [within_one(how, values[first], values[second], table) for how, first, second, table in simple]
        codes = []
        for first, second, known in crossed:
            one, other = values[first], values[second]
            codes.append(-1 if one < 0 or other < 0 else known.get(one * 2**31 + other, 0))
        for table, code in zip(means, codes, strict=True):
            made += table[code]
        return made + [table[code] for table, code in zip(counted, codes, strict=True)]

    return features


def _of_codes(state: Mapping[str, Any], n_codes: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """For each cross, what is told of its codes from 0 on; of -1 last, where Python finds it."""
    codes = np.full((max(n_codes, default=0) + 1, len(n_codes)), -1, np.int32)
    for place, n in enumerate(n_codes):
        codes[:n, place] = np.arange(n)
    means = target_mean.apply(_part(state, "mean "), codes).reshape(len(codes), len(n_codes), -1)
    counted = counts.apply(_part(state, "count "), codes)
    return means.swapaxes(0, 1).tolist(), counted.T.tolist()


def _chosen(values: np.ndarray, y: np.ndarray, task: Task, settings: Mapping[str, Any]) -> State:
    classes = target_mean.classes_told(y, task.n_classes)
    outcomes = np.stack([y == one for one in classes[:MOST_OUTCOMES]], axis=1) if classes else y[:, None]
    bounds = Bounds(
        int(settings.get("most_arithmetic", 40)),
        int(settings.get("most_grouped", 20)),
        int(settings.get("most_crossed", 20)) // max(len(classes), 1),
    )
    rng = np.random.default_rng(task.seed)
    pairs = telling_pairs(values, int(settings.get("n_codes", 0)), outcomes.astype(np.float64), bounds, rng)
    simple = [pair for pair in pairs if pair.how != "&"]
    crossed = [pair for pair in pairs if pair.how == "&"]
    state: State = {
        "simple": [[pair.how, pair.first, pair.second] for pair in simple],
        "crossed": [[pair.first, pair.second] for pair in crossed],
    }
    for place, pair in enumerate(simple):
        if pair.how not in ARITHMETIC:
            state[f"levels{place}"] = levels_table(values[:, pair.first], values[:, pair.second].astype(np.int64))
    for place, pair in enumerate(crossed):
        known, counted = np.unique(_keys(values, pair.first, pair.second), return_counts=True)
        held = np.flatnonzero((counted >= FEWEST_IN_CROSS) & (known >= 0))
        state[f"keys{place}"] = np.sort(known[held[np.argsort(-counted[held], kind="stable")[:MOST_CROSSED]]])
    return state


def _joined(state: Mapping[str, Any], values: np.ndarray, means: np.ndarray, counted: np.ndarray) -> np.ndarray:
    simple = np.empty((len(values), len(state["simple"])), np.float32)
    for place, (how, first, second) in enumerate(state["simple"]):
        if how in ARITHMETIC:
            simple[:, place] = arithmetic(how, values[:, first], values[:, second])
        else:
            codes, table = values[:, second].astype(np.int64), np.asarray(state[f"levels{place}"])
            simple[:, place] = within(how, values[:, first], codes, table)
    return np.concatenate([simple, means, counted], axis=1)


def _crosses(state: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """Codes of crosses: int32 (n_rows, n_crosses), 0 for a rare one, -1 where a level is unseen."""
    crosses = np.empty((len(values), len(state["crossed"])), np.int32)
    for place, (first, second) in enumerate(state["crossed"]):
        keys, known = _keys(values, first, second), np.asarray(state[f"keys{place}"], np.int64)
        at = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        met = known[at] == keys if len(known) else np.zeros(len(keys), bool)
        crosses[:, place] = np.where(keys < 0, -1, np.where(met, at + 1, 0))
    return crosses


def _keys(values: np.ndarray, first: int, second: int) -> np.ndarray:
    one, other = values[:, first].astype(np.int64), values[:, second].astype(np.int64)
    return np.where((one < 0) | (other < 0), -1, one * 2**31 + other)


def _part(state: Mapping[str, Any], prefix: str) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
