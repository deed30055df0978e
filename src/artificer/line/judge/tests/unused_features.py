"""Unused features: columns whose shuffling changes nothing, or even helps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.trivial import constant_prediction
from artificer.measure.correct import looks
from artificer.measure.importance import importance

MOST_COLUMNS, SHUFFLES = 30, 2
TIMES = 4  # as many rows for columns of which fewer do not tell
# Of the gain over a constant: a column that may bring more is not called unused.
LITTLE = 0.02


@examination("unused_features", "predict")
def unused_features(seen: Examined) -> Iterator[Finding]:
    """Report columns that the model does not read, that bring next to nothing, and, as a warning, that harm."""
    few, seen = seen.sampled(seen.most_rows), seen.sampled(TIMES * seen.most_rows)
    names = seen.rows.frame.columns[:MOST_COLUMNS]
    level = looks(seen.level, len(names))
    gain = max(seen.against(constant_prediction(seen)).value, 0.0)
    found = _importances(few, names, level)
    open_yet = [name for name, one in found.items() if one.low <= 0 and one.high > LITTLE * gain]
    if len(seen.rows) > len(few.rows):
        found |= _importances(seen, open_yet, level)
    found = {name: one for name, one in found.items() if np.isfinite(one.value)}
    if not found:
        return
    harms = [name for name, one in found.items() if one.high < 0]
    for name in harms:
        yield Finding(
            "unused_features",
            "warning",
            name,
            f"'{name}' harms: when its values are shuffled, {seen.metric} gets better by {with_interval(-found[name])}",
            f"leave '{name}' out and train again",
            effect=-found[name],
        )
    unread = [name for name, one in found.items() if one.low == one.high == 0]
    little = [
        name
        for name, one in found.items()
        if name not in (*harms, *unread) and one.low <= 0 and one.high <= LITTLE * gain
    ]
    told = [
        *([f"the model does not read {_listed(unread)}"] if unread else []),
        *([f"shuffling {_listed(little)} changes next to nothing"] if little else []),
    ]
    tried = f" (the first {len(names)} columns were tried)" if len(names) < seen.rows.frame.width else ""
    yield Finding(
        "unused_features",
        "note",
        ", ".join([*unread, *little]) or seen.metric,
        ("; ".join(told) or f"no column of {len(found)} is shown to bring nothing") + tried,
        "each costs upkeep: train without them, and keep what is not worse" if told else "nothing to do",
        tuple(Fact(name, one.value, f"{seen.metric} lost when shuffled") for name, one in found.items()),
    )


def _importances(seen: Examined, names: list[str], level: float) -> dict[str, Estimate]:
    """What shuffling each column loses; both ends of the interval are 0 where no prediction moves."""
    rng, frame, rows = np.random.default_rng(0), seen.rows.frame, seen.rows
    assert seen.predict is not None
    predict = seen.predict
    base = seen.as_scored(seen.prediction)
    found = {}
    for name in names:
        moved = False

        def shuffled(order: np.ndarray, name: str = name) -> np.ndarray:
            nonlocal moved
            other = predict(frame.with_columns(frame[name][order].alias(name)))
            moved = moved or not np.array_equal(other, seen.prediction)
            return seen.as_scored(other)

        one = importance(seen.metric, rows.y, base, shuffled, rng, n_repeats=SHUFFLES, weight=rows.weight, level=level)
        found[name] = one if moved else Estimate(0.0, 0.0, 0.0, "no prediction moves", len(rows), level)
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
