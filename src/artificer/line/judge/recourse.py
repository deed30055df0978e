"""Recourse: the smallest change of what a person can change that would turn the model's decision.

After Ustun, Spangher and Liu (2019), "Actionable recourse in linear classification", FAccT, for any model: one and two
changes are all tried, three grow from the best two, and numbers of the nearest move no further than they must. A changed
value is one that occurred in training; a distance adds up a number's change in interquartile ranges, and 1 for each other
change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from artificer.core.figures import figure
from artificer.core.records import Fact, Finding
from artificer.line.judge.examined import Examined, examination
from artificer.measure.means import wilson

REFUSED, VALUES, BEAM, CLOSER = 25, 12, 30, 50


@dataclass(frozen=True, slots=True)
class Change:
    """One value in place of another."""

    column: str
    value: Any
    distance: float


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that together turn a decision, what they add up to, and the probability after them."""

    changes: tuple[Change, ...]
    distance: float
    chance: float


@examination("recourse", "predict", "changeable")
def recourse(seen: Examined) -> Iterator[Finding]:
    """Try at most 25 rows whose label is not success; no row's value is told."""
    refused = np.flatnonzero(seen.labels(seen.prediction) == 0)
    columns = ", ".join(seen.changeable)
    if seen.task != "binary" or not len(refused):
        why = "there is no one success to reach" if seen.task != "binary" else "no row is refused"
        yield Finding("recourse", "note", columns, f"what could be changed was not looked for: {why}", "nothing to do")
        return
    drawn = np.sort(np.random.default_rng(0).permutation(refused)[:REFUSED])
    ways = [nearest(seen, int(place)) for place in drawn]
    known = [one for one in ways if one is not None]
    share = wilson(len(known), len(ways), level=seen.level)
    facts = [Fact("with_recourse", share.value, f"share of refused rows, {share.low:.0%} to {share.high:.0%}")]
    says = f"for {len(known)} of {len(ways)} refused rows a change of {columns} alone would turn the decision"
    if known:
        often = Counter(change.column for one in known for change in one.changes).most_common(1)[0][0]
        middle = float(np.median([one.distance for one in known]))
        facts.append(Fact("distance", middle, "median, in interquartile ranges; 1 for each change of level"))
        says += f", typically by {figure(middle)} interquartile ranges, most often of '{often}'"
    if share.high < 0.5:
        fix = "tell persons what decides, or let columns weigh more that they can change"
        yield Finding("recourse", "warning", columns, says, fix, tuple(facts))
    else:
        yield Finding("recourse", "note", columns, says, "nothing to do", tuple(facts))


def nearest(seen: Examined, place: int) -> Counterfactual | None:
    """The nearest change of one row, in the columns that can be changed, that makes success its label; None if none does."""
    assert seen.predict is not None
    row = seen.rows.frame[place : place + 1]
    singles = [one for column in seen.changeable for one in _options(seen, row, column)]
    if not singles:
        return None
    tried = [(one,) for one in singles]
    chances = _chances(seen, row, tried)
    lead = sorted(range(len(tried)), key=lambda k: (-chances[k], singles[k].distance))
    cheap = sorted(range(len(tried)), key=lambda k: singles[k].distance)
    kept = [singles[k] for k in dict.fromkeys([*lead[:BEAM], *cheap[:BEAM]])]
    pairs = [(a, b) for k, a in enumerate(kept) for b in kept[k + 1 :] if a.column != b.column]
    two = _chances(seen, row, pairs)
    bar = _bar(seen)
    found = _turned(tried, chances, bar) + _turned(pairs, two, bar)
    if not found and pairs:
        best = [pairs[k] for k in np.argsort(-two)[:BEAM]]
        more = [(*pair, one) for pair in best for one in kept if one.column not in {part.column for part in pair}]
        found = _turned(more, _chances(seen, row, more), bar)
    if not found:
        return None
    return _closer(seen, row, min(found, key=lambda one: (one.distance, len(one.changes))), bar)


def _options(seen: Examined, row: pl.DataFrame, column: str) -> Iterator[Change]:
    """Values that occurred in training (else in the judged rows), other than the row's own."""
    known = (seen.train or seen.rows).frame[column]
    now = row[column][0]
    if known.dtype.is_numeric():
        numbers = known.cast(pl.Float64).fill_nan(None).drop_nulls()
        if numbers.is_empty() or now is None or now != now:
            return
        cuts = sorted({numbers.quantile(share, "nearest") for share in np.linspace(0, 1, VALUES)} - {None})
        spread = (
            float(np.subtract(*np.quantile(numbers.to_numpy(), [0.75, 0.25])))
            or float(np.std(numbers.to_numpy()))
            or 1.0
        )
        for value in cuts:
            if value != now:
                yield Change(column, value, abs(value - now) / spread)
        return
    counts = known.drop_nulls().alias("level").value_counts().sort(["count", "level"], descending=[True, False])
    for value in counts["level"].head(VALUES).to_list():
        if value != now:
            yield Change(column, value, 1.0)


def _closer(seen: Examined, row: pl.DataFrame, found: Counterfactual, bar: float) -> Counterfactual:
    """The same changes, each number moved no further than it must be: the quantiles that were tried lie apart."""
    for place, change in enumerate(found.changes):
        others = (found.changes[:place], found.changes[place + 1 :])
        tried = [(*others[0], one, *others[1]) for one in _between(seen, row, change)]
        found = min([found, *_turned(tried, _chances(seen, row, tried), bar)], key=lambda one: one.distance)
    return found


def _between(seen: Examined, row: pl.DataFrame, change: Change) -> list[Change]:
    """Up to 50 values that occurred between a number's own and its changed one."""
    known, now = (seen.train or seen.rows).frame[change.column], row[change.column][0]
    if not known.dtype.is_numeric():
        return []
    numbers = known.cast(pl.Float64).fill_nan(None).drop_nulls().unique().sort()
    low, high = sorted((float(now), float(change.value)))
    held = numbers.filter((numbers > low) & (numbers < high)).to_numpy()
    if len(held) > CLOSER:
        held = held[np.linspace(0, len(held) - 1, CLOSER).astype(np.int64)]
    a_unit = change.distance / (high - low)
    return [Change(change.column, value, a_unit * abs(value - now)) for value in held.tolist()]


def _chances(seen: Examined, row: pl.DataFrame, tried: Sequence[tuple[Change, ...]]) -> np.ndarray:
    """Probability of success after each set of changes: float64 (n_tried,)."""
    assert seen.predict is not None
    if not tried:
        return np.empty(0)
    asked = row[np.zeros(len(tried), np.int64)]
    for column in {change.column for one in tried for change in one}:
        held = row[column]
        values = [next((part.value for part in one if part.column == column), held[0]) for one in tried]
        # A whole number of its own stands beside numbers that were tried.
        kind = pl.Float64 if held.dtype.is_numeric() else None
        asked = asked.with_columns(pl.Series(column, values, kind, strict=kind is None).cast(held.dtype))
    return np.asarray(seen.predict(asked)[:, 1], np.float64)


def _bar(seen: Examined) -> float:
    """Probability of success above which it is the label."""
    return seen.multipliers[0] / sum(seen.multipliers) if seen.multipliers else 0.5


def _turned(tried: Sequence[tuple[Change, ...]], chances: np.ndarray, bar: float) -> list[Counterfactual]:
    return [
        Counterfactual(one, sum(part.distance for part in one), float(chance))
        for one, chance in zip(tried, chances, strict=True)
        if chance > bar
    ]
