"""Recourse: the smallest change of what a person can change that would turn the model's decision.

Of two classes it turns a refusal into success, of several what the model names into any other class. After Ustun, Spangher
and Liu (2019), "Actionable recourse in linear classification", FAccT, for any model: one and two changes are all tried,
three grow from the best two, and numbers of the nearest ways move no further than they must. A changed value is one that ten
rows of training hold, or that lies between the tenth value from either end and is told in few digits: nobody is asked to
reach what hardly anybody does, and no row's own number is written down. A distance adds up a number's change in
interquartile ranges, and 1 for each other change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from artificer.core.figures import figure
from artificer.core.records import Fact, Finding
from artificer.core.stages import Change, Counterfactual, Turned
from artificer.line.judge.contributions import ends
from artificer.line.judge.examined import Examined, drawn, examination
from artificer.measure.means import wilson
from artificer_runtime.outcome import weighed

ASKED, VALUES, BEAM, WAYS, CLOSER = 25, 12, 30, 8, 50
HELD = 10  # rows that hold a value, or reach it, before anybody is told to
DIGITS = 2  # of a number, beyond the first of its interquartile range
LARGEST = float(np.finfo(np.float32).max) / 4


@examination("recourse", "predict", "changeable")
def recourse(seen: Examined) -> Iterator[Finding]:
    """Try at most 25 rows whose label is not success, of several classes any rows; no row's value is told."""
    columns = ", ".join(seen.changeable)
    asked = _asked(seen) if seen.classes else []
    if not asked:
        none = "no row is refused" if seen.task == "binary" else "the model that ships names other classes for the rows"
        why = none if seen.classes else "there is no one success to reach"
        yield Finding("recourse", "note", columns, f"what could be changed was not looked for: {why}", "nothing to do")
        return
    ways = [nearest(seen, place) for place in asked]
    known = [one for one in ways if one is not None]
    share = wilson(len(known), len(ways), level=seen.level)
    two = seen.task == "binary"
    rows = "refused rows" if two else "rows"
    facts = [Fact("with_recourse", share.value, f"share of {rows}, {share.low:.0%} to {share.high:.0%}")]
    what = "turn the decision" if two else "have the model name another class"
    says = f"for {len(known)} of {len(ways)} {rows} a change of {columns} alone would {what}"
    if known:
        often = Counter(change.column for one in known for change in one.changes).most_common(1)[0][0]
        middle = float(np.median([one.distance for one in known]))
        facts.append(Fact("distance", middle, "median, in interquartile ranges; 1 for each change of level"))
        says += f", typically by {figure(middle)} interquartile ranges, most often of '{often}'"
    if not two and known:
        (was, then), _ = Counter((one.was, one.of) for one in known).most_common(1)[0]
        says += f", and most often from '{was}' to '{then}'"
    # Of several classes it is the client's to say which are better.
    if two and share.high < 0.5:
        fix = "tell persons what decides, or let columns weigh more that they can change"
        yield Finding("recourse", "warning", columns, says, fix, tuple(facts))
    else:
        yield Finding("recourse", "note", columns, says, "nothing to do", tuple(facts))


def counterfactuals(seen: Examined, at: Mapping[str, int] | None = None) -> tuple[Turned, ...]:
    """What would turn rows, as far as success is not their label; by default those that are explained.

    Parameters
    ----------
    at : mapping of str to int, optional
        Names and positions of rows.
    """
    if seen.predict is None or not seen.classes or not seen.changeable or not len(seen.rows):
        return ()
    found = []
    for which, place in (at or ends(seen)).items():
        label = seen.labels(seen.prediction[place : place + 1])
        if seen.task == "binary" and label[0] == 1:
            continue
        if (seen.labels(seen.predict(seen.rows.frame[place : place + 1])) != label).any():
            found.append(
                Turned(which, None, "the model that ships decides otherwise than those that predicted the row")
            )
            continue
        way = nearest(seen, place)
        why = "" if way else f"no change of {', '.join(seen.changeable)} that was tried turns it"
        found.append(Turned(which, way, why))
    return tuple(found)


def nearest(seen: Examined, place: int) -> Counterfactual | None:
    """The nearest change of one row, in the columns that can be changed, that makes another class its label; or None."""
    asked = _Asked.of(seen, place)
    singles = [one for column in seen.changeable for one in _options(seen, asked.row, column)]
    if not singles:
        return None
    tried = [(one,) for one in singles]
    moved = asked.predicted(tried)
    leads = asked.leads(moved)
    lead = sorted(range(len(tried)), key=lambda k: (-leads[k], singles[k].distance))
    cheap = sorted(range(len(tried)), key=lambda k: singles[k].distance)
    kept = [singles[k] for k in dict.fromkeys([*lead[:BEAM], *cheap[:BEAM]])]
    pairs = [(a, b) for k, a in enumerate(kept) for b in kept[k + 1 :] if a.column != b.column]
    two = asked.predicted(pairs)
    found = asked.turned(tried, moved) + asked.turned(pairs, two)
    if not found and pairs:
        best = [pairs[k] for k in np.argsort(-asked.leads(two), kind="stable")[:BEAM]]
        more = [(*pair, one) for pair in best for one in kept if one.column not in {part.column for part in pair}]
        found = asked.turned(more, asked.predicted(more))
    firsts: dict[tuple[str, ...], Counterfactual] = {}
    for one in sorted(found, key=_size):
        firsts.setdefault(tuple(f"{part.column} {part.how}" for part in one.changes), one)
    return min((_closer(asked, one) for one in list(firsts.values())[:WAYS]), key=_size, default=None)


def _size(one: Counterfactual) -> tuple[float, int]:
    return one.distance, len(one.changes)


def _asked(seen: Examined) -> list[int]:
    """Positions of the rows to try, of those that the model itself decides as the judged predictions do."""
    assert seen.predict is not None
    labels = seen.labels(seen.prediction)
    open_to = np.flatnonzero(labels == 0) if seen.task == "binary" else np.arange(len(labels))
    places = open_to[drawn(len(open_to), ASKED)]
    if not len(places):
        return []
    own = seen.labels(seen.predict(seen.rows.frame[places]))
    return [int(place) for place in places[own == labels[places]]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row, and the class that the model names for it."""

    seen: Examined
    row: pl.DataFrame
    named: int

    @classmethod
    def of(cls, seen: Examined, place: int) -> _Asked:
        assert seen.predict is not None
        row = seen.rows.frame[place : place + 1]
        return cls(seen, row, int(seen.labels(seen.predict(row))[0]))

    def predicted(self, tried: Sequence[tuple[Change, ...]]) -> np.ndarray:
        """Probabilities after each set of changes: float64 (n_tried, n_classes)."""
        assert self.seen.predict is not None
        if not tried:
            return np.empty((0, len(self.seen.classes)))
        asked = self.row[np.zeros(len(tried), np.int64)]
        for column in {change.column for one in tried for change in one}:
            held = self.row[column]
            values = [next((part.value for part in one if part.column == column), held[0]) for one in tried]
            # A whole number of its own stands beside numbers that were tried.
            kind = pl.Float64 if held.dtype.is_numeric() else None
            asked = asked.with_columns(pl.Series(column, values, kind, strict=kind is None).cast(held.dtype))
        return np.asarray(self.seen.predict(asked), np.float64)

    def leads(self, predicted: np.ndarray) -> np.ndarray:
        """How far the best other class leads the one that is named now, or lags behind it: float64 (n_tried,)."""
        shares = weighed(predicted, self.seen.multipliers)
        return np.asarray(np.delete(shares, self.named, axis=1).max(axis=1) - shares[:, self.named])

    def turned(self, tried: Sequence[tuple[Change, ...]], predicted: np.ndarray) -> list[Counterfactual]:
        """Those sets of changes after which the model names another class."""
        several = self.seen.task == "multiclass"
        named = (self.seen.classes[self.named],) if several else ("",)
        labels = self.seen.labels(predicted).tolist()
        return [
            Counterfactual(
                one,
                sum(part.distance for part in one),
                float(predicted[k, label]),
                *named,
                self.seen.classes[label] if several else "",
            )
            for k, (one, label) in enumerate(zip(tried, labels, strict=True))
            if label != self.named
        ]


def _options(seen: Examined, row: pl.DataFrame, column: str) -> Iterator[Change]:
    """Values of the training rows (else of the judged rows), other than the row's own."""
    known = (seen.train or seen.rows).frame[column]
    now = row[column][0]
    if known.dtype.is_numeric():
        numbers = _Numbers.of(known)
        if now is not None and np.isfinite(now):
            yield from numbers.changes(column, float(now), numbers.quantiles())
        return
    counts = known.drop_nulls().alias("level").value_counts().filter(pl.col("count") >= HELD)
    for value in counts.sort(["count", "level"], descending=[True, False])["level"].head(VALUES).to_list():
        if value != now:
            yield Change(column, value, 1.0)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Numbers of a column, rising, from the tenth lowest to the tenth highest; those told exactly; what a step counts."""

    values: np.ndarray
    exact: np.ndarray
    spread: float

    @classmethod
    def of(cls, known: pl.Series) -> _Numbers:
        numbers = np.sort(known.cast(pl.Float64).drop_nulls().to_numpy())
        numbers = numbers[np.abs(numbers) <= LARGEST]
        if len(numbers) < 2 * HELD:
            return cls(np.empty(0), np.empty(0), 1.0)
        spread = float(np.subtract(*np.quantile(numbers, [0.75, 0.25]))) or float(np.std(numbers)) or 1.0
        values, counts = np.unique(numbers, return_counts=True)
        return cls(numbers[HELD - 1 : 1 - HELD], values[counts >= HELD], spread)

    def quantiles(self) -> np.ndarray:
        """Values that lie as many rows apart."""
        return _spaced(self.values, VALUES)

    def between(self, low: float, high: float) -> np.ndarray:
        """At most 50 of the values between two others."""
        return _spaced(np.unique(self.values[(self.values > low) & (self.values < high)]), CLOSER)

    def changes(self, column: str, now: float, values: np.ndarray) -> Iterator[Change]:
        """Changes of a row's own number to some of the values."""
        digits = DIGITS - int(np.floor(np.log10(self.spread)))
        held = np.isin(values, self.exact).tolist()
        told = [value if exact else round(value, digits) for value, exact in zip(values.tolist(), held, strict=True)]
        for value in dict.fromkeys(told):
            if value != now:
                how = "raised to" if value > now else "lowered to"
                yield Change(column, value, abs(value - now) / self.spread, how)


def _spaced(values: np.ndarray, most: int) -> np.ndarray:
    return values[np.linspace(0, len(values) - 1, most).astype(np.int64)] if len(values) > most else values


def _closer(asked: _Asked, found: Counterfactual) -> Counterfactual:
    """The same changes, each number moved no further than it must be: the values that were tried lie apart."""
    for place, change in enumerate(found.changes):
        others = (found.changes[:place], found.changes[place + 1 :])
        tried = [(*others[0], one, *others[1]) for one in _between(asked, change)]
        found = min([found, *asked.turned(tried, asked.predicted(tried))], key=lambda one: one.distance)
    return found


def _between(asked: _Asked, change: Change) -> list[Change]:
    """Changes to up to 50 values that lie between a number's own and its changed one."""
    known, now = (asked.seen.train or asked.seen.rows).frame[change.column], asked.row[change.column][0]
    if not known.dtype.is_numeric():
        return []
    numbers = _Numbers.of(known)
    low, high = sorted((float(now), float(change.value)))
    return list(numbers.changes(change.column, float(now), numbers.between(low, high)))
