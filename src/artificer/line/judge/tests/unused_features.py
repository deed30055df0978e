"""Unused features: columns whose shuffling changes nothing, or even helps.

All columns are shuffled on few rows; those of which that does not tell, on more rows and more often, as long as it can:
the interval shrinks with the root of the rows, and by (1 + 1 / shuffles) under a root.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artificer.core.figures import figure, with_interval
from artificer.core.records import Estimate, Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.line.judge.tests.power import detectable
from artificer.line.judge.trivial import constant_prediction
from artificer.measure.correct import looks
from artificer.measure.importance import importance

MOST_COLUMNS = 100
# As many times the rows, and shuffles: of columns of which the look before does not tell, and this one could.
LOOKS = ((1, 2), (4, 2), (10, 4))
# Of the gain over a constant: a column that may bring more is not called unused.
LITTLE = 0.02
UNMOVED = "no prediction moves"


@examination("unused_features", "predict")
def unused_features(seen: Examined) -> Iterator[Finding]:
    """Report columns that the model does not read, that bring next to nothing, and, as a warning, that harm."""
    names = seen.rows.frame.columns[:MOST_COLUMNS]
    level = looks(seen.level, len(names))
    some = seen.sampled(LOOKS[-1][0] * seen.most_rows)
    gain = max(some.against(constant_prediction(some)).value, 0.0)
    found = _looked(seen, names, LITTLE * gain, level)
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
    unread = [name for name, one in found.items() if one.method == UNMOVED]
    little = [
        name
        for name, one in found.items()
        if name not in (*harms, *unread) and one.low <= 0 and one.high <= LITTLE * gain
    ]
    open_yet = {name: one for name, one in found.items() if one.low <= 0 and name not in (*harms, *unread, *little)}
    told = [
        *([f"the model does not read {_listed(unread)}"] if unread else []),
        *([f"shuffling {_listed(little)} changes next to nothing"] if little else []),
    ]
    tried = f" (the first {len(names)} columns were tried)" if len(names) < seen.rows.frame.width else ""
    yield Finding(
        "unused_features",
        "note",
        ", ".join([*unread, *little]) or seen.metric,
        ("; ".join(told) or f"no column of {len(found)} is shown to bring nothing") + _untold(open_yet, gain) + tried,
        "each costs upkeep: train without them, and keep what is not worse" if told else "nothing to do",
        tuple(Fact(name, one.value, f"{seen.metric} lost when shuffled") for name, one in found.items()),
    )


def _looked(seen: Examined, names: list[str], little: float, level: float) -> dict[str, Estimate]:
    """What each column brings, by the last look that was taken at it."""
    found: dict[str, Estimate] = {}
    open_yet, before = names, 0.0
    for times, shuffles in LOOKS:
        some = seen.sampled(times * seen.most_rows)
        told = len(some.rows) / (1 + 1 / shuffles)  # the variance is as its inverse
        shrunk = (before / told) ** 0.5
        open_yet = [name for name in open_yet if name not in found or _tells_later(found[name], little, shrunk)]
        if before < told:  # else there are no more rows to look at
            found |= _importances(some, open_yet, level, shuffles)
            before = told
    return found


def _tells_later(found: Estimate, little: float, shrunk: float) -> bool:
    """Whether a column is undecided, and an interval shorter by such a factor could show it to be useless or to harm."""
    reach = shrunk * (found.high - found.low) / 2
    return found.low <= 0 and found.high > little and min(found.value, 0.0) + reach <= little


def _untold(found: dict[str, Estimate], gain: float) -> str:
    """Of which columns these rows do not tell, and what they would have shown."""
    if not found:
        return ""
    seen_from = max(map(detectable, found.values()))
    why = f"{seen_from / gain:.0%} of the gain" if gain > 0 else "the model gains nothing over a constant"
    return (
        f"; whether {_listed(list(found))} bring{'s' if len(found) == 1 else ''} anything these rows do not tell: they would "
        f"have shown a worth of {figure(seen_from)} ({why}) four times in five"
    )


def _importances(seen: Examined, names: list[str], level: float, shuffles: int) -> dict[str, Estimate]:
    """What shuffling each column loses; both ends of the interval are 0 where no prediction moves.

    A column that is the same in all rows is left out: shuffling it changes nothing, whether it is read or not.
    """
    rng, frame, rows = np.random.default_rng(0), seen.rows.frame, seen.rows
    assert seen.predict is not None
    predict = seen.predict
    base = seen.as_scored(seen.prediction)
    found = {}
    for name in names:
        moved = changed = False

        def shuffled(order: np.ndarray, name: str = name) -> np.ndarray:
            nonlocal moved, changed
            put = frame[name][order]
            changed = changed or not put.equals(frame[name])
            other = predict(frame.with_columns(put.alias(name)))
            moved = moved or not np.array_equal(other, seen.prediction)
            return seen.as_scored(other)

        one = importance(
            seen.metric,
            rows.y,
            base,
            shuffled,
            rng,
            n_repeats=shuffles,
            weight=rows.weight,
            groups=rows.group,
            level=level,
        )
        if changed:
            found[name] = one if moved else Estimate(0.0, 0.0, 0.0, UNMOVED, len(rows), level)
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
